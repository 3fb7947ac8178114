"""The HTTP server in front of the STS and of moto's other services.

It speaks HTTP/1.1 with keep-alive, one thread for each connection, in the clear
and over TLS. STS actions are answered here; all other requests (S3, IAM ...) go
to moto's own application, which is loaded when the first of them arrives.
"""

import argparse
import io
import itertools
import json
import select
import socket
import socketserver
import ssl
import threading
import time
import urllib.request
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qsl, unquote

from .. import certificates
from . import actions, faults, federation, keys, prefix, reply, sigv4, world
from .journal import Entry, Journal
from .reply import AwsError

# Answers 200 once the server is ready; kept out of the journal.
READY_PATH = "/_bed/ready"

_connections = itertools.count(1)
_moto_lock = threading.Lock()
_moto = None


def moto_application():
    """moto's own application, as its server runs it."""
    global _moto
    with _moto_lock:
        if _moto is None:
            from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

            _moto = DomainDispatcherApplication(create_backend_app)
    return _moto


class Handler(BaseHTTPRequestHandler):
    """All requests of one connection."""

    protocol_version = "HTTP/1.1"
    server_version = "leapp-bed"
    disable_nagle_algorithm = True
    wbufsize = -1  # gather an answer, send it at once
    journal: Journal  # set by serve()
    clock = 0  # by how many seconds this server's clock is shifted for the request

    def setup(self):
        super().setup()
        self.connection_number = next(_connections)

    def date_time_string(self, timestamp=None):
        """What the Date of an answer says."""
        return super().date_time_string(time.time() + self.clock if timestamp is None else timestamp)

    def log_message(self, *_):
        """The journal says it all."""

    def do_any(self):
        """Answer one request of any method."""
        if self.path == READY_PATH:
            self.answer(200, b"ready\n", "text/plain")
            return
        body = self.read_body()
        entry = Entry(connection=self.connection_number, user_agent=self.headers.get("User-Agent"))
        try:
            wishes = prefix.parse(self.path)
            if wishes.fault and wishes.fault not in faults.NAMES:
                raise ValueError(f"there is no fault {wishes.fault}")
        except ValueError as problem:
            self.answer(400, f"bed: malformed prefix: {problem}\n".encode(), "text/plain")
            return
        entry.tag = wishes.tag
        self.clock = wishes.clock
        path, _, query = wishes.rest.partition("?")
        is_federation = self.command == "GET" and path == federation.PATH
        # what is asked of the federation endpoint is secret
        entry.action = f"{self.command} {path if is_federation else wishes.rest}"

        if wishes.delay:
            time.sleep(wishes.delay / 1000)
        if wishes.fault == "html":
            self.name_action(entry, body)
            self.finish_with(entry, 200, faults.CAPTIVE_PORTAL, "text/html")
        elif wishes.fault == "hang":
            self.name_action(entry, body)
            entry.code = "hang"
            self.journal.write(entry)
            self.wait_for_hangup()
        elif error := faults.error(wishes):
            self.name_action(entry, body)
            self.refuse(entry, error)
        elif is_federation:
            self.answer_federation(entry, wishes, query)
        elif self.is_sts(body):
            self.answer_sts(entry, wishes, body)
        else:
            self.answer_by_moto(entry, wishes, body)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = do_OPTIONS = do_any

    # --- STS -----------------------------------------------------------------

    def is_sts(self, body: bytes) -> bool:
        """Whether this is one of the actions that are answered here."""
        self.parameters = {}
        if b"Action=" in body:
            self.parameters = dict(parse_qsl(body.decode(errors="replace"), keep_blank_values=True))
        action = self.parameters.get("Action")
        return action in actions.SIGNED or action in actions.UNSIGNED

    def name_action(self, entry: Entry, body: bytes) -> None:
        if self.is_sts(body):
            entry.action = self.parameters["Action"]
            entry.role = self.parameters.get("RoleArn")

    def answer_sts(self, entry: Entry, wishes: prefix.Prefix, body: bytes) -> None:
        self.name_action(entry, body)
        try:
            document = reply.result(entry.action, self.perform(entry.action, entry, wishes, body))
            self.finish_with(entry, 200, document, "text/xml")
        except AwsError as error:
            self.refuse(entry, error)
        except OSError:
            raise  # the client has hung up
        except Exception as problem:  # a fault of the bed itself: say so, do not look like AWS
            entry.code = f"bed: {type(problem).__name__}: {problem}"
            self.finish_with(entry, 500, entry.code.encode(), "text/plain")

    def answer_federation(self, entry: Entry, wishes: prefix.Prefix, query: str) -> None:
        now = datetime.now(timezone.utc) + timedelta(seconds=wishes.clock)
        try:
            kind, content = federation.answer(dict(parse_qsl(query, keep_blank_values=True)), now, entry)
            self.finish_with(entry, 200, content, kind)
        except AwsError as error:
            entry.code = error.code
            self.finish_with(entry, error.status, f"{error.message}\n".encode(), "text/plain")

    def refuse(self, entry: Entry, error: AwsError) -> None:
        entry.code = error.code
        self.finish_with(entry, error.status, reply.failure(error), "text/xml")

    def perform(self, action: str, entry: Entry, wishes: prefix.Prefix, body: bytes) -> dict:
        now = datetime.now(timezone.utc) + timedelta(seconds=wishes.clock)
        signed = sigv4.parse(self.headers.get("Authorization"))
        entry.access_key = signed["key"] if signed else None
        entry.region = signed["region"] if signed else None
        caller = None
        if action in actions.SIGNED:
            caller = keys.caller(entry.access_key, self.headers.get("X-Amz-Security-Token"), now)
            sigv4.verify(signed, caller.role.secret_access_key, self.command, self.path, self.headers, body, now)
        perform = actions.SIGNED.get(action) or actions.UNSIGNED[action]
        region = entry.region or "us-east-1"
        return perform(actions.Call(self.parameters, now, wishes.ttl, region, caller, entry))

    # --- everything else -----------------------------------------------------

    def answer_by_moto(self, entry: Entry, wishes: prefix.Prefix, body: bytes) -> None:
        path, _, query = wishes.rest.partition("?")
        environ = {
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote(path, "latin-1"),
            "QUERY_STRING": query,
            "REQUEST_URI": wishes.rest,
            "RAW_URI": wishes.rest,
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": str(self.server.server_address[1]),
            "SERVER_PROTOCOL": self.request_version,
            "REMOTE_ADDR": self.client_address[0],
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "https" if isinstance(self.connection, ssl.SSLSocket) else "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name, value in self.headers.items():
            key = name.upper().replace("-", "_")
            if "_" not in name and key not in ("CONTENT_TYPE", "CONTENT_LENGTH", "TRANSFER_ENCODING"):
                environ[f"HTTP_{key}"] = value
        head = {}

        def start_response(status, headers, _exc_info=None):
            head["status"] = int(status.split()[0])
            head["headers"] = headers

        chunks = moto_application()(environ, start_response)
        content = b"".join(chunks)
        if hasattr(chunks, "close"):
            chunks.close()
        signed = sigv4.parse(self.headers.get("Authorization"))
        entry.access_key = signed["key"] if signed else None
        self.finish_with(entry, head["status"], content, None, head["headers"])

    # --- the connection ------------------------------------------------------

    def read_body(self) -> bytes:
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            chunks = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                chunks.append(self.rfile.read(size))
                self.rfile.readline()
            while self.rfile.readline().strip():
                pass  # trailers
            return b"".join(chunks)
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def finish_with(self, entry: Entry, status: int, content: bytes, kind: str | None, headers=()) -> None:
        """Write the journal, then answer: who has the answer finds the line there."""
        entry.status = status
        self.journal.write(entry)
        self.answer(status, content, kind, headers)

    def answer(self, status: int, content: bytes, kind: str | None, headers=()) -> None:
        self.send_response(status)
        if kind:
            self.send_header("Content-Type", kind)
        for name, value in headers:
            if name.lower() not in ("content-length", "connection", "date", "server"):
                self.send_header(name, value)
        if self.command == "HEAD":
            length = next((value for name, value in headers if name.lower() == "content-length"), "0")
            self.send_header("Content-Length", length)
            self.end_headers()
        else:
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
        self.wfile.flush()

    def wait_for_hangup(self) -> None:
        """Never answer; end when the client has gone."""
        self.close_connection = True
        while True:
            select.select([self.connection], [], [])
            if not self.connection.recv(4096):
                return


class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """Serves a socket that is listening already, with or without TLS."""

    daemon_threads = True

    def __init__(self, listener: socket.socket, tls: ssl.SSLContext | None):
        super().__init__(listener.getsockname(), Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listener
        self.server_address = listener.getsockname()
        self.tls = tls

    def finish_request(self, request, client_address):
        """Runs in the connection's own thread, so the handshake delays nobody else."""
        if self.tls:
            try:
                request = self.tls.wrap_socket(request, server_side=True)
            except (ssl.SSLError, OSError):
                return  # a client that does not trust the bed's authority
        self.RequestHandlerClass(request, client_address, self)

    def handle_error(self, _request, _client_address):
        """Clients that hang up early are part of many tests."""


def fetch(url: str) -> str:
    """A page of a server that may still be starting."""
    deadline = time.monotonic() + 30
    while True:
        try:
            with urllib.request.urlopen(url, timeout=10) as page:
                return page.read().decode()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def serve(listeners: list[tuple[socket.socket, ssl.SSLContext | None]], journal: Journal) -> None:
    """Serve all listeners, for ever."""
    Handler.journal = journal
    threads = [threading.Thread(target=Server(listener, tls).serve_forever, daemon=True) for listener, tls in listeners]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--listen", type=int, required=True, help="file descriptor of the plain listening socket")
    parser.add_argument("--listen-tls", type=int, required=True, help="the same for TLS")
    parser.add_argument(
        "--authority", required=True, help="PEM file to write: the authority that TLS clients must trust"
    )
    parser.add_argument("--journal", required=True)
    parser.add_argument("--metadata", required=True, help="JSON: where each identity provider has its metadata")
    options = parser.parse_args()

    world.seed({name: fetch(url) for name, url in json.loads(options.metadata).items()})
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificates.create(options.authority, "server.pem")
    tls.load_cert_chain("server.pem")
    listeners = [
        (socket.socket(fileno=options.listen), None),
        (socket.socket(fileno=options.listen_tls), tls),
    ]
    serve(listeners, Journal(options.journal))


if __name__ == "__main__":
    main()
