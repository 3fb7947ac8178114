"""The servers of the bed: how each is configured and started, and its variables."""

import json
import os
import shutil
import socket
import subprocess
import urllib.parse
import zlib
from base64 import b64encode
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path

from . import places, processes

LOOPBACK = "http://127.0.0.1"


@dataclass
class Component:
    """A server that is ready to be started."""

    name: str
    command: list[str]
    folder: Path  # its working directory
    ready: str  # a URL that answers once it serves
    first: str | None = None  # a URL to ask for once, alone, before anybody else asks for anything
    environment: dict[str, str] = field(default_factory=dict)
    sockets: list[socket.socket] = field(default_factory=list)  # handed down to it
    variables: dict[str, str] = field(default_factory=dict)  # exported for the tests

    def start(self, directory: Path, environment: dict[str, str]) -> subprocess.Popen:
        """Start it; what it says goes to NAME.log."""
        with open(directory / "log" / f"{self.name}.log", "wb") as log:
            return subprocess.Popen(
                self.command,
                cwd=self.folder,
                env=environment | self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=[one.fileno() for one in self.sockets],
            )


def _make(directory: Path, *names: str) -> Path:
    for name in names:
        (directory / name).mkdir(parents=True, exist_ok=True)
    return directory


def simplesamlphp(directory: Path) -> Component:
    """SimpleSAMLphp, on the web server that PHP brings along."""
    places.need_file(places.SIMPLESAMLPHP / "usr")
    php, openssl = places.need_program("php"), places.need_program("openssl")
    state = _make(directory / "ssp", "cert", "log", "data", "tmp")
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "rsa:2048", "-noenc", "-days", "30", "-subj", "/CN=idp.test"]
        + ["-keyout", state / "cert" / "idp.key", "-out", state / "cert" / "idp.crt"],
        check=True,
        capture_output=True,
    )
    port = processes.free_port()
    base = f"{LOOPBACK}:{port}"
    sign_in = f"{base}/saml2/idp/SSOService.php?spentityid=urn:amazon:webservices"
    www = places.SIMPLESAMLPHP / "usr" / "share" / "simplesamlphp" / "www"
    return Component(
        name="ssp",
        # the configuration reads its environment through $_ENV as well as getenv()
        command=[php, "-d", "variables_order=EGPCS", "-S", f"127.0.0.1:{port}", "-t", str(www)],
        folder=state,
        ready=f"{base}/saml2/idp/metadata.php",
        # its first visitor makes the tables; two at once would both make them, and one would see that fail
        first=sign_in,
        environment={
            "SIMPLESAMLPHP_CONFIG_DIR": str(places.HERE / "simplesamlphp" / "config"),
            "LEAPP_BED_SSP_STATE": str(state),
            "LEAPP_BED_SSP_HOME": str(places.SIMPLESAMLPHP),
            "LEAPP_BED_SSP_PORT": str(port),
            "PHP_CLI_SERVER_WORKERS": "6",  # a browser opens several connections at once
        },
        variables={
            "LEAPP_BED_SSP": base,
            "LEAPP_BED_SSP_URL": sign_in,
        },
    )


def _authn_request() -> str:
    """AWS's sign-in request for an identity provider that wants to be asked (redirect binding)."""
    now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    request = (
        '<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_leapp-bed" Version="2.0"'
        f' IssueInstant="{now}" AssertionConsumerServiceURL="https://signin.aws.amazon.com/saml">'
        '<Issuer xmlns="urn:oasis:names:tc:SAML:2.0:assertion">urn:amazon:webservices</Issuer>'
        "</samlp:AuthnRequest>"
    )
    deflate = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return b64encode(deflate.compress(request.encode()) + deflate.flush()).decode()


def nanoidp(directory: Path) -> Component:
    """nanoidp. It writes into its configuration, so it gets a copy."""
    state = _make(directory / "nano", "config")
    port = processes.free_port()
    base = f"{LOOPBACK}:{port}"
    source = places.HERE / "nanoidp"
    settings = (source / "settings.yaml").read_text().replace("PORT", str(port))
    (state / "config" / "settings.yaml").write_text(settings)
    shutil.copy(source / "users.yaml", state / "config")
    # nanoidp does not mind a request that is old or was seen before, so one URL serves all
    query = urllib.parse.urlencode({"SAMLRequest": _authn_request()})
    return Component(
        name="nano",
        command=[str(places.PYTHON), "-m", "bedlib.nanoidp_server", "config", str(port)],
        folder=state,  # its keys go to ./keys
        ready=f"{base}/saml/metadata",
        variables={"LEAPP_BED_NANO": base, "LEAPP_BED_NANO_URL": f"{base}/saml/sso?{query}"},
    )


def ministack(directory: Path) -> Component:
    """ministack, which checks the signature of each request."""
    port = processes.free_port()
    base = f"{LOOPBACK}:{port}"
    return Component(
        name="ministack",
        command=[str(places.PYTHON), "-m", "ministack"],
        folder=_make(directory / "ministack", "."),
        ready=f"{base}/_ministack/health",
        environment={
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(port),
            "AUTH": "true",
            "SERVICES": "sts,iam,s3",
            # listeners on fixed ports that nothing here uses
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
        },
        variables={"LEAPP_BED_MINISTACK": base},
    )


def sts(directory: Path, metadata: dict[str, str]) -> Component:
    """The strict STS, which learns of the identity providers from their metadata."""
    plain, tls = processes.listen(), processes.listen()
    base = f"{LOOPBACK}:{plain.getsockname()[1]}"
    folder = _make(directory / "sts", ".")
    journal, authority = directory / "sts.log", directory / "ca.pem"
    journal.touch()
    return Component(
        name="sts",
        command=[str(places.PYTHON), "-m", "bedlib.sts.server"]
        + ["--listen", str(plain.fileno()), "--listen-tls", str(tls.fileno())]
        + ["--authority", str(authority), "--journal", str(journal), "--metadata", json.dumps(metadata)],
        folder=folder,
        ready=f"{base}/_bed/ready",
        sockets=[plain, tls],
        variables={
            "LEAPP_BED_STS": base,
            "LEAPP_BED_STS_TLS": f"https://localhost:{tls.getsockname()[1]}",
            "LEAPP_BED_CA": str(authority),
            "LEAPP_BED_STS_LOG": str(journal),
        },
    )


def proxy(directory: Path) -> Component:
    """A plain HTTP forward proxy."""
    listener = processes.listen()
    base = f"{LOOPBACK}:{listener.getsockname()[1]}"
    log = directory / "proxy.log"
    log.touch()
    return Component(
        name="proxy",
        command=[str(places.PYTHON), "-m", "bedlib.proxy", "--listen", str(listener.fileno()), "--log", str(log)],
        folder=directory,
        ready=f"{base}/_bed/ready",
        sockets=[listener],
        variables={"LEAPP_BED_PROXY": base, "LEAPP_BED_PROXY_LOG": str(log)},
    )


def environment(directory: Path) -> dict[str, str]:
    """What every server's environment has in common: nothing of the user's AWS or proxy settings."""
    ours = {
        name: value
        for name, value in os.environ.items()
        if not name.upper().startswith("AWS_") and not name.upper().endswith("_PROXY")
    }
    home = _make(directory / "home", "tmp")
    return ours | {
        "HOME": str(home),
        "TMPDIR": str(home / "tmp"),
        "PYTHONPATH": str(places.HERE),
        "AWS_EC2_METADATA_DISABLED": "true",
    }
