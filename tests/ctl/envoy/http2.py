"""An HTTP/2 client without TLS, which aiohttp is not."""

import socket

import h2.config
import h2.connection
import h2.events


def upload(host: str, port: int, size: int) -> int:
    """Post ``size`` bytes over HTTP/2 and return the status of the answer."""
    with socket.create_connection((host, port), timeout=30) as connection:
        config = h2.config.H2Configuration(header_encoding="ascii")
        client = h2.connection.H2Connection(config)
        client.initiate_connection()
        client.send_headers(1, [
            (":method", "POST"), (":path", "/upload"), (":scheme", "http"), (":authority", host),
        ])  # fmt: skip
        status, left = 0, size
        while status == 0:
            room = min(left, client.local_flow_control_window(1), client.max_outbound_frame_size)
            if left and room > 0:
                left -= room
                client.send_data(1, b"x" * room, end_stream=left == 0)
                connection.sendall(client.data_to_send())
                continue
            connection.sendall(client.data_to_send())
            for event in client.receive_data(connection.recv(65536)):
                if isinstance(event, h2.events.ResponseReceived):
                    status = int(dict(event.headers)[":status"])
        return status
