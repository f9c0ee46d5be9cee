"""The page in a tab of the browser, as a person sees and uses it."""

from __future__ import annotations

import json
import pathlib

from selenium.webdriver import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait

SECONDS = 60


def in_page(file: str) -> str:
    """A script that runs in the page, or a page."""
    return (pathlib.Path(__file__).parent / "in_page" / file).read_text()


class Page:
    def __init__(self, driver, web, path: str = "/"):
        self.driver = driver
        self.web = web
        self._complaints: list[str] = []
        driver.switch_to.new_window("tab")
        self.tab = driver.current_window_handle
        # Without a window manager, no tab has the focus by itself.
        driver.execute_cdp_cmd("Emulation.setFocusEmulationEnabled", {"enabled": True})
        self._load(f"{web.address}/?key={web.key}")
        if path != "/":
            self._load(web.address + path)
        self.until_live()

    def _load(self, address: str):
        """Chromium gives up what it loads when a network interface comes or goes, as those of containers do. Then it loads again."""
        while True:
            self.driver.get(address)
            new = self._logged()
            if not any("ERR_NETWORK_CHANGED" in line for line in new):
                self._complaints += new
                return

    def focus(self):
        """Makes this the tab that a person looks at."""
        self.driver.switch_to.window(self.tab)
        return self

    def close(self):
        """Closes the tab. The browser keeps its first one."""
        if self.tab in self.driver.window_handles:
            self.focus()
            self.driver.close()
        self.driver.switch_to.window(self.driver.window_handles[0])

    def go(self, path: str):
        self._load(self.web.address + path)
        self.until_live()

    # What is there

    def until(self, what, why: str = "", seconds: float = SECONDS):
        """Waits until it is so; `what` is asked again whenever an element has been replaced meanwhile."""
        return WebDriverWait(self.driver, seconds, poll_frequency=0.05).until(lambda _: self._try(what), why)

    def _try(self, what):
        try:
            return what()
        except Exception as error:
            if type(error).__name__ in (
                "StaleElementReferenceException", "NoSuchElementException", "ElementNotInteractableException",
                "ElementClickInterceptedException", "IndexError",
            ):
                return None
            raise

    def until_live(self):
        self.until(
            lambda: self.script("return document.body?.dataset.connection === 'live' && 'loaded' in document.body.dataset"),
            "the page is not live",
        )

    def script(self, text: str, *arguments):
        return self.driver.execute_script(text, *arguments)

    def all(self, selector: str):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def one(self, selector: str):
        return self.until(
            lambda: next((element for element in self.all(selector) if element.is_displayed()), None), f"there is no {selector}"
        )

    def text(self, selector: str) -> str:
        return self.script("return document.querySelector(arguments[0])?.textContent ?? ''", selector)

    def until_text(self, text: str, selector: str = "#log"):
        self.until(lambda: text in self.text(selector), f"{text!r} does not appear in {selector}: {self.text(selector)[-500:]!r}")

    def ids(self) -> list[str]:
        """The messages in the conversation, in order."""
        return self.script("return [...document.querySelectorAll('#log [data-message-id]')].map(e => e.dataset.messageId)")

    def message(self, id: str):
        return self.one(f"#log [data-message-id='{id}']")

    def button(self, name: str, within: str = "body"):
        """A button by its accessible name."""
        return self.until(
            lambda: next((b for b in self.all(f"{within} button") if b.is_displayed() and name in (b.accessible_name or "")), None),
            f"there is no button {name!r} in {within}",
        )

    def cards(self, status: str) -> list[str]:
        return self.script(
            "return [...document.querySelectorAll(`section[data-status='${arguments[0]}'] [data-task-id]`)].map(e => e.dataset.taskId)",
            status,
        )

    def width(self) -> tuple[int, int]:
        """The width of the page's content, and of the window."""
        return tuple(self.script("const e = document.documentElement; return [e.scrollWidth, e.clientWidth]"))

    @property
    def title(self) -> str:
        return self.driver.title

    @property
    def focused(self):
        return self.driver.switch_to.active_element

    # What a person does

    def click(self, selector: str):
        self.until(lambda: self.one(selector).click() or True, f"{selector} cannot be clicked")

    def press_button(self, name: str, within: str = "body"):
        self.until(lambda: self.button(name, within).click() or True, f"the button {name!r} in {within} cannot be pressed")

    def hover(self, selector: str):
        self.until(lambda: ActionChains(self.driver).move_to_element(self.one(selector)).perform() or True, f"there is no {selector}")

    def fill(self, selector: str, text: str):
        field = self.one(selector)
        field.clear()
        field.send_keys(text)

    def choose(self, selector: str, value: str):
        self.until(lambda: Select(self.one(selector)).select_by_value(value) or True, f"{selector} has no {value}")

    def write(self, to: str, text: str):
        self.choose("#to", to)
        self.fill("#text", text)
        self.click("#send")

    def press(self, *keys: str):
        ActionChains(self.driver).send_keys(*keys).perform()

    def tab_to(self, what, limit: int = 150):
        """Presses Tab until an element is focused that fits."""
        for _ in range(limit):
            # What has been replaced while it was looked at is looked at again.
            found = self.until(lambda: [(element, what(element)) for element in [self.focused]])
            if found[0][1]:
                return found[0][0]
            self.press(Keys.TAB)
        raise AssertionError(f"{limit} times Tab do not lead there; the focus is on {self.focused.get_attribute('outerHTML')[:300]}")

    # What the browser noticed

    def watch(self):
        self.script(in_page("watch.js"))

    def awaits(self, text: str):
        self.script("window.awaited.push(arguments[0])", text)

    def appeared(self, text: str) -> float:
        """When the text was first shown, in milliseconds since 1970."""
        return self.until(lambda: self.script("return window.appeared[arguments[0]]", text), f"{text!r} does not appear")

    def complaints(self) -> list[str]:
        """What the browser has logged since it was asked last."""
        all, self._complaints = self._complaints + self._logged(), []
        return all

    def _logged(self) -> list[str]:
        return [f"{entry['level']}: {entry['message']}" for entry in self.driver.get_log("browser")]

    def requests(self) -> list[str]:
        """The addresses that were asked for since this was called last."""
        events = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        return [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]
