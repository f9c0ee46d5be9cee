"""Two agents on hosts of their own, with nothing in common but the database."""

import time
import unittest

from agent import Agent
from lab import Lab


class Pairing(unittest.TestCase):
    def setUp(self):
        self.lab = Lab()
        self.code = Agent(self.lab.service("code"), "code")
        self.cowork = Agent(self.lab.service("cowork"), "cowork")
        for agent in (self.code, self.cowork):
            agent.call("read_messages", limit=200)
            agent.call("wait_for_updates", timeout_seconds=0)
            self.addCleanup(agent.close)

    def test_hosts_cannot_reach_each_other(self):
        answer = self.lab.service("code").exec_run(["getent", "hosts", "cowork"])
        self.assertNotEqual(answer.exit_code, 0, answer.output)

    def test_messages_go_both_ways(self):
        for sender, receiver, name in ((self.code, self.cowork, "cowork"), (self.cowork, self.code, "code")):
            sender.call("send_message", to=name, content=f"for {name} 🧑‍🤝‍🧑")
            got = receiver.call("read_messages", wait_seconds=10)["messages"]
            self.assertEqual([message["content"] for message in got], [f"for {name} 🧑‍🤝‍🧑"])

    def test_agents_see_each_other(self):
        agents = {agent["name"]: agent for agent in self.code.call("list_agents")["agents"]}
        self.assertTrue(agents["code"]["online"] and agents["cowork"]["online"], agents)
        self.assertNotEqual(agents["code"]["host"], agents["cowork"]["host"])

    def test_a_task_goes_there_and_back_and_wakes_its_creator(self):
        task = self.code.call("create_task", to="cowork", title="Look", description="At the page")["task_id"]
        self.assertEqual([t["id"] for t in self.cowork.call("wait_for_updates", timeout_seconds=10)["tasks"]], [task])
        for status, result in (("in_progress", None), ("completed", "It is fine.")):
            waiting = self.code.start("wait_for_updates", timeout_seconds=20)
            self.cowork.call("update_task", task_id=task, status=status, **({"result": result} if result else {}))
            news = self.code.wait(waiting)["tasks"]
            self.assertEqual([(t["id"], t["status"], t["result"]) for t in news], [(task, status, result)])

    def test_a_waiting_agent_is_woken_across_hosts(self):
        took = []
        for n in range(20):
            waiting = self.cowork.start("wait_for_updates", timeout_seconds=30)
            self.cowork.call("list_agents")  # answered beside the wait, which has begun by now
            began = time.monotonic()
            self.code.call("send_message", to="cowork", content=f"{n}")
            sent = time.monotonic()
            got = self.cowork.wait(waiting)["messages"]
            took.append((time.monotonic() - began, time.monotonic() - sent))
            self.assertEqual([message["content"] for message in got], [f"{n}"])
        whole, after = sorted(t[0] for t in took), sorted(t[1] for t in took)
        print(f"\nwake-up across hosts: {whole[10] * 1000:.1f} ms from the call to the other agent (median of 20, worst {whole[-1] * 1000:.1f}); "
              f"{after[10] * 1000:.1f} ms after the sender had its reply")

    def test_a_row_typed_into_psql_wakes(self):
        waiting = self.cowork.start("read_messages", wait_seconds=30)
        self.cowork.call("list_agents")
        insert = ("INSERT INTO cowork_bridge.messages (id, sender, recipient, content, read, created_at) "
                  "VALUES (gen_random_uuid(), 'code', 'cowork', 'by hand', 0, now());")
        done = self.lab.service("postgres").exec_run(["psql", "-U", "bridge", "-d", "bridge", "-h", "127.0.0.1", "-c", insert],
                                                     environment={"PGPASSWORD": self.password()})
        self.assertEqual(done.exit_code, 0, done.output)
        began = time.monotonic()
        got = self.cowork.wait(waiting)["messages"]
        print(f"\na row typed into psql: {(time.monotonic() - began) * 1000:.1f} ms after psql had ended")
        self.assertEqual([message["content"] for message in got], ["by hand"])

    def password(self):
        return self.lab.environment(self.lab.service("postgres"))["POSTGRES_PASSWORD"]
