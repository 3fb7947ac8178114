"""Serves a test's pages for any host, with and without TLS on one port, and tells of each request.

The routes are a JSON object on standard input: from "host/path" to a page, or
to {"status", "headers", "body"}. The first line of standard output is the
port; each further line is a request: "host", "path", "method", "headers" (in
their order) and "body". It ends with its standard input.

A browser finds it by --host-resolver-rules="MAP * 127.0.0.1:PORT" and, since
its certificate is for no host, --ignore-certificate-errors.
"""

import json
import os
import socket
import socketserver
import ssl
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from . import certificates

# The client hints that a server has to ask for (https://wicg.github.io/ua-client-hints/).
HINTS = ["Arch", "Bitness", "Form-Factors", "Full-Version-List", "Model", "Platform-Version", "WoW64"]
TLS_HANDSHAKE = 0x16


class Handler(BaseHTTPRequestHandler):
    """One client's connection."""

    protocol_version = "HTTP/1.1"
    routes: dict  # set by main()
    told = threading.Lock()

    def answer(self) -> None:
        host = self.headers.get("Host", "").partition(":")[0]
        path, _, query = self.path.partition("?")
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode("latin-1")
        request = {"host": host, "path": path, "query": query, "method": self.command}
        request |= {"headers": list(self.headers.items()), "body": body}
        with self.told:
            print(json.dumps(request), flush=True)
        route = self.routes.get(host + path)
        if route is None:
            route = {"status": 404, "body": ""}
        elif isinstance(route, str):
            route = {"body": route}
        content = route["body"].encode()
        self.send_response(route.get("status", 200))
        headers = {"Content-Type": "text/html; charset=utf-8", "Accept-CH": ", ".join(f"Sec-CH-UA-{h}" for h in HINTS)}
        for name, value in (headers | route.get("headers", {})).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = answer

    def log_message(self, *_arguments):
        """Standard output tells of each request."""


class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """Speaks TLS with whoever begins with that."""

    daemon_threads = True
    request_queue_size = 64
    tls: ssl.SSLContext  # set by main()

    def finish_request(self, request, client_address):
        """Runs in the connection's own thread, so the handshake delays nobody else."""
        try:
            if request.recv(1, socket.MSG_PEEK) == bytes([TLS_HANDSHAKE]):
                request = self.tls.wrap_socket(request, server_side=True)
            self.RequestHandlerClass(request, client_address, self)
        except (ssl.SSLError, OSError):
            pass  # a browser opens connections that it does not need

    def handle_error(self, _request, _client_address):
        """Clients that hang up early are part of many tests."""


def main() -> None:
    Handler.routes = json.loads(sys.stdin.readline())
    Server.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        authority, server = Path(folder, "authority.pem"), Path(folder, "server.pem")
        certificates.create(str(authority), str(server))
        Server.tls.load_cert_chain(server)
    with Server(("127.0.0.1", 0), Handler) as listener:
        threading.Thread(target=listener.serve_forever, daemon=True).start()
        print(listener.server_address[1], flush=True)
        sys.stdin.read()
        os._exit(0)  # whatever is still being answered


if __name__ == "__main__":
    main()
