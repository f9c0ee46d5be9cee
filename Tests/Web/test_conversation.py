"""Messages between agents and a person, in the page."""

import statistics
import uuid

from page import in_page


def messages(count: int, content: str = "message {}", sender: str = "code", recipient: str = "cowork") -> list[dict]:
    """Rows of read messages, each a second later than the one before."""
    return [
        {
            "id": str(uuid.uuid4()), "sender": sender, "recipient": recipient, "content": content.format(number), "read": 1,
            "created_at": f"2026-01-{1 + number // 86400:02}T{number // 3600 % 24:02}:{number // 60 % 60:02}:{number % 60:02}.000Z",
        }
        for number in range(count)
    ]


def test_a_message_of_an_agent_appears_at_once(lab):
    code, cowork = lab.agent("code"), lab.agent("cowork")
    page = lab.page(lab.web())
    page.watch()
    times = []
    for number in range(20):
        text = f"How far are you with part {number}?"
        page.awaits(text)
        _, committed = code.timed("send_message", to="cowork", content=text)
        times.append(page.appeared(text) - committed)
    cowork.call("read_messages", limit=50)
    median, least, most = statistics.median(times), min(times), max(times)
    print(f"\n{lab.store.name}: shown {median:.0f} ms after the tool's reply (median of 20; {least:.0f} to {most:.0f})")
    assert page.text("#log").count("How far are you with part") == 20


def test_a_message_of_a_person_wakes_a_waiting_agent(lab):
    code = lab.agent("code")
    page = lab.page(lab.web())
    waiting = code.start("wait_for_updates", timeout_seconds=55)
    page.write("code", "Please stop, and look at the failing build first.")
    news = code.wait(waiting)
    assert [(m["sender"], m["content"]) for m in news["messages"]] == [("user", "Please stop, and look at the failing build first.")]
    page.until_text("Please stop, and look at the failing build first.")
    assert page.one("#text").get_property("value") == ""


def test_a_reply_is_joined_to_what_it_answers(lab):
    code = lab.agent("code")
    page = lab.page(lab.web())
    asked = code.call("send_message", to="user", content="Shall I use the new colours?")["message_id"]
    page.hover(f"[data-message-id='{asked}']")
    page.press_button("Reply", f"[data-message-id='{asked}']")
    page.until(lambda: page.text("#context"))
    page.fill("#text", "Yes, everywhere.")
    page.click("#send")
    got = code.call("wait_for_updates", timeout_seconds=55)["messages"]
    assert [(m["content"], m["reply_to"]) for m in got] == [("Yes, everywhere.", asked)]
    page.until_text("Yes, everywhere.")


def test_what_is_unread_is_in_the_title_and_seen_messages_are_marked(lab):
    code = lab.agent("code")
    web = lab.web()
    page = lab.page(web, "/tasks")
    assert "(" not in page.title
    ids = [code.call("send_message", to="user", content=f"question {n}")["message_id"] for n in range(3)]
    page.until(lambda: "(3)" in page.title, "the title does not count three messages")
    page.go("/conversations")
    page.until(lambda: "(" not in page.title, "the title still counts messages that are shown")
    assert lab.store.ask(f"SELECT count(*) FROM messages WHERE id IN ({', '.join(repr(id) for id in ids)}) AND read = 1") == [(3,)]
    # What the page sends is unread until the agent takes it.
    page.write("code", "One answer to all three.")
    page.until_text("One answer to all three.")
    mine = page.ids()[-1]
    assert page.message(mine).get_attribute("data-unread") is not None
    code.call("read_messages")
    page.until(lambda: page.message(mine).get_attribute("data-unread") is None, "a message that was read is not marked")


def test_rows_by_hand_appear(lab):
    page = lab.page(lab.web())
    # As the README has it.
    now = "datetime('now')" if lab.store.name == "SQLite" else "now()"
    lab.store.by_hand(
        f"INSERT INTO messages (id, sender, recipient, content, read, created_at) "
        f"VALUES ('{uuid.uuid4()}', 'cowork', 'code', 'Hello by hand', 0, {now})"
    )
    page.until_text("Hello by hand")
    task = str(uuid.uuid4())
    lab.store.by_hand(
        f"INSERT INTO tasks (id, sender, recipient, title, description, status, created_at, updated_at) "
        f"VALUES ('{task}', 'code', 'cowork', 'Look by hand', 'At the page', 'pending', {now}, {now})"
    )
    page.go("/tasks")
    page.until(lambda: task in page.cards("pending"))
    lab.store.by_hand(f"UPDATE tasks SET status = 'completed', result = 'fine', updated_at = {now} WHERE id = '{task}'")
    page.until(lambda: task in page.cards("completed"), "a change by hand does not appear")


def test_scrolling_back_through_10_000_messages(lab):
    web = lab.web()
    rows = messages(10_000)
    lab.store.insert("messages", rows)
    page = lab.page(web)
    page.until_text("message 9999")
    result = page.driver.execute_async_script(in_page("scroll_back.js"), len(rows))
    print(f"\n{lab.store.name}: at most {result['most']} elements")
    assert result["seen"] == [row["id"] for row in rows]
    assert result["most"] < 10_000
    # Back at the end, the newest is there again, and the page is still live.
    lab.store.insert("messages", [{**messages(1, "the newest")[0], "created_at": "2026-02-01T00:00:00.000Z"}])
    page.click("#newest")
    page.until_text("the newest")


def test_what_waits_is_shown_on_every_view(lab):
    code = lab.agent("code")
    page = lab.page(lab.web(), "/tasks")
    code.call("send_message", to="user", content="one")
    code.call("send_message", to="user", content="two")
    page.until_text("2 for you", "#waiting")
    # In Conversations, at who wrote them; once they are shown, nowhere.
    page.script("document.hasFocus = () => false")
    page.click(".views [data-to='conversations']")
    page.until_text("2 for you", "#agentlist [data-agent='code']")
    page.script("delete document.hasFocus; window.dispatchEvent(new Event('focus'))")
    page.until(lambda: not page.all("#agentlist .badge") and not page.all("#waiting:not([hidden])"), "they still wait")


def test_a_day_is_said_wherever_it_changes(lab):
    lab.agent("code")
    page = lab.page(lab.web())
    for text, day in (("a", 3), ("b", 3), ("c", 5), ("d", 3), ("e", None), ("f", 3), ("g", 5)):
        row = messages(1, text)[0]
        lab.store.insert("messages", [{**row, "created_at": f"2026-01-0{day}T12:00:00.000Z" if day else "soon"}])
        page.until_text(text, "#log .message:last-child .text")
    shown = "return [...document.querySelectorAll('#log > .day, #log .text')].map(e => e.matches('.day') ? '-' : e.textContent).join('')"
    assert page.script(shown) == "-ab-c-def-g"
    page.go("/conversations")
    page.until(lambda: page.script(shown) == "-ab-c-def-g", "the days are others when the page is loaded again")


def test_what_arrives_is_in_the_order_of_what_is_loaded(lab):
    code, cowork = lab.agent("code"), lab.agent("cowork")
    page = lab.page(lab.web())
    code.call("send_message", to="cowork", content="newest by its time")
    task = code.call("create_task", to="cowork", title="A task of today", description="")["task_id"]
    # Rows of an earlier day come in, as an import of them does.
    lab.store.insert("messages", messages(5, "earlier {}"))
    page.until_text("earlier 4")
    cowork.call("update_task", task_id=task, status="in_progress")
    page.until_text("cowork took A task of today")
    shown = "return [...document.querySelectorAll('#log > *')].map(e => (e.querySelector('.text, .what') ?? e).textContent)"
    live = page.script(shown)
    page.go("/conversations")
    page.until_text("cowork took A task of today")
    assert page.script(shown) == live and len(live) > 7


def test_a_draft_of_many_lines_is_seen_whole_again(lab):
    lab.agent("code")
    page = lab.page(lab.web(), "/conversations/code")
    page.fill("#text", "one\ntwo\nthree\nfour")
    whole = "const t = document.getElementById('text'); return t.value.split('\\n').length === 4 && t.clientHeight === t.scrollHeight"
    page.until(lambda: page.script(whole), "the box does not grow")
    page.go("/conversations/code")
    page.until(lambda: page.script(whole), "the box of the draft has not grown")
    page.click(".views [data-to='tasks']")
    page.driver.back()
    page.until(lambda: page.script(whole), "the box of the draft is small after another view")
