"""HTTP/1.1: the uvicorn protocol, the ASGI application, and delivery of answers."""
