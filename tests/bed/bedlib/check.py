"""Proves that the bed is as strict as it says. Runs inside the bed.

Each line is one promise: "ok" or "WRONG". Ends with 1 when one is wrong.
"""

import json
import os
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from email.utils import parsedate_to_datetime
from pathlib import Path

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError, ParamValidationError

from . import places, totp
from .saml import forge, signin

FIRST, SECOND = "arn:aws:iam::111122223333", "arn:aws:iam::444455556666"
DEPLOY = f"{SECOND}:role/team/Deploy"
MFA = {"SerialNumber": f"{FIRST}:mfa/alice"}

env = os.environ
session = boto3.session.Session()
wrong: list[str] = []


def tell(name: str, fine: bool, detail: object = "") -> None:
    if fine:
        print(f"ok: {name}", flush=True)
    else:
        wrong.append(name)
        print(f"WRONG: {name}: {detail}", flush=True)


def client(credentials: dict | None = None, path: str = "/t/check/", base: str | None = None, **options):
    """An STS client with these credentials, or with none. Parameters are checked by the server alone."""
    settings = {"retries": {"total_max_attempts": 1}, "parameter_validation": False} | options.pop("config", {})
    keys = {}
    if credentials is None:
        settings["signature_version"] = UNSIGNED
    else:
        keys = {
            "aws_access_key_id": credentials["AccessKeyId"],
            "aws_secret_access_key": credentials["SecretAccessKey"],
            "aws_session_token": credentials["SessionToken"],
        }
    endpoint = (base or env["LEAPP_BED_STS"]) + path
    return session.client(
        "sts", region_name="eu-west-1", endpoint_url=endpoint, config=Config(**settings), **keys, **options
    )


def refused(name: str, code: str, text: str, call, /, **parameters) -> None:
    """The call must be refused with this code and a message that has this text."""
    try:
        call(**parameters)
        tell(name, False, "it was let through")
    except (ClientError, ParamValidationError) as problem:
        tell(name, code in str(problem) and text in str(problem), problem)


def saml(text: str, role: str = "Admin", provider: str = "ssp", account: str = FIRST, path: str = "/t/check/", **more):
    """AssumeRoleWithSAML."""
    return client(path=path).assume_role_with_saml(
        RoleArn=f"{account}:role/{role}", PrincipalArn=f"{account}:saml-provider/{provider}", SAMLAssertion=text, **more
    )


def forged(text: str, change=None, resign: bool = True) -> str:
    """The response with a change, signed again."""
    response = forge.decode(text)
    if change:
        change(response)
    if resign:
        response = forge.sign(response, Path(env["LEAPP_BED_DIR"], "ssp", "cert"))
    return forge.encode(response)


def check_saml(alice: str, carol: str) -> dict:
    """What AssumeRoleWithSAML lets in, and what not. Returns alice's credentials."""
    answer = saml(alice)
    arn = answer["AssumedRoleUser"]["Arn"]
    tell("alice signs in", arn == "arn:aws:sts::111122223333:assumed-role/Admin/alice@example.org", arn)
    tell("a pair in reverse order", "Deploy" in saml(alice, "team/Deploy", account=SECOND)["AssumedRoleUser"]["Arn"])
    tell("carol of the other provider", "carol@" in saml(carol, provider="nano")["AssumedRoleUser"]["Arn"])
    tell("signed again, unchanged", "Admin" in saml(forged(alice))["AssumedRoleUser"]["Arn"])

    invalid = "InvalidIdentityToken"
    refused("tampered", invalid, "signature invalid", saml, text=forge.tamper(alice))
    unsigned = forged(alice, forge.strip_signatures, resign=False)
    refused("unsigned", invalid, "signature invalid", saml, text=unsigned)
    refused("another provider's signature", invalid, "signature invalid", saml, text=alice, provider="nano")
    refused("encrypted", invalid, "decrypt", saml, text=forged(alice, forge.encrypt, resign=False))
    refused("status failure", invalid, "status", saml, text=forged(alice, lambda r: forge.fail(r, "no"), resign=False))
    refused("not base64", invalid, "base64", saml, text="%%%")
    refused("issuer", invalid, "Issuer", saml, text=forged(alice, set_issuer))
    refused("audience", invalid, "audience", saml, text=forged(alice, lambda r: forge.set_audience(r, "urn:other")))
    elsewhere = "https://signin.aws.amazon.com.example.org/saml"
    refused("recipient", invalid, "recipient", saml, text=forged(alice, lambda r: forge.set_recipient(r, elsewhere)))
    regional = "https://eu-west-1.signin.aws.amazon.com/saml"
    tell("a regional recipient", bool(saml(forged(alice, lambda r: forge.set_recipient(r, regional)))))
    old = forged(alice, lambda r: forge.set_age(r, 301))
    refused("older than five minutes", "ExpiredToken", "redeemed within 5 minutes", saml, text=old)
    refused("the server's clock is ahead", "ExpiredToken", "5 minutes", saml, text=alice, path="/clock/+301/")
    refused("from the future", invalid, "not yet valid", saml, text=forged(alice, lambda r: forge.set_age(r, -120)))
    refused("no session name", invalid, "RoleSessionName", saml, text=forged(alice, attribute("RoleSessionName")))
    bad_name = forged(alice, attribute("RoleSessionName", "alice smith"))
    refused("a bad session name", invalid, "must match", saml, text=bad_name)
    refused(
        "a bad session duration",
        invalid,
        "SessionDuration",
        saml,
        text=forged(alice, attribute("SessionDuration", "5")),
    )

    denied = "AccessDenied"
    refused("a role that is not offered", denied, "sts:AssumeRoleWithSAML", saml, text=alice, role="Solo")
    absent = forged(alice, attribute("Role", f"{FIRST}:role/Nobody,{FIRST}:saml-provider/ssp"))
    refused("a role that is not there", denied, "sts:AssumeRoleWithSAML", saml, text=absent, role="Nobody")
    chained = forged(alice, attribute("Role", f"{SECOND}:role/Audit,{SECOND}:saml-provider/ssp"))
    refused("a role that trusts no provider", denied, "sts:", saml, text=chained, role="Audit", account=SECOND)
    refused("a provider that is not there", invalid, "provider doesn't exist", saml, text=alice, provider="other")
    refused("an assertion of 240 KB", "ValidationError", "100000", saml, text="A" * 240_000)

    bounds = "ValidationError", "MaxSessionDuration", saml
    refused("longer than the role allows", *bounds, text=alice, role="ReadOnly", DurationSeconds=7200)
    refused("longer than twelve hours", "ValidationError", "43200", saml, text=alice, DurationSeconds=43201)
    refused("shorter than 15 minutes", "ValidationError", "900", saml, text=alice, DurationSeconds=899)
    tell("SessionDuration bounds the lifetime", about(saml(alice, DurationSeconds=43200), 14400))
    tell("a lifetime of one minute, by /ttl/", about(saml(alice, path="/ttl/60/"), 60))
    return answer["Credentials"]


def set_issuer(response) -> None:
    response.find("a:Assertion/a:Issuer", forge.NAMES).text = "https://idp.test/other"


def attribute(name: str, *values: str):
    """A change that sets an AWS attribute."""
    return lambda response: forge.set_attribute(response, name, list(values))


def about(answer: dict, seconds: int) -> bool:
    """Whether the credentials last about that long."""
    return abs(answer["Credentials"]["Expiration"].timestamp() - time.time() - seconds) < 30


def check_chains(alice: dict) -> None:
    """What AssumeRole lets in, and what not."""
    admin = client(alice)
    expected = "arn:aws:sts::111122223333:assumed-role/Admin/alice@example.org"
    tell("GetCallerIdentity", admin.get_caller_identity()["Arn"] == expected)
    deploy = admin.assume_role(
        RoleArn=DEPLOY,
        RoleSessionName="hop",
        SourceIdentity="alice",
        Tags=[{"Key": "team", "Value": "red"}],
        TransitiveTagKeys=["team"],
    )
    tell("a second hop", deploy["AssumedRoleUser"]["Arn"].endswith("assumed-role/Deploy/hop"))
    audit = client(deploy["Credentials"]).assume_role(RoleArn=f"{SECOND}:role/Audit", RoleSessionName="hop")
    tell("a third hop", audit["AssumedRoleUser"]["Arn"].endswith("assumed-role/Audit/hop"))
    tell("the source identity goes on", audit.get("SourceIdentity") == "alice", audit)

    def chain(role: str, by=admin, **more):
        return by.assume_role(RoleArn=role, RoleSessionName=more.pop("name", "hop"), **more)

    partner, guarded, audit_role = (f"{SECOND}:role/{name}" for name in ("Partner", "Guarded", "Audit"))
    denied = "AccessDenied"
    text = f"User: {expected} is not authorized to perform: sts:AssumeRole on resource: "
    refused("a role that does not trust the caller", denied, text + audit_role, chain, role=audit_role)
    refused("a role that is not there", denied, text, chain, role=f"{SECOND}:role/Nobody")
    refused("no external id", denied, text + partner, chain, role=partner)
    refused("a wrong external id", denied, text, chain, role=partner, ExternalId="leapp-bed-other")
    tell("the right external id", bool(chain(partner, ExternalId="leapp-bed-external")))
    refused("no second factor", denied, text + guarded, chain, role=guarded)
    refused("a wrong code", denied, "invalid MFA one time pass code", chain, role=guarded, TokenCode="654321", **MFA)
    other = {"SerialNumber": f"{FIRST}:mfa/bob", "TokenCode": "123456"}
    refused("a wrong device", denied, "unable to validate MFA code", chain, role=guarded, **other)
    tell("the right code", bool(chain(guarded, TokenCode="123456", **MFA)))
    refused("the same code again", denied, "invalid MFA", chain, role=guarded, TokenCode="123456", **MFA)
    tell("another code", bool(chain(guarded, TokenCode="246802", **MFA)))

    too_long = "ValidationError", "MaxSessionDuration", chain
    refused(
        "longer than the role allows, chained",
        *too_long,
        role=partner,
        ExternalId="leapp-bed-external",
        DurationSeconds=7200,
    )
    refused(
        "more than an hour by chaining",
        "ValidationError",
        "1 hour session limit",
        chain,
        role=DEPLOY,
        DurationSeconds=7200,
    )
    refused("a bad session name, chained", "ValidationError", "roleSessionName", chain, role=DEPLOY, name="a b")
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/" + "x" * 1600}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    refused("a policy too large when packed", "PackedPolicyTooLarge", "%", chain, role=DEPLOY, Policy=policy)
    refused("a policy too long", "ValidationError", "2048", chain, role=DEPLOY, Policy=policy + " " * 500)
    refused("a policy that is not JSON", "MalformedPolicyDocument", "", chain, role=DEPLOY, Policy="{")

    unknown = alice | {"AccessKeyId": "ASIAAAAAAAAAAAAAAAAA"}
    refused("an unknown key", "InvalidClientTokenId", "", client(unknown).get_caller_identity)
    refused("a wrong token", "InvalidClientTokenId", "", client(alice | {"SessionToken": "x"}).get_caller_identity)
    refused("a wrong secret", "SignatureDoesNotMatch", "", client(alice | {"SecretAccessKey": "x"}).get_caller_identity)
    refused("expired credentials", "ExpiredToken", "", client(alice, "/t/check/clock/+20000/").get_caller_identity)
    refused("no credentials", "MissingAuthenticationToken", "", client().get_caller_identity)
    check_clock(alice)


def check_clock(alice: dict) -> None:
    """A signature is good for five minutes, and the Date says of which."""
    identity = "SignatureDoesNotMatch", "Signature expired", client(alice, "/t/check/clock/+400/").get_caller_identity
    refused("a signature of long ago", *identity)
    identity = "SignatureDoesNotMatch", "not yet current", client(alice, "/t/check/clock/-400/").get_caller_identity
    refused("a signature of later", *identity)
    tell("a clock that is a bit off", bool(client(alice, "/t/check/clock/+200/").get_caller_identity()))
    with urllib.request.urlopen(env["LEAPP_BED_STS"] + "/clock/+400/fault/html/") as page:
        ahead = parsedate_to_datetime(page.headers["Date"]).timestamp() - time.time()
    tell("the Date of a shifted clock", 395 < ahead < 405, ahead)


def check_faults(alice: dict) -> None:
    """Answers that are wrong on purpose."""
    for fault, code in (
        ("500", "InternalFailure"),
        ("throttle", "Throttling"),
        ("regiondisabled", "RegionDisabledException"),
        ("idprejected", "IDPRejectedClaim"),
    ):
        refused(f"the fault {fault}", code, "", client(alice, f"/t/check/fault/{fault}/").get_caller_identity)
    once = client(alice, "/t/once/fault/once500/")
    refused("the fault once500, first", "InternalFailure", "", once.get_caller_identity)
    tell("the fault once500, then", bool(once.get_caller_identity()))
    tell("moto's own actions after once500", bool(client(alice, "/t/once/fault/once500/").get_session_token()))
    with urllib.request.urlopen(env["LEAPP_BED_STS"] + "/fault/html/") as page:
        tell("the fault html", page.status == 200 and b"<html>" in page.read())
    host, port = env["LEAPP_BED_STS"].removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(b"POST /t/h/fault/hang/ HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
        connection.settimeout(0.5)
        try:
            tell("the fault hang", False, connection.recv(1))
        except TimeoutError:
            tell("the fault hang", True)


def journal(tag: str) -> list[dict]:
    """The journal's lines of a tag."""
    lines = Path(env["LEAPP_BED_STS_LOG"]).read_text().splitlines()
    return [entry for entry in map(json.loads, lines) if entry["tag"] == tag]


def check_server(alice: dict, text: str) -> None:
    """The journal, keep-alive, many clients at once, TLS, the proxy, moto's other services."""
    tagged = client(alice, "/t/journal/")
    tags = [{"Key": "team", "Value": "red"}]
    for _ in range(2):
        tagged.assume_role(RoleArn=DEPLOY, RoleSessionName="hop", Tags=tags, ExternalId="e-1", DurationSeconds=900)
    first, second = journal("journal")
    wanted = {
        "action": "AssumeRole", "role": DEPLOY, "role_session_name": "hop", "duration": 900, "status": 200,
        "code": None, "tags": {"team": "red"}, "external_id": "e-1", "policy": False, "access_key": alice["AccessKeyId"],
    }  # fmt: skip
    tell("the journal", wanted.items() <= first.items(), first)
    tell("one connection for two requests", first["connection"] == second["connection"])

    with ThreadPoolExecutor(100) as pool:
        start = time.monotonic()
        codes = list(pool.map(bare_saml, [text] * 100))
        tell("100 clients at once", codes == [200] * 100, codes)
    print(f"   100 concurrent AssumeRoleWithSAML take {time.monotonic() - start:.2f} s")

    secure = client(alice, base=env["LEAPP_BED_STS_TLS"], verify=env["LEAPP_BED_CA"])
    tell("TLS", bool(secure.get_caller_identity()))
    try:
        with socket.create_connection(("localhost", int(env["LEAPP_BED_STS_TLS"].rpartition(":")[2]))) as plain:
            ssl.create_default_context().wrap_socket(plain, server_hostname="localhost")
        tell("TLS needs the bed's authority", False, "it was trusted without")
    except ssl.SSLCertVerificationError:
        tell("TLS needs the bed's authority", True)

    proxies = {"proxies": dict.fromkeys(("http", "https"), env["LEAPP_BED_PROXY"])}
    tell("through the proxy", bool(client(alice, config=proxies).get_caller_identity()))
    tunnel = client(alice, base=env["LEAPP_BED_STS_TLS"], verify=env["LEAPP_BED_CA"], config=proxies)
    tell("through the proxy's tunnel", bool(tunnel.get_caller_identity()))
    log = Path(env["LEAPP_BED_PROXY_LOG"]).read_text()
    tell("the proxy's log", "POST http://" in log and "CONNECT localhost:" in log, log)

    keys = {"aws_access_key_id": alice["AccessKeyId"], "aws_secret_access_key": alice["SecretAccessKey"]}
    s3 = session.client(
        "s3",
        endpoint_url=env["LEAPP_BED_STS"],
        region_name="us-east-1",
        aws_session_token=alice["SessionToken"],
        **keys,
    )
    s3.create_bucket(Bucket="state")
    s3.put_object(Bucket="state", Key="a b/c+d", Body=b"content")
    tell("S3 of moto", s3.get_object(Bucket="state", Key="a b/c+d")["Body"].read() == b"content")
    try:
        client(alice, base=env["LEAPP_BED_MINISTACK"], path="/").get_caller_identity()
        tell("ministack refuses a key that it does not know", False, "it was let through")
    except ClientError as problem:
        tell("ministack refuses a key that it does not know", "InvalidClientTokenId" in str(problem), problem)


def bare_saml(text: str) -> int:
    """AssumeRoleWithSAML without what boto3 costs. Returns the status."""
    parameters = {"Action": "AssumeRoleWithSAML", "Version": "2011-06-15", "SAMLAssertion": text}
    parameters |= {"RoleArn": f"{FIRST}:role/Admin", "PrincipalArn": f"{FIRST}:saml-provider/ssp"}
    try:
        body = urllib.parse.urlencode(parameters).encode()
        return urllib.request.urlopen(env["LEAPP_BED_STS"] + "/t/many/", body, timeout=20).status
    except urllib.error.HTTPError as answer:
        return answer.code


def check_federation(alice: dict) -> None:
    """The federation endpoint of the console."""

    def ask(path: str = "/t/federation/", **query) -> tuple[int, str]:
        try:
            url = f"{env['LEAPP_BED_STS']}{path}federation?{urllib.parse.urlencode(query)}"
            with urllib.request.urlopen(url, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as answer:
            return answer.code, answer.read().decode()

    def session(of: dict, **change) -> str:
        names = {"sessionId": "AccessKeyId", "sessionKey": "SecretAccessKey", "sessionToken": "SessionToken"}
        return json.dumps({name: of[theirs] for name, theirs in names.items()} | change)

    token = {"Action": "getSigninToken", "Session": session(alice)}
    deploy = client(alice).assume_role(RoleArn=DEPLOY, RoleSessionName="hop")["Credentials"]
    status, body = ask(**token, SessionDuration=3600)
    tell("a sign-in token", status == 200 and "SigninToken" in body, body)
    tell("a sign-in token of a chained role", ask(Action="getSigninToken", Session=session(deploy))[0] == 200)
    login = {"Action": "login", "Issuer": "x", "SigninToken": json.loads(body)["SigninToken"]}
    console = "https://eu-west-1.console.aws.amazon.com/s3/home?region=eu-west-1"
    status, body = ask(**login, Destination=console)
    tell("the console", status == 200 and "assumed-role/Admin/" in body, body)
    for name, path, query in (
        ("a wrong secret", "/", token | {"Session": session(alice, sessionKey="x")}),
        ("a wrong token", "/", token | {"Session": session(alice, sessionToken="x")}),
        ("no JSON", "/", token | {"Session": "x"}),
        ("credentials that have run out", "/clock/+50000/", token),
        ("a duration out of bounds", "/", token | {"SessionDuration": "43201"}),
        ("a duration of a chained role", "/", token | {"Session": session(deploy), "SessionDuration": "900"}),
        ("an unknown sign-in token", "/", login | {"SigninToken": "x", "Destination": console}),
        ("an old sign-in token", "/clock/+900/", login | {"Destination": console}),
        ("a destination elsewhere", "/", login | {"Destination": "https://console.aws.amazon.com.evil.example/"}),
    ):
        status, body = ask(path, **query)
        tell(f"refused by the federation endpoint: {name}", status in (400, 403), body)
    tell("no secret in the journal", "SigninToken=" not in Path(env["LEAPP_BED_STS_LOG"]).read_text())


def check_latency(alice: dict) -> None:
    """Says how long an AssumeRole takes over a connection that is open, boto3's own time included."""
    caller = client(alice, "/t/latency/")
    times = []
    for _ in range(100):
        start = time.perf_counter()
        caller.assume_role(RoleArn=DEPLOY, RoleSessionName="hop")
        times.append(time.perf_counter() - start)
    print(f"   AssumeRole takes {sorted(times)[50] * 1000:.1f} ms (median of 100, boto3 included)")


def check_assertion_command() -> None:
    """The command beside this one, for both identity providers."""
    for user, password, provider in (("solo", "solo", "ssp"), ("dave", "dave-pw", "nano")):
        command = [places.HERE / "assertion", user, password, "--idp", provider]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            tell(f"assertion {user}", False, done.stderr)
        else:
            tell(f"assertion {user}", bool(saml(done.stdout.strip(), "Solo", provider)))
    done = subprocess.run([places.HERE / "assertion", "alice", "wrong"], capture_output=True, check=False)
    tell("assertion with a wrong password", done.returncode == 1 and not done.stdout)


def main() -> int:
    if "LEAPP_BED_STS" not in env:
        places.complain("no bed here; run: tests/bed/bed run -- tests/bed/check")
        return 1
    alice = signin.sign_in(env["LEAPP_BED_SSP_URL"], "alice", "wonder")
    carol = signin.sign_in(env["LEAPP_BED_NANO_URL"], "carol", "carol-pw", totp.code("JBSWY3DPEHPK3PXP"))
    credentials = check_saml(alice, carol)
    check_chains(credentials)
    check_faults(credentials)
    check_server(credentials, alice)
    check_federation(credentials)
    check_assertion_command()
    check_latency(credentials)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
