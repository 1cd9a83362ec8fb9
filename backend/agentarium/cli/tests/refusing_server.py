"""A PostgreSQL server that refuses every connection."""

import socketserver
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager

SSL_REQUEST = 80877103


class _Refusal(socketserver.StreamRequestHandler):
    code = ""
    message = ""

    def handle(self) -> None:
        while len(head := self.rfile.read(8)) == 8:
            length, code = struct.unpack("!II", head)
            self.rfile.read(length - 8)
            if code != SSL_REQUEST:
                self.wfile.write(self._error())
                return
            self.wfile.write(b"N")

    def _error(self) -> bytes:
        """Encode an ErrorResponse of the protocol."""
        fields = {"S": "FATAL", "V": "FATAL", "C": self.code, "M": self.message}
        body = b"".join(f"{name}{value}\0".encode() for name, value in fields.items())
        return b"E" + struct.pack("!I", len(body) + 5) + body + b"\0"


@contextmanager
def refusing_server(code: str, message: str) -> Iterator[int]:
    """Answer each connection with this SQLSTATE and message; yields the port."""
    handler = type("Refusal", (_Refusal,), {"code": code, "message": message})
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.05])
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()
