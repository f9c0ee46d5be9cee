"""What agents write is text, whatever it tries to be: in messages, names, tasks, hosts and names of clients."""

import uuid

from hostile import texts
from listener import Listener
from page import in_page

AT = "2026-03-01T12:00:00.000Z"


def usable(text: str) -> str:
    """No store holds a NUL, and Postgres no half of a surrogate pair."""
    return text.replace("\x00", "")


def plain(text: str) -> bool:
    """Whether the page has no reason to show a sign or a box instead."""
    return text.isprintable() and "`" not in text and text == text.strip() and len(text) < 1400


class Watch:
    """Looks at a page for anything that ran or was loaded."""

    def __init__(self, page, listener):
        self.page = page
        self.listener = listener
        page.requests(), page.complaints()

    def look(self, where: str):
        bad = self.page.script(in_page("look.js"))
        assert not bad, f"{where}: {bad[:5]}"
        elsewhere = [url for url in self.page.requests() if not url.startswith((self.page.web.address, "data:", "chrome:", "about:"))]
        assert not elsewhere, f"{where}: {elsewhere[:5]}"
        assert not self.listener.requests, f"{where}: {self.listener.requests[:5]}"
        complaints = [line for line in self.page.complaints() if "Security Policy" in line or "SEVERE" in line and "favicon" not in line]
        assert not complaints, f"{where}: {complaints[:5]}"


def test_300_texts_in_messages(lab):
    listener = lab.keep(Listener())
    written = list(map(usable, texts(listener.address)))
    web = lab.web()
    page = lab.page(web)
    watch = Watch(page, listener)
    code = lab.agent("code")
    shown, expected = {}, {}
    for start in range(0, len(written), 50):
        part = written[start : start + 50]
        if start < 100:
            rows = {code.call("send_message", to="user", content=text)["message_id"]: text for text in part if text.strip()}
        else:
            rows = {str(uuid.uuid4()): text for text in part}
            lab.store.insert(
                "messages",
                [
                    {"id": id, "sender": "code", "recipient": "cowork", "content": text, "read": 0, "created_at": AT}
                    for id, text in rows.items()
                ],
            )
        expected |= rows
        page.until(lambda: set(rows) <= set(page.script(in_page("texts.js"))), f"texts {start} and on do not appear")
        watch.look(f"texts {start} and on")
        shown |= page.script(in_page("texts.js"))
    wrong = [(text, shown[id]) for id, text in expected.items() if plain(text) and shown[id] != text]
    assert not wrong, wrong[:5]
    lost = [(text, shown[id]) for id, text in expected.items() if len(text.strip()) > 3 and text.isprintable() and not shown[id].strip()]
    assert not lost, lost[:5]
    # The same, loaded instead of live, and by the search.
    page.go("/conversations")
    page.until(page.ids)
    watch.look("loaded")
    for query in ("script", "__proto__", "<img", "onerror"):
        page.go(f"/search?q={query}")
        page.until(lambda: page.all("a[data-message-id]") or page.script("return document.body.innerText").lower().count("no "))
        watch.look(f"search for {query}")


def test_300_texts_as_names_tasks_hosts_and_clients(lab):
    listener = lab.keep(Listener())
    written = [text for text in dict.fromkeys(map(usable, texts(listener.address))) if len(text) < 1500]
    web = lab.web()
    page = lab.page(web)
    watch = Watch(page, listener)
    lab.agent("code", client="<img src=x onerror=window.__x=1>\u202e")
    # Names.
    lab.store.insert(
        "messages",
        [
            {
                "id": str(uuid.uuid4()), "sender": text, "recipient": written[-number], "content": f"from number {number}", "read": 0,
                "created_at": AT,
            }
            for number, text in enumerate(written)
        ],
    )
    lab.store.insert(
        "agents",
        [
            {"name": text, "added_at": AT, "last_seen": AT, "host": written[-number], "client": written[number // 2]}
            for number, text in enumerate(written)
            if text not in ("code", "cowork", "user")
        ],
    )
    page.until_text(f"from number {len(written) - 1}")
    watch.look("names")
    # Ids, titles, descriptions, results and notes.
    lab.store.insert(
        "tasks",
        [
            {
                "id": f"{number} {text}"[:300], "sender": "code", "recipient": text, "title": text, "description": text,
                "status": ("pending", "in_progress", "completed", "failed", text)[number % 5], "created_at": AT, "updated_at": AT,
                "result": text,
            }
            for number, text in enumerate(written)
        ],
    )
    tasks = [f"{number} {text}"[:300] for number, text in enumerate(written)]
    lab.store.insert(
        "task_events",
        [
            {"task_id": id, "at": AT, "actor": text, "from_status": "pending", "to_status": "failed", "note": text}
            for id, text in zip(tasks, written)
        ],
    )
    for view in ("/conversations", "/tasks", "/agents"):
        page.go(view)
        page.until(lambda: page.script("return document.body.dataset.view") == view[1:])
        watch.look(view)
    rows = page.script("return [...document.querySelectorAll('tr[data-agent]')].map(e => [e.dataset.agent, e.textContent])")
    assert rows
    wrong = [name for name, text in rows if plain(name) and name not in text]
    assert not wrong, wrong[:5]
    # A drawer and a conversation of each kind.
    for number in range(0, len(written), 25):
        page.go(f"/conversations?task={page.script('return encodeURIComponent(arguments[0])', tasks[number])}")
        page.until(lambda: page.script("return document.querySelector('#drawer').open"), f"there is no drawer for {tasks[number]!r}")
        watch.look(f"the drawer of {tasks[number]!r}")
        page.go(f"/conversations?agent={page.script('return encodeURIComponent(arguments[0])', written[number])}")
        watch.look(f"the conversation of {written[number]!r}")


def test_the_page_writes_what_is_typed(lab):
    """The other way: what a person types arrives byte for byte."""
    listener = lab.keep(Listener())
    code = lab.agent("code")
    web = lab.web()
    sent = [text for text in map(usable, texts(listener.address)[::10]) if text.strip()]
    for number, text in enumerate(sent):
        status, answer = web.post("/api/messages", {"to": "code", "content": text, "key": str(number)})
        assert status == 200 and not answer["duplicate"], answer
        # The same key again is the same message.
        assert web.post("/api/messages", {"to": "code", "content": text, "key": str(number)})[1]["duplicate"]
    # Half of a character that was cut is no text.
    status, answer = web.post("/api/messages", b'{"to":"code","content":"cut \\ud83d","key":"cut"}')
    assert status == 400 and "content contains half of a surrogate pair" in str(answer), answer
    assert [message["content"] for message in code.call("read_messages", limit=200)["messages"]] == sent
    # Who claims to be another is not believed.
    web.post("/api/messages", {"to": "code", "content": "as another", "key": "as", "as": "cowork", "sender": "cowork", "from": "cowork"})
    assert lab.store.ask("SELECT count(*) FROM messages WHERE sender <> 'user'") == [(0,)]
