"""A browser that listens for DevTools: enough of the protocol to see a page and to type."""

import base64
import itertools
import json
from pathlib import Path

import websocket


class Gone(Exception):
    """The browser is not there, or not there any more."""


class Browser:
    """A connection to the browser of a profile, found by the port file that it writes."""

    def __init__(self, profile: Path):
        try:
            port, path = (profile / "DevToolsActivePort").read_text().split("\n")[:2]
            self.socket = websocket.create_connection(
                f"ws://127.0.0.1:{int(port)}{path}", timeout=10, suppress_origin=True, http_no_proxy=["127.0.0.1"]
            )
        except (OSError, ValueError, websocket.WebSocketException) as problem:
            raise Gone(str(problem)) from None
        self.numbers = itertools.count(1)
        self.sessions: dict[str, str] = {}  # of the pages that are attached, by target

    def call(self, method: str, session: str | None = None, **parameters) -> dict:
        """Send a command and wait for its answer; events are not of interest."""
        number = next(self.numbers)
        message = {"id": number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        try:
            self.socket.send(json.dumps(message))
            while True:
                text = self.socket.recv()
                if not text:
                    raise Gone("connection closed")
                answer = json.loads(text)
                if answer.get("id") == number:
                    break
        except (OSError, websocket.WebSocketException) as problem:
            raise Gone(str(problem)) from None
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error'].get('message')}")
        return answer["result"]

    def has_window(self) -> bool:
        return "Headless" not in self.call("Browser.getVersion")["userAgent"]

    def pages(self) -> list["Page"]:
        """The pages there are now."""
        found = []
        for target in self.call("Target.getTargets")["targetInfos"]:
            if target["type"] != "page":
                continue
            identity = target["targetId"]
            if identity not in self.sessions:
                attached = self.call("Target.attachToTarget", targetId=identity, flatten=True)
                self.sessions[identity] = attached["sessionId"]
            found.append(Page(self, identity, self.sessions[identity], target["url"]))
        return found


class Page:
    """A page of the browser."""

    def __init__(self, browser: Browser, target: str, session: str, url: str):
        self.browser = browser
        self.target = target
        self.session = session
        self.url = url

    def call(self, method: str, **parameters) -> dict:
        return self.browser.call(method, self.session, **parameters)

    def evaluate(self, expression: str):
        """The value of an expression in the page."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"]["text"])
        return answer["result"].get("value")

    def click(self, x: float, y: float) -> None:
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def type(self, text: str) -> None:
        for character in text:
            self.call("Input.dispatchKeyEvent", type="keyDown", text=character, key=character)
            self.call("Input.dispatchKeyEvent", type="keyUp", key=character)

    def press_enter(self) -> None:
        enter = {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13}
        self.call("Input.dispatchKeyEvent", type="keyDown", text="\r", **enter)
        self.call("Input.dispatchKeyEvent", type="keyUp", **enter)

    def screenshot(self) -> bytes:
        return base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"])

    def close(self) -> None:
        self.browser.call("Target.closeTarget", targetId=self.target)
