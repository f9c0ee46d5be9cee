"""The page by keyboard, for assistive technology, on a small window, and without the right to write."""

import os
import pathlib

import pytest
from selenium.webdriver.common.keys import Keys

from page import in_page

VIEWS = ("/conversations", "/conversations/code", "/tasks", "/agents", "/search?q=page")
AXE = pathlib.Path(os.environ["COWORK_TEST_AXE"]).read_text()


def talk(lab):
    """A conversation with all that a view can show."""
    code, cowork = lab.agent("code"), lab.agent("cowork")
    lab.make_known("user")
    asked = code.call("send_message", to="cowork", content="Is the page ready?")["message_id"]
    cowork.call("read_messages")
    cowork.call("send_message", to="code", content="The page is ready:\n```swift\nlet page = Page()\n```\n" + "x" * 300, reply_to=asked)
    code.call("send_message", to="user", content="مرحبا، الصفحة page")
    for status in ("pending", "in_progress", "completed", "failed"):
        task = code.call("create_task", to="cowork", title=f"A page that is {status} " + "y" * 120, description="z" * 400)["task_id"]
        if status != "pending":
            cowork.call("update_task", task_id=task, status="in_progress")
        if status in ("completed", "failed"):
            cowork.call("update_task", task_id=task, status=status, result="Look at it.")
    code.call("send_message", to="cowork", content="More of this", task_id=task)
    return code, cowork, asked, task


def test_all_by_keyboard(lab):
    code, _, asked, task = talk(lab)
    code.call("read_messages")
    code.call("wait_for_updates", timeout_seconds=0)
    page = lab.page(lab.web())
    page.message(asked)

    def named(name):
        return lambda element: name in (element.accessible_name or "") and element.tag_name in ("a", "button")

    def field(id):
        return lambda element: element.get_attribute("id") == id

    # Write.
    page.script("document.activeElement.blur()")
    page.tab_to(field("to"))
    page.press("code")
    page.tab_to(field("text"))
    page.press("Written without a mouse")
    page.tab_to(named("Send"))
    page.press(Keys.ENTER)
    got = code.call("wait_for_updates", timeout_seconds=55)["messages"]
    assert [message["content"] for message in got] == ["Written without a mouse"]
    page.until_text("Written without a mouse")

    # Reply to what code asked the person.
    page.script("document.activeElement.blur()")
    page.tab_to(
        lambda element: (
            named("Reply")(element)
            and page.script("return arguments[0].closest('[data-message-id]')?.textContent.includes('مرحبا')", element)
        )
    )
    page.press(Keys.ENTER)
    page.until(lambda: field("text")(page.focused), "a reply does not lead to the text")
    page.press("An answer", Keys.TAB)
    page.tab_to(named("Send"))
    page.press(Keys.ENTER)
    reply = code.call("wait_for_updates", timeout_seconds=55)["messages"][0]
    assert reply["content"] == "An answer" and reply["reply_to"]

    # Read on: the conversation itself scrolls by keys.
    page.script("document.activeElement.blur()")
    page.tab_to(lambda element: page.script("return arguments[0].closest('#log') !== null", element))

    # Create a task.
    page.script("document.activeElement.blur()")
    page.tab_to(named("Tasks"))
    page.press(Keys.ENTER)
    page.until(lambda: page.script("return document.body.dataset.view") == "tasks")
    page.script("document.activeElement.blur()")
    page.tab_to(named("New task"))
    page.press(Keys.ENTER)
    page.until(
        lambda: page.script("return document.querySelector('#create').contains(document.activeElement)"), "the dialog takes no focus"
    )
    page.tab_to(field("task-to"))
    page.press("code")
    page.tab_to(field("task-title"))
    page.press("A task without a mouse")
    page.tab_to(field("task-description"))
    page.press("Typed")
    page.tab_to(named("Create task"))
    page.press(Keys.ENTER)
    created = code.call("wait_for_updates", timeout_seconds=55)["tasks"][0]
    assert (created["title"], created["description"]) == ("A task without a mouse", "Typed")

    # Its drawer has opened. Close it and open it again: the focus comes back to where it was.
    def is_open():
        return page.script("return document.querySelector('#drawer').open")

    page.until(is_open, "no drawer opens for a new task")
    page.press(Keys.ESCAPE)
    page.until(lambda: not is_open(), "Escape does not close the drawer")
    page.tab_to(lambda element: element.get_attribute("data-task-id") == created["id"])
    page.press(Keys.ENTER)
    page.until(is_open, "Enter opens no drawer")
    page.press(Keys.ESCAPE)
    page.until(lambda: not is_open(), "Escape does not close the drawer")
    page.until(lambda: page.focused.get_attribute("data-task-id") == created["id"], "the focus is lost with the drawer")


def test_read_only_shows_and_answers_nothing_that_writes(lab):
    _, _, asked, task = talk(lab)
    web = lab.web("--read-only")
    agents = lab.store.counts()
    page = lab.page(web)
    page.message(asked)
    for view in VIEWS:
        page.go(view)
        written = page.all("textarea, select, form:not([role=search]), button[type=submit]:not([role=search] *), #new-task, #send")
        shown = [element.get_attribute("outerHTML")[:200] for element in written if element.is_displayed()]
        assert not shown, f"{view}: {shown}"
        assert not [
            b.text for b in page.all("button") if b.is_displayed() and b.text in ("Reply", "Take", "Complete", "Fail", "Mark as read")
        ]
    page.go(f"/tasks/{task}")
    page.until_text("Look at it.", "#drawer")
    for path, value in (
        ("messages", {"to": "code", "content": "x", "key": "k"}),
        ("read", {}),
        ("tasks", {"to": "code", "title": "x", "description": "", "key": "k"}),
        ("task", {"id": task, "status": "failed"}),
    ):
        status, answer = web.post(f"/api/{path}", value)
        assert status == 403 and "error" in answer, path
    state = web.get("/api/state")
    assert state["read_only"] and state["as"] is None and state["unread"] is None
    assert lab.store.counts() == agents


@pytest.mark.parametrize("store", ["SQLite"], indirect=True)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_view_is_accessible_and_fits(lab, scheme):
    _, _, _, task = talk(lab)
    page = lab.page(lab.web())
    driver = page.driver
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
    backgrounds = set()
    for width in (1280, 360):
        driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride", {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False}
        )
        for view in (*VIEWS, f"/tasks/{task}"):
            page.go(view)
            page.until(lambda: page.script("return document.getAnimations().every(a => a.playState !== 'running')"))
            content, window = page.width()
            assert window == width and content <= window, f"{view} at {width} px is {content} px wide"
            driver.execute_script(AXE)
            faults = driver.execute_async_script(in_page("accessibility.js"))
            assert not faults, f"{view}, {scheme}, {width} px:\n" + "\n".join(faults)
            backgrounds.add(page.script("return getComputedStyle(document.body).backgroundColor"))
    assert len(backgrounds) == 1
    red = int(backgrounds.pop().split("(")[1].split(",")[0])
    assert red > 200 if scheme == "light" else red < 80


def test_search_finds_words_and_leads_to_the_conversation(lab):
    code, cowork, asked, _ = talk(lab)
    for number in range(60):
        code.call("send_message", to="cowork", content=f"The lighthouse, part {number}")
    page = lab.page(lab.web(), "/search")
    page.fill("#query", "lighthouse")
    page.press(Keys.ENTER)
    page.until(lambda: len(page.all("a[data-message-id]")) == 50, "the first page of results is not there")
    assert {mark.text.lower() for mark in page.all("mark")} == {"lighthouse"}
    page.click("#more")
    page.until(lambda: len(page.all("a[data-message-id]")) == 60, "the rest of the results is not there")
    assert "q=lighthouse" in page.driver.current_url
    page.fill("#query", "ready?")
    page.press(Keys.ENTER)
    page.click(f"a[data-message-id='{asked}']")
    page.until(lambda: page.script("return document.body.dataset.view") == "conversations")
    assert page.message(asked).text
    page.go("/search?q=nothing-has-this-word")
    page.until(lambda: not page.all("a[data-message-id]"))
