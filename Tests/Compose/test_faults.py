"""What goes wrong between hosts, and that nothing is lost by it."""

import threading
import unittest

from agent import Agent, Gone, ToolFailed
from lab import Lab, until


class Faults(unittest.TestCase):
    def setUp(self):
        self.lab = Lab()
        self.lab.remove_victims()
        self.addCleanup(self.lab.remove_victims)

    def agent(self, container, identity, **environment) -> Agent:
        agent = Agent(container, identity, environment)
        self.addCleanup(agent.close)
        return agent

    def test_an_agents_host_is_killed_and_started_again(self):
        host = self.lab.victim("code", "killed-host", ["code-host"], COWORK_WORKSPACE="killed-host")
        sender = self.agent(self.lab.service("cowork"), "cowork", COWORK_WORKSPACE="killed-host")
        sent, seen = [], []
        for round in range(5):
            receiver = self.agent(host, "code")
            for n in range(10):
                sent.append(f"{round}.{n}")
                sender.call("send_message", to="code", content=sent[-1])
            taking = receiver.start("read_messages", limit=7)
            if round % 2:
                seen += self.contents(receiver.wait(taking))
            host.kill("SIGKILL")
            until("the host is down", lambda: self.status(host) == "exited")
            host.start()
            if not round % 2:
                seen += self.what_came(receiver, taking)
        receiver = self.agent(host, "code")
        seen += self.read_all(receiver, "what was taken by the killed ones comes again", lambda got: set(sent) <= set(seen + got))
        self.assertEqual(set(seen), set(sent))
        again = len(seen) - len(set(seen))
        print(f"\n5 kills of a host: {len(sent)} sent, none lost, {again} came again")

    def test_postgres_restarts_under_load(self):
        database = self.lab.victim("postgres", "restarted-postgres", ["code-host", "cowork-host"])
        url = {"COWORK_DATABASE_URL": f"postgres://bridge@{database.name}/bridge"}
        accepted, received = [], []
        until("the database is there", lambda: self.agent(self.lab.service("code"), "code", **url).call("list_agents"))
        sender = self.agent(self.lab.service("code"), "code", **url)
        receiver = self.agent(self.lab.service("cowork"), "cowork", **url)
        done = threading.Event()

        def send():
            n = 0
            while not done.is_set():
                try:
                    sender.call("send_message", to="cowork", content=f"{n}", idempotency_key=f"{n}")
                    accepted.append(f"{n}")
                    n += 1
                except ToolFailed:
                    pass  # an error is no promise: the same again, with the same key

        sending = threading.Thread(target=send)
        sending.start()
        for round in range(3):
            before = len(accepted)
            until("messages flow", lambda: len(accepted) > before + 20)
            database.restart(timeout=0 if round % 2 else 20)
        before = len(accepted)
        until("messages flow again", lambda: len(accepted) > before + 20)
        done.set()
        sending.join()
        received += self.read_all(receiver, "everything accepted arrives", lambda got: set(accepted) <= set(got))
        self.assertEqual(sorted(set(received), key=int), accepted)
        print(f"\n3 restarts of Postgres: {len(accepted)} accepted, none lost, {len(received) - len(set(received))} came again")

    def test_a_hosts_network_is_cut_and_joined_again(self):
        workspace = {"COWORK_WORKSPACE": "cut-network"}
        host, network = self.lab.service("cowork"), self.lab.network("cowork-host")
        sender = self.agent(self.lab.service("code"), "code", **workspace)
        receiver = self.agent(host, "cowork", **workspace)
        receiver.call("list_agents")
        waiting = receiver.start("wait_for_updates", timeout_seconds=55)
        network.disconnect(host)
        try:
            sent = [f"while it was away {n}" for n in range(5)]
            for content in sent:
                sender.call("send_message", to="cowork", content=content)
        finally:
            network.connect(host)
        got = self.contents(receiver.wait(waiting))
        got += self.read_all(receiver, "what was sent meanwhile arrives", lambda more: set(sent) <= set(got + more))
        self.assertEqual(set(got), set(sent))
        receiver.call("send_message", to="code", content="back again")
        self.assertEqual(self.contents(sender.call("read_messages", wait_seconds=20)), ["back again"])

    def what_came(self, agent, call) -> list[str]:
        """The messages of a reply that may have left before the kill: then they are read, and do not come again."""
        try:
            return self.contents(agent.wait(call))
        except Gone:
            return []

    def read_all(self, agent, what, enough) -> list[str]:
        """Reads until it is enough; leases of killed servers on other hosts expire after 30 s."""
        got: list[str] = []

        def look():
            try:
                got.extend(self.contents(agent.call("read_messages", limit=200, wait_seconds=5)))
            except ToolFailed:
                return False
            return enough(got)

        until(what, look, seconds=120)
        return got

    @staticmethod
    def contents(result) -> list[str]:
        return [message["content"] for message in result["messages"]]

    @staticmethod
    def status(container) -> str:
        container.reload()
        return container.status
