"""A plain HTTP forward proxy: requests with an absolute URL, and CONNECT. It logs each request line."""

import argparse
import os
import select
import socket
import socketserver
from urllib.parse import urlsplit

READY_LINE = b"GET /_bed/ready "
HOP_HEADERS = (b"proxy-connection:", b"proxy-authorization:", b"connection:")


def relay(one: socket.socket, other: socket.socket) -> None:
    """Hand bytes both ways until one side has no more."""
    ends = {one: other, other: one}
    while True:
        for source in select.select(ends, [], [])[0]:
            data = source.recv(65536)
            if not data:
                return
            ends[source].sendall(data)


class Handler(socketserver.StreamRequestHandler):
    """One client's connection: one request, or one tunnel."""

    log: int  # a file descriptor, set by main()

    def handle(self):
        line = self.rfile.readline()
        if not line:
            return
        if line.startswith(READY_LINE):
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            return
        os.write(self.log, line.rstrip() + b"\n")
        headers = []
        while (header := self.rfile.readline()).strip():
            headers.append(header)
        try:
            method, target, _ = line.decode("latin-1").split()
            if method == "CONNECT":
                self.tunnel(target)
            else:
                self.forward(method, target, headers)
        except (OSError, ValueError) as problem:
            self.refuse(problem)

    def tunnel(self, target: str) -> None:
        host, _, port = target.rpartition(":")
        with socket.create_connection((host.strip("[]"), int(port)), timeout=10) as server:
            server.settimeout(None)
            self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            relay(self.connection, server)

    def forward(self, method: str, target: str, headers: list[bytes]) -> None:
        url = urlsplit(target)
        if url.scheme != "http" or not url.hostname:
            raise ValueError(f"not an absolute http URL: {target}")
        path = (url.path or "/") + (f"?{url.query}" if url.query else "")
        kept = [header for header in headers if not header.lower().startswith(HOP_HEADERS)]
        length = next((int(h.split(b":")[1]) for h in headers if h.lower().startswith(b"content-length:")), 0)
        with socket.create_connection((url.hostname, url.port or 80), timeout=10) as server:
            server.settimeout(None)
            # one request for each connection keeps the proxy simple
            head = [f"{method} {path} HTTP/1.1\r\n".encode("latin-1"), *kept, b"Connection: close\r\n\r\n"]
            server.sendall(b"".join(head) + self.rfile.read(length))
            while data := server.recv(65536):
                self.wfile.write(data)

    def refuse(self, problem: Exception) -> None:
        text = f"bed proxy: {problem}\n".encode()
        head = f"HTTP/1.1 502 Bad Gateway\r\nContent-Length: {len(text)}\r\nConnection: close\r\n\r\n"
        try:
            self.wfile.write(head.encode() + text)
        except OSError:
            pass  # the client has gone


class Proxy(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """One thread for each connection, on a socket that is listening already."""

    daemon_threads = True

    def __init__(self, listener: socket.socket):
        super().__init__(listener.getsockname(), Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listener

    def handle_error(self, _request, _client_address):
        """Clients and servers that hang up early are part of many tests."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--listen", type=int, required=True, help="file descriptor of the listening socket")
    parser.add_argument("--log", required=True)
    options = parser.parse_args()
    Handler.log = os.open(options.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    Proxy(socket.socket(fileno=options.listen)).serve_forever()


if __name__ == "__main__":
    main()
