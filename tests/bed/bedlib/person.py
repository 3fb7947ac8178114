"""Plays the human at a sign-in page, in a browser that somebody else has started.

The browser must have been started with --remote-debugging-port=0; it then
writes the port into its profile, where this program waits for it. A browser
may end and another start on the same profile: this program goes on with that.

It ends with 0 once it has signed in (or closed the window) and the sign-in
page has gone, and with 1 when that did not come to pass.
"""

import argparse
import re
import sys
import time
from pathlib import Path

from . import places, totp
from .devtools import Browser, Gone, Page

PAUSE = 0.05
AWS_SIGN_IN = re.compile(r"https://[a-z0-9.-]*signin\.(aws\.amazon\.com|amazonaws)[^/]*/saml")

# What a person sees of a page: which fields of a sign-in form are there, and empty.
LOOK = """(() => {
  if (document.readyState !== 'complete') return null; // its scripts may still move the focus
  const names = [];
  for (const input of document.querySelectorAll('input')) {
    const box = input.getBoundingClientRect();
    if (['username', 'password', 'totp_code'].includes(input.name) && input.type !== 'hidden'
        && box.width > 0 && box.height > 0 && !input.value) {
      names.push(input.name);
    }
  }
  return {page: performance.timeOrigin, fields: names};
})()"""

# Where a field is, once it is in sight.
FIND = """((name) => {
  const input = document.querySelector(`input[name=${name}]`);
  input.scrollIntoView({block: 'center'});
  const place = input.getBoundingClientRect();
  return [place.x + place.width / 2, place.y + place.height / 2];
})"""


class GivenUp(Exception):
    """There is no way on."""


class Person:
    """Knows a name, a password, perhaps a code; remembers what was typed already."""

    def __init__(self, options: argparse.Namespace):
        self.options = options
        self.seen_pages: set[tuple[str, float]] = set()
        self.typed: set[str] = set()
        self.done = False

    def act(self, browser: Browser) -> None:
        """Look at each page once and do what it asks for."""
        for page in browser.pages():
            try:
                self.act_on(page)
            except RuntimeError:
                continue  # the page went away or changed under our hands

    def act_on(self, page: Page) -> None:
        sight = page.evaluate(LOOK)
        if sight is None:
            return
        if "password" in self.typed and AWS_SIGN_IN.match(page.url):
            self.done = True
        identity = (page.target, sight["page"])
        if not sight["fields"] or identity in self.seen_pages:
            return
        self.seen_pages.add(identity)
        if self.options.screenshot:
            Path(self.options.screenshot).write_bytes(page.screenshot())
            self.options.screenshot = None
        if self.options.close_window:
            self.done = True
            page.close()
            return
        self.fill_in(page, sight["fields"])

    def fill_in(self, page: Page, fields: list[str]) -> None:
        for name in fields:
            if name in self.typed:
                raise GivenUp(f"the page asks again for {name}")
            self.typed.add(name)
            page.click(*page.evaluate(f"{FIND}('{name}')"))
            page.type(self.answer(name))
        page.press_enter()

    def answer(self, name: str) -> str:
        if name == "totp_code":
            if not self.options.totp:
                raise GivenUp("the page asks for a code, and no --totp was given")
            return totp.code(self.options.totp)
        return self.options.user if name == "username" else self.options.password


def attend(person: Person, profile: Path, deadline: float, window: bool) -> None:
    """Act in one browser after the other until all is done."""
    while time.monotonic() < deadline:
        try:
            browser = Browser(profile)
            if window and not browser.has_window():
                time.sleep(PAUSE)
                continue
            while not person.done and time.monotonic() < deadline:
                person.act(browser)
                time.sleep(PAUSE)
        except Gone:
            # the one who started the browser has ended it: signed in, or about to start another
            person.done = person.done or "password" in person.typed
        if person.done:
            return
        time.sleep(PAUSE)
    raise GivenUp("time is up" if person.typed else "time is up, and there was no sign-in page")


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="person", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("profile", type=Path, help="the browser's profile directory")
    parser.add_argument("--user", default="")
    parser.add_argument("--password", default="")
    parser.add_argument("--totp", metavar="SECRET", help="the authenticator's secret, in base32")
    parser.add_argument("--close-window", action="store_true", help="close the sign-in page instead")
    parser.add_argument("--screenshot", metavar="FILE", help="save a picture of the first sign-in page before acting")
    parser.add_argument("--window", action="store_true", help="act only in a browser that shows a window")
    parser.add_argument("--timeout", type=float, default=60, metavar="SECONDS")
    options = parser.parse_args()
    if not options.close_window and not (options.user and options.password):
        parser.error("give --user and --password, or --close-window")
    try:
        attend(Person(options), options.profile, time.monotonic() + options.timeout, options.window)
    except GivenUp as problem:
        places.complain(f"the person gives up: {problem}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
