"""A client as a process of its own, with one server at a time: session.py SETTINGS (JSON).

It works until its input says `drain`, then only reads, answers and ends tasks, after `quiet` only reads, and ends with its input.
Each text names who sent it and its number, so that a checker sees what is lost, doubled or out of order.
"""

from __future__ import annotations

import json
import os
import random
import sys
import threading
import time

from history import History
from server import Failed, Gone, Server


class Session:
    def __init__(self, settings: dict):
        self.name, self.agent = settings["name"], settings["agent"]
        self.peers = settings["peers"]
        self.command = settings["command"]
        self.pause = settings.get("pause", 0.05)
        self.tasks_share = settings.get("tasks", 0.25)
        self.random = random.Random(settings["seed"])
        self.history = History(settings["history"])
        self.log = open(settings["log"], "ab")
        self.drains = self.is_quiet = self.is_over = False
        self.server: Server | None = None
        self.servers = self.numbers = 0
        self.questions: list[dict] = []
        self.created: list[str] = []
        self.held: list[str] = []
        # Writes without an outcome yet: repeated with the same key until there is one, and in order.
        self.unfinished: list[tuple[str, dict]] = []
        self.history.add("session", session=self.name, agent=self.agent)

    def run(self) -> None:
        threading.Thread(target=self.obey, daemon=True).start()
        while not self.is_over:
            try:
                if self.server is None:
                    self.servers += 1
                    self.server = Server(self.command, self.log, self.history, self.name, self.servers)
                    self.write_pid()
                self.step()
            except Gone:
                self.server = None
                time.sleep(0.1)
            except Failed as failure:
                # What it answers is not there any more, since a file was restored.
                if "names no message" in str(failure):
                    self.unfinished.pop(0)
                time.sleep(0.2)
            time.sleep(self.random.uniform(0, 2 * self.pause))
        if self.server is not None:
            self.server.close()

    def write_pid(self) -> None:
        """For those who do it harm."""
        with open(f"{self.log.name}.pid.new", "w") as file:
            file.write(str(self.server.child.pid))
        os.rename(file.name, f"{self.log.name}.pid")

    def obey(self) -> None:
        for line in sys.stdin:
            self.drains, self.is_quiet = True, line.strip() == "quiet"
        self.is_over = True

    def step(self) -> None:
        if self.is_quiet:
            self.took("wait_for_updates", self.server.call("wait_for_updates", timeout_seconds=1))
        elif self.unfinished:
            tool, arguments = self.unfinished[0]
            result = self.server.call(tool, **arguments)
            self.unfinished.pop(0)
            self.took(tool, result)
        elif self.questions and self.random.random() < 0.8:
            question = self.questions.pop(0)
            self.write(question["sender"], "answer", reply_to=question["id"])
        elif self.random.random() < (0.8 if self.drains else self.tasks_share):
            self.work_on_tasks()
        elif self.drains or self.random.random() < 0.6:
            self.read()
        elif self.random.random() < 0.25:
            self.write(self.random.choice(self.peers), "ask", wait_seconds=self.random.choice([0, 0, 1, 3]))
        elif self.random.random() < 0.05:
            self.write("*", "all")
        else:
            self.write(self.random.choice(self.peers), "say")

    def write(self, to: str, kind: str, **more) -> None:
        self.numbers += 1
        text = f"{kind} {self.name} {self.numbers} "
        text += "ä☃😀\n\"\\" * self.random.choice([0] * 90 + [1] * 5 + [100] * 3 + [3000, 20_000])
        arguments = {"to": to, "content": text, "idempotency_key": f"{self.name} {self.numbers}", **more}
        self.unfinished.append(("send_message", {key: value for key, value in arguments.items() if value != 0}))
        self.step()

    def read(self) -> None:
        if self.random.random() < 0.5:
            result = self.server.call(
                "read_messages", limit=self.random.choice([1, 5, 50, 200]), wait_seconds=0 if self.drains else self.random.choice([0, 1]))
        else:
            result = self.server.call("wait_for_updates", timeout_seconds=0 if self.drains else 1)
        self.took("read_messages", result)

    def took(self, tool: str, result: dict) -> None:
        if tool == "create_task":
            self.created.append(result["task_id"])
        reply = [result["reply"]] if "reply" in result else []
        for message in result.get("messages", []) + reply:
            if message["content"].startswith("ask "):
                self.questions.append(message)

    def work_on_tasks(self) -> None:
        chance = self.random.random()
        if not self.drains and chance < 0.2:
            self.numbers += 1
            arguments = {"to": self.random.choice(self.peers), "title": f"task {self.name} {self.numbers}", "description": "."}
            self.unfinished.append(("create_task", {**arguments, "idempotency_key": f"{self.name} {self.numbers}"}))
            self.step()
        elif not self.drains and self.created and chance < 0.25:
            self.end(self.created.pop(self.random.randrange(len(self.created))), "failed")
        elif self.held and chance < 0.6:
            self.end(self.held.pop(0), self.random.choice(["completed", "completed", "failed"]))
        else:
            # What another session holds is tried as well, and must be refused.
            status = self.random.choice(["pending", "in_progress"])
            tasks = self.server.call("get_tasks", status=status, limit=self.random.choice([1, 10]))["tasks"]
            if tasks:
                task = self.random.choice(tasks)["id"]
                if self.random.random() < 0.1:
                    self.end(task, "completed")
                else:
                    self.server.call("update_task", task_id=task, status="in_progress")
                    self.held.append(task)

    def end(self, task: str, status: str) -> None:
        self.numbers += 1
        self.server.call("update_task", task_id=task, status=status, result=f"{self.name} {self.numbers}")


if __name__ == "__main__":
    Session(json.loads(sys.argv[1])).run()
