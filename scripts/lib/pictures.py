"""Makes pictures of the page and of `watch` while two real servers talk: pictures.py PROGRAM FOLDER"""

import fcntl
import os
import pathlib
import pty
import re
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import threading

import browser
from agent import Agent
from page import Page
from PIL import Image
from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text
from stores import free_port
from web import Web

COLUMNS = 112
SCHEMES = {"light": "", "dark": "-dark"}


class Terminal:
    """A command in a terminal of its own; `shown` is what it printed."""

    def __init__(self, command, environment):
        self._main, side = pty.openpty()
        fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack("HHHH", 50, COLUMNS, 0, 0))
        self._process = subprocess.Popen(
            command, env=environment, stdin=side, stdout=side, stderr=subprocess.DEVNULL, start_new_session=True
        )
        os.close(side)
        self.shown = ""
        self._changed = threading.Condition()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self):
        data = b""
        try:
            while part := os.read(self._main, 65536):
                data += part
                with self._changed:
                    self.shown = data.decode(errors="replace")
                    self._changed.notify_all()
        except OSError:
            pass  # the other end is closed

    def until(self, text):
        with self._changed:
            assert self._changed.wait_for(lambda: text in self.shown, 30), f"{text!r} is not in {self.shown!r}"

    def close(self):
        self._process.send_signal(signal.SIGINT)
        self._process.wait(20)
        self._reader.join(20)
        os.close(self._main)


def draw(title, shown, file):
    """The terminal as an SVG that loads nothing from elsewhere."""
    console = Console(width=COLUMNS, record=True, file=open(os.devnull, "w"), force_terminal=True)
    console.print(Text.from_ansi(shown.replace("\r\n", "\n").strip("\n")))
    picture = console.export_svg(title=title, theme=MONOKAI, unique_id="watch")
    picture = re.sub(r"@font-face \{.*?\}\s*", "", picture, flags=re.S)
    file.write_text(picture.replace("Fira Code", "ui-monospace, SFMono-Regular, Menlo, Consolas, DejaVu Sans Mono"))


def take(page, scheme, height, file):
    """The page as a picture of few colours, which is small."""
    size = {"width": 1280, "height": height, "deviceScaleFactor": 2, "mobile": False}
    page.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
    page.until(lambda: page.script("return document.getAnimations().every(a => a.playState !== 'running')"))
    page.driver.save_screenshot(str(file))
    with Image.open(file) as picture:
        picture.convert("RGB").quantize(128, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(file, optimize=True)


def talk(code, cowork, page):
    """A piece of work: a question, two tasks, a word of the person in between. Each step waits until the one before has been read."""

    def told(agent, **expected):
        news = agent.call("wait_for_updates", timeout_seconds=55)
        return (news["messages"] + news["tasks"])[0]["id"]

    code.call(
        "send_message",
        to="cowork",
        content="The export writes dates in local time, and the importer reads them as UTC. Which side is right?",
    )
    asked = told(cowork)
    cowork.call(
        "send_message",
        to="code",
        reply_to=asked,
        content=(
            "UTC is. The report says so in section 3, and two customers parse it. I would mend the export and leave the importer alone."
        ),
    )
    told(code)
    dates = code.call(
        "create_task",
        to="cowork",
        title="Correct the dates in the March reports",
        description=("After the fix, export the three reports of March again and compare the totals with the old files."),
    )["task_id"]
    told(cowork)
    cowork.call("update_task", task_id=dates, status="in_progress")
    told(code)
    code.call(
        "send_message",
        to="cowork",
        task_id=dates,
        content=(
            "Fixed on branch `export-utc`:\n```swift\nlet formatter = ISO8601DateFormatter()\nformatter.timeZone = .gmt\n"
            "```\nAll 214 tests pass. You can export."
        ),
    )
    told(cowork)
    page.write("cowork", "Please keep the old files, accounting has links to them.")
    kept = told(cowork)
    cowork.call("send_message", to="user", reply_to=kept, content="They stay where they are. The new ones end in `-utc`.")
    page.until_text("They stay where they are.")
    cowork.call(
        "update_task",
        task_id=dates,
        status="completed",
        result="Three reports exported. Totals agree; 41 rows moved to another day, listed in diff.csv.",
    )
    told(code)
    code.call(
        "create_task",
        to="cowork",
        title="Tell the two customers about the change",
        description="A short mail with the date and an example.",
    )
    told(cowork)
    rest = cowork.call("create_task", to="code", title="Add a test for summer time", description="The night of 29 March, both hours.")[
        "task_id"
    ]
    told(code)
    code.call("update_task", task_id=rest, status="in_progress")
    told(cowork)
    code.call("send_message", to="user", content="The export is corrected. May I merge `export-utc` today?")
    page.until_text("May I merge")
    return dates


def main(program, folder):
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home:
        environment = {"HOME": home, "PATH": os.environ["PATH"], "LANG": "C.UTF-8", "TERM": "xterm-256color", "TZ": "UTC"}
        code = Agent([program, "code"], environment, client="claude-code")
        cowork = Agent([program, "cowork"], environment, client="claude-desktop")
        web = Web(program, environment, free_port())
        watch = Terminal([program, "watch"], environment)
        driver = browser.start(TZ="UTC")
        page = Page(driver, web)
        task = talk(code, cowork, page)
        watch.until("May I merge")
        # All is read, the last message by the person.
        page.until(lambda: page.script("return !document.querySelector('[data-message-id][data-unread]') && document.title[0] !== '('"))
        for scheme, suffix in SCHEMES.items():
            take(page, scheme, 960, folder / f"web{suffix}.png")
        page.go("/tasks")
        page.until(lambda: page.cards("completed") == [task])
        for scheme, suffix in SCHEMES.items():
            take(page, scheme, 400, folder / f"tasks{suffix}.png")
        for thing in (page, watch, web, cowork, code):
            thing.close()
        driver.quit()
        draw("cowork-code-mcp-server watch", watch.shown, folder / "watch.svg")


main(str(pathlib.Path(sys.argv[1]).resolve()), pathlib.Path(sys.argv[2]))
