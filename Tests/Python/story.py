"""The tests that run in every generation and mode of the SDK; `agent` is a small wrapper around a client."""

import anyio


async def all_tools(code, cowork):
    """Each of the eight tools, as two agents use them."""
    with anyio.fail_after(15):
        # A server publishes itself beside its first calls.
        while not {agent["name"]: agent["online"] for agent in (await code.call("list_agents"))["agents"]}["cowork"]:
            pass
    receipt = await code.call("send_message", to="cowork", content="How far? 🙂\u2028", idempotency_key="one")
    assert receipt["to"] == "cowork" and receipt["recipient_online"] and not receipt["duplicate"]
    assert (await code.call("send_message", recipient="cowork", content="How far? 🙂\u2028", idempotency_key="one"))["duplicate"]
    agents = {agent["name"]: agent for agent in (await code.call("list_agents"))["agents"]}
    assert agents["cowork"]["unread_messages"] == 1 and agents["cowork"]["online"]
    read = await cowork.call("read_messages")
    assert [message["content"] for message in read["messages"]] == ["How far? 🙂\u2028"] and read["remaining"] == 0
    await cowork.call("send_message", to="code", content="Half way", reply_to=receipt["message_id"])
    news = await code.call("wait_for_updates", timeout_seconds=10)
    assert [message["reply_to"] for message in news["messages"]] == [receipt["message_id"]] and not news["timed_out"]

    task = await code.call("create_task", to="cowork", title="Review", description="Look at it.")
    assert task["status"] == "pending"
    assert (await cowork.call("list_agents"))["unread"] == {"messages": 0, "tasks": 1}
    assert [entry["id"] for entry in (await cowork.call("get_tasks"))["tasks"]] == [task["task_id"]]
    taken = await cowork.call("update_task", task_id=task["task_id"], status="in_progress")
    assert taken["holder"].startswith("cowork@")
    await cowork.call("update_task", task_id=task["task_id"], status="completed", result="all well")
    shown = await code.call("get_tasks", task_id=task["task_id"])
    assert [event["to"] for event in shown["history"]] == ["pending", "in_progress", "completed"]
    assert (await code.call("get_tasks", role="creator", status="completed"))["tasks"][0]["result"] == "all well"
    found = await code.call("search_history", query="how far")
    assert [message["read"] for message in found["messages"]] == [True]
    assert (await code.call("wait_for_updates", timeout_seconds=0))["timed_out"]


async def refusals(code):
    """A refused call says why, and the connection lives on."""
    assert "`to`" in await code.refused("send_message", content="x")
    assert "`limit`" in await code.refused("read_messages", limit=0)
    assert "nobody" in await code.refused("send_message", to="nobody", content="x")
    assert "nonsense" in await code.refused("list_agents", nonsense=1)
    assert (await code.call("list_agents"))["self"] == "code"


async def cancellation(code, cowork, database):
    """A call that the client gives up takes nothing; the next one gets what came."""
    with anyio.move_on_after(0.5) as scope:
        await cowork.call("wait_for_updates", timeout_seconds=50)
    assert scope.cancelled_caught
    assert (await cowork.call("list_agents"))["self"] == "cowork"
    await code.call("send_message", to="cowork", content="later")
    assert database("SELECT read FROM messages") == [(0,)]
    read = await cowork.call("read_messages", wait_seconds=10)
    assert [(message["content"], message["redelivered"]) for message in read["messages"]] == [("later", False)]


async def progress(cowork):
    """A long wait reports each 5 s how long it has lasted, rising."""
    reports = []

    async def note(done, total, message):
        reports.append((done, total, message))

    assert (await cowork.call("wait_for_updates", progress=note, timeout_seconds=6))["timed_out"]
    assert reports == [(5.0, 6.0, "waiting")]
