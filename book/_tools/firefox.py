"""Drives a Firefox as it is installed, by the protocol that it speaks itself, WebDriver BiDi.

Playwright, which drives Chromium, needs a Firefox of its own making; what readers have is another.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import websocket

START_SECONDS, ANSWER_SECONDS = 180, 120
PREFERENCES = {
    "app.update.disabledForTesting": True,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.page": 0,
    "datareporting.policy.dataSubmissionEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "network.proxy.type": 1,  # nothing leaves the machine: every other address is asked of a proxy that is not there
    "network.proxy.http": "127.0.0.1",
    "network.proxy.http_port": 9,
    "network.proxy.ssl": "127.0.0.1",
    "network.proxy.ssl_port": 9,
    "toolkit.telemetry.enabled": False,
}
KEYS = {"Tab": "\ue004", "Enter": "\ue007", "ArrowLeft": "\ue012", "ArrowRight": "\ue014"}
_LISTENING = re.compile(r"WebDriver BiDi listening on (ws://\S+)")


class Firefox:
    """A headless Firefox with a profile of its own and one open page; a context manager.

    Args:
        path: Its program.
    """

    def __init__(self, path: str) -> None:
        self.errors: list[str] = []
        """What was reported as an error since this list was last emptied."""
        self._folder = tempfile.TemporaryDirectory(prefix="firefox-", ignore_cleanup_errors=True)
        home, self._number = Path(self._folder.name), 0
        lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in PREFERENCES.items()]
        (home / "user.js").write_text("\n".join(lines), encoding="utf-8")
        self._log = home / "log.txt"
        command = [path, "--headless", "--no-remote", "--profile", str(home), "--remote-debugging-port=0"]
        environment = os.environ | {"HOME": str(home), "MOZ_HEADLESS": "1", "MOZ_CRASHREPORTER_DISABLE": "1"}
        with self._log.open("w", encoding="utf-8") as log:
            self._process = subprocess.Popen(
                command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
            )
        try:
            self._socket = websocket.create_connection(
                f"{self._address()}/session", timeout=ANSWER_SECONDS, suppress_origin=True
            )
            self._ask("session.new", capabilities={})
            self._ask("session.subscribe", events=["log.entryAdded"])
            self._page = self._ask("browsingContext.create", type="tab")["context"]
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Firefox:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the browser and removes its profile."""
        if hasattr(self, "_socket"):
            self._socket.close()
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._folder.cleanup()

    def open(self, address: str) -> None:
        """Opens an address, and waits until the page is there and drawn."""
        self._ask("browsingContext.navigate", context=self._page, url=address, wait="complete")
        self.frames()

    def resize(self, width: int, height: int = 900) -> None:
        """Gives the page another size, in CSS pixels, and waits until it is laid out."""
        self._ask("browsingContext.setViewport", context=self._page, viewport={"width": width, "height": height})
        self.frames()

    def frames(self) -> None:
        """Waits for the fonts and for two frames."""
        self.evaluate(
            "document.fonts.ready.then(() => new Promise((done) => "
            "requestAnimationFrame(() => requestAnimationFrame(() => done(0)))))"
        )

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression, awaited, as JSON can hold it."""
        target = {"context": self._page}
        wrapped = f"(async () => JSON.stringify((await ({expression})) ?? null))()"
        answer = self._ask("script.evaluate", expression=wrapped, target=target, awaitPromise=True)
        if answer["type"] == "exception":
            raise RuntimeError(answer["exceptionDetails"]["text"])
        return json.loads(answer["result"]["value"])

    def press(self, key: str) -> None:
        """Presses a key of ``KEYS`` and lets it go, as a hand would, and waits until the page has answered."""
        steps = [{"type": kind, "value": KEYS[key]} for kind in ("keyDown", "keyUp")]
        keyboard = {"type": "key", "id": "keyboard", "actions": steps}
        self._ask("input.performActions", context=self._page, actions=[keyboard])
        self.frames()

    def _address(self) -> str:
        """Where the browser listens, as it says when it has started."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            if found := _LISTENING.search(self._log.read_text(encoding="utf-8", errors="replace")):
                return found[1]
            time.sleep(0.1)
        raise RuntimeError(f"Firefox did not start: {self._log.read_text(encoding='utf-8', errors='replace')[-500:]}")

    def _ask(self, method: str, **params: Any) -> Any:
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": params}))
        while (message := json.loads(self._socket.recv())).get("id") != self._number:
            if message.get("method") == "log.entryAdded" and message["params"]["level"] == "error":
                self.errors.append(str(message["params"]["text"]))
        if message["type"] == "error":
            raise RuntimeError(f"{method}: {message['error']}: {message['message']}")
        return message["result"]
