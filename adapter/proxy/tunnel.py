"""Bytes both ways, after a connection has switched to another protocol (RFC 9110 §7.8)."""

from adapter.proxy.client import ClientConnection
from adapter.proxy.upstream import UpstreamConnection


def join(client: ClientConnection, app: UpstreamConnection) -> None:
    """Send each all that comes from the other, as fast as it takes it, until one of them ends.

    The end of one direction is passed on, where both connections can end one alone; both
    connections end together.
    """
    from_client, from_app = client.join(app), app.join(client)
    if from_app:
        client.write(from_app)
    if from_client:
        app.transport.write(from_client)
    if client.is_lost:
        app.transport.abort()
    elif app.is_lost:
        client.transport.close()
    client.resume_reading()
    app.resume_reading()
