"""Signs in at an identity provider over plain HTTP, filling in its forms as a browser would."""

import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookiejar import CookieJar

MAX_PAGES = 8


class Refused(Exception):
    """The identity provider did not let the user in."""


@dataclass
class Form:
    """A form of a page: where it goes, and its fields with their values."""

    action: str = ""
    fields: dict[str, str] = field(default_factory=dict)


class _Forms(HTMLParser):
    """Collects the forms of a page."""

    def __init__(self):
        super().__init__()
        self.forms: list[Form] = []

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        if tag == "form":
            self.forms.append(Form(attributes.get("action") or ""))
        elif tag == "input" and self.forms and attributes.get("name") and attributes.get("type") != "submit":
            self.forms[-1].fields[attributes["name"]] = attributes.get("value") or ""


def _forms(page: str) -> list[Form]:
    parser = _Forms()
    parser.feed(page)
    return parser.forms


def sign_in(url: str, user: str, password: str, totp: str | None = None) -> str:
    """Sign in and return the SAMLResponse of the form that would be posted to AWS."""
    answers = {"username": user, "password": password} | ({"totp_code": totp} if totp else {})
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(CookieJar())
    )
    data = None
    asked: set[frozenset[str]] = set()
    for _ in range(MAX_PAGES):
        with opener.open(url, data, timeout=30) as page:
            url = page.url
            forms = _forms(page.read().decode())
        for form in forms:
            if "SAMLResponse" in form.fields:
                return form.fields["SAMLResponse"]
        form = next((form for form in forms if form.fields.keys() & answers.keys()), None)
        if form is None:
            raise Refused(f"{url} has no form to fill in")
        fill = frozenset(name for name in form.fields if name in answers and not form.fields[name])
        if fill in asked:
            raise Refused(f"{url} asks again for {', '.join(sorted(fill))}")
        asked.add(fill)
        form.fields.update((name, answers[name]) for name in fill)
        url = urllib.parse.urljoin(url, form.action)
        data = urllib.parse.urlencode(form.fields).encode()
    raise Refused(f"{url} did not come to an end")
