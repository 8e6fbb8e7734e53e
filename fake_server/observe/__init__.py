"""What monitoring systems read: metrics for Prometheus, spans for OpenTelemetry.

Both are off by default, need a package that is not installed by default, and hold no secret, no
prompt and no account id.
"""
