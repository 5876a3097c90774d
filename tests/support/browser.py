"""Headless Chromium that opens pages from files and reaches nothing else."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium.webdriver import ActionChains, Chrome
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement

DESKTOP = (1440, 900)
PHONE = (390, 844)
PATIENCE = 120.0  # seconds
_FLAGS = (
    "--headless=new",
    "--disable-gpu",
    "--disable-dev-shm-usage",  # a container's /dev/shm is too small for it
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND",
)
_SEEN = "[...document.querySelectorAll(arguments[0])].filter((each) => each.checkVisibility())"
_PLACE = """
  arguments[0].scrollIntoView({block: "center"});
  const box = arguments[0].getBoundingClientRect();
  return {x: box.x + box.width / 2, y: box.y + box.height / 2};
"""
# WCAG 2: relative luminance of two colours, and their contrast.
_CONTRAST = """
  const [text, ground] = [...arguments].map((colour) => {
    const parts = colour.match(/[\\d.]+/g).slice(0, 3).map((part) => part / 255)
      .map((part) => part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
  });
  return (Math.max(text, ground) + 0.05) / (Math.min(text, ground) + 0.05);
"""


class Browser:
    """One page at a time, as a person sees and uses it."""

    def __init__(self, driver: Chrome) -> None:
        self._driver = driver

    def open(self, page: Path, *, size: tuple[int, int] = DESKTOP, dark: bool = False) -> None:
        width, height = size
        shape = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self._driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", shape)
        touch = {"enabled": width < 600}
        self._driver.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", touch)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
        self._driver.get(page.as_uri())

    def complaints(self) -> list[str]:
        """What the page made the browser write on its console since the last question."""
        entries = self._driver.execute("getLog", {"type": "browser"})["value"]
        return [str(entry["message"]) for entry in entries]

    @property
    def title(self) -> str:
        return self._driver.title

    def seen(self, selector: str) -> list[WebElement]:
        """The matching elements that are shown."""
        found: list[WebElement] = self.ask(f"return {_SEEN}", selector)
        return found

    def count(self, selector: str) -> int:
        """How many they are; a page of many hosts has thousands of parts, too many to hand over."""
        return int(self.ask(f"return {_SEEN}.length", selector))

    def text(self, selector: str) -> str:
        return self.seen(selector)[0].text

    def tells(self, beginning: str) -> bool:
        """Whether the line under the picture comes to begin so; a finger's event takes a moment."""
        until = time.monotonic() + PATIENCE
        while not self.text("figcaption").startswith(beginning):
            if time.monotonic() > until:
                return False
            time.sleep(0.05)
        return True

    def hover(self, selector: str) -> None:
        self._mouse("mouseMoved", self._in_the_middle(selector))

    def click(self, selector: str) -> None:
        place = self._in_the_middle(selector)
        for event in ("mouseMoved", "mousePressed", "mouseReleased"):
            self._mouse(event, place)

    def tap(self, selector: str) -> None:
        """With a finger."""
        place = self._in_the_middle(selector)
        for event, points in (("touchStart", [place]), ("touchEnd", [])):
            touch = {"type": event, "touchPoints": points}
            self._driver.execute_cdp_cmd("Input.dispatchTouchEvent", touch)

    def press(self, key: str = Keys.TAB) -> None:
        ActionChains(self._driver).send_keys(key).perform()

    def contrast(self, text: str, ground: str) -> float:
        """Between the fill of a drawn text and that of a drawn ground."""
        colours = [self.seen(each)[0].value_of_css_property("fill") for each in (text, ground)]
        return float(self.ask(_CONTRAST, *colours))

    def ask(self, script: str, *arguments: object) -> Any:
        return self._driver.execute_script(script, *arguments)

    def _mouse(self, event: str, place: dict[str, float]) -> None:
        told = {"type": event, **place, "button": "left", "clickCount": 1}
        if event == "mouseMoved":
            told = {"type": event, **place}
        self._driver.execute_cdp_cmd("Input.dispatchMouseEvent", told)

    def _in_the_middle(self, selector: str) -> dict[str, float]:
        """Scroll there; where it then is in the window. WebDriver's own pointer misses in SVG."""
        place: dict[str, float] = self.ask(_PLACE, self.seen(selector)[0])
        return place


@contextmanager
def browser(home: Path) -> Iterator[Browser]:
    """A browser whose profile is in `home`; it ends with the block."""
    options = Options()
    options.binary_location = _found("chromium")
    for flag in (*_FLAGS, f"--user-data-dir={home / 'profile'}"):
        options.add_argument(flag)
    if os.geteuid() == 0:
        options.add_argument("--no-sandbox")  # Chromium makes none for root; the pages are ours
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    service = Service(_found("chromedriver"), env={**os.environ, "HOME": str(home)})
    driver = Chrome(options=options, service=service)
    driver.set_script_timeout(PATIENCE)
    try:
        yield Browser(driver)
    finally:
        driver.quit()


def _found(command: str) -> str:
    return shutil.which(command) or command
