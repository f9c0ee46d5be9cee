"""Histories made by hand, for the tests of the checker."""

import unittest

from checker import broken_promises, figures


class Story:
    """A history. Calls follow each other, a second apart, unless they say when they begin and end."""

    def __init__(self):
        self.events, self.now, self.ids = [], 0, 0
        for session, agent in (("code-1", "code"), ("code-2", "code"), ("cowork-3", "cowork")):
            self.add("session", 0, session=session, agent=agent)
            self.add("server", 0, session=session, server=1, pid=int(session[-1]))

    def add(self, ev, t, **fields):
        self.events.append({"t": t, "ev": ev, **fields})

    def call(self, session, tool, args, start=None, end=None, **outcome):
        """With `result` or `error`; without both there is no answer."""
        self.ids += 1
        self.now = (end if end is not None else start if start is not None else self.now + 1)
        start = self.now if start is None else start
        which = {"session": session, "server": 1, "id": self.ids}
        self.add("call", start, **which, tool=tool, args=args)
        if outcome:
            self.add("ret", self.now if end is None else end, **which, **outcome)

    def sends(self, session, number, to="code", kind="say", id=None, key=None, content=None, **more):
        content = content or f"{kind} {session} {number} "
        args = {"to": to, "content": content, "idempotency_key": key or f"{session} {number}"}
        if "reply_to" in more:
            args["reply_to"] = more.pop("reply_to")
        self.call(session, "send_message", args, result={"message_id": id or f"m{number}", "to": to}, **more)

    def gets(self, session, *numbers, of="cowork-3", again=False, reply_to=None, kind="say", **more):
        agent = session.rpartition("-")[0]
        messages = [
            {"id": f"m{number}", "sender": of.rpartition("-")[0], "recipient": agent, "content": f"{kind} {of} {number} ",
             "reply_to": reply_to, "redelivered": again} for number in numbers]
        self.call(session, "read_messages", {}, result={"messages": messages}, **more)

    def finds_none(self, session, **more):
        """A look that finds no unread message, also none that is kept for another session."""
        self.call(session, "read_messages", {}, result={"messages": [], "remaining": 0, "elsewhere": 0}, **more)

    def dies(self, session):
        self.now += 1
        self.add("died", self.now, session=session)

    def idles(self, session, **more):
        self.call(session, "list_agents", {}, result={}, **more)

    def creates(self, session="cowork-3", to="code", **more):
        self.call(session, "create_task", {"to": to, "idempotency_key": "t"}, result={"task_id": "t1", "status": "pending"}, **more)

    def moves(self, session, status, result=None, **more):
        task = {"id": "t1", "sender": "cowork", "recipient": "code", "status": status, "result": result}
        self.call(session, "update_task", {"task_id": "t1", "status": status, "result": result}, result=task, **more)

    def is_told(self, session, status, result=None, **more):
        self.call(session, "wait_for_updates", {"timeout_seconds": 1}, result={
            "messages": [], "tasks": [{"id": "t1", "sender": "cowork", "recipient": "code", "status": status, "result": result}]}, **more)

    def fault(self, kind, target="*", start=0, end=1000, **more):
        self.add("fault", start, kind=kind, target=target, until=end, **more)

    def ends(self, messages=None, tasks=None, set_aside=(), check="ok"):
        self.now += 1
        self.add("end", self.now)
        self.add("final", self.now + 1, messages=messages or {}, tasks=tasks or {}, set_aside=list(set_aside), check=check)

    def broken(self):
        return [broken.promise for broken in broken_promises(self.events)]


class CheckerCase(unittest.TestCase):
    def setUp(self):
        self.story = Story()

    def finds(self, *promises):
        self.assertEqual(self.story.broken(), list(promises))
        figures(self.story.events)
