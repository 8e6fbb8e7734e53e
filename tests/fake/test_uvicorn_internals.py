"""The private parts of uvicorn that the fake uses exist in the installed version."""

from __future__ import annotations

import asyncio
from importlib.metadata import version
from typing import Any
from unittest.mock import Mock

import pytest
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from fake_server.http.uvicorn_internals import PRIVATE, ServerState


async def _connection() -> tuple[dict[type, Any], list[tuple[Any, Any]]]:
    """An instance of each class, and the pipeline, of a connection with three requests."""

    async def app(_scope: Any, _receive: Any, _send: Any) -> None:
        await asyncio.Event().wait()

    state = ServerState()
    config = uvicorn.Config(app, lifespan="off", log_config=None)
    protocol = HttpToolsProtocol(config=config, server_state=state, app_state={})
    protocol.connection_made(Mock(get_extra_info=lambda _: None))
    for path in (b"/a", b"/b", b"/c"):
        protocol.data_received(b"POST %b HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n" % path)
    await asyncio.sleep(0)  # the application starts
    instances = {type(one): one for one in (protocol, protocol.cycle, protocol.flow, state)}
    pipeline = list(protocol.pipeline)
    protocol.pipeline.clear()
    tasks = list(protocol.tasks)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    if protocol.timeout_keep_alive_task:
        protocol.timeout_keep_alive_task.cancel()
    return instances, pipeline


@pytest.fixture(scope="module")
def instances() -> dict[type, Any]:
    return asyncio.run(_connection())[0]


@pytest.mark.parametrize(
    ("cls", "name"),
    [(cls, name) for cls, names in PRIVATE.items() for name in names],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_uvicorn_has_every_private_part(instances: dict[type, Any], cls: type, name: str) -> None:
    assert hasattr(instances[cls], name), (
        f"uvicorn {version('uvicorn')} has no {cls.__name__}.{name}, which "
        "fake_server/http/uvicorn_internals.py uses: adapt that module, or lower the upper bound "
        "of uvicorn in pyproject.toml"
    )


def test_the_pipeline_holds_waiting_requests_with_the_newest_first() -> None:
    """`UvicornProtocol.queued` and `drop_latest_queued` depend on this order."""
    _, pipeline = asyncio.run(_connection())
    assert [cycle.scope["path"] for cycle, _ in pipeline] == ["/c", "/b"]


def test_the_table_lists_instances_of_every_class(instances: dict[type, Any]) -> None:
    assert set(PRIVATE) == set(instances)
