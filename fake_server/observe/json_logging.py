"""Log records as JSON, one object a line, for `serve --log-format json`."""

from __future__ import annotations

import logging
from datetime import datetime, timezone

import orjson


class JsonFormatter(logging.Formatter):
    """Formats a record as `{"event": "log", "level", "time", "logger", "message", "error"?}`."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line of JSON."""
        at = datetime.fromtimestamp(record.created, timezone.utc)
        document = {
            "event": "log",
            "level": record.levelname.lower(),
            "time": at.isoformat(timespec="milliseconds"),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            document["error"] = self.formatException(record.exc_info)
        return orjson.dumps(document).decode("utf-8", "replace")


def log_as_json() -> None:
    """Write all log records of this process to standard error as JSON."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter())
    logging.getLogger().addHandler(handler)
