"""The containers of this compose project, and others like them that a test may kill."""

from __future__ import annotations

import socket
import time

import docker

PROJECT = "com.docker.compose.project"
SERVICE = "com.docker.compose.service"
VICTIM = "bridge-test-victim"


class Lab:
    """What the tests stand in: the project that this container belongs to."""

    def __init__(self):
        self.client = docker.from_env(timeout=120)
        self.project = self.client.containers.get(socket.gethostname()).labels[PROJECT]

    def service(self, name: str):
        """The container of a service."""
        found = self.client.containers.list(filters={"label": [f"{PROJECT}={self.project}", f"{SERVICE}={name}"]})
        if len(found) != 1:
            raise LookupError(f"{len(found)} containers of the service {name}")
        return found[0]

    def network(self, name: str):
        return self.client.networks.get(f"{self.project}_{name}")

    def environment(self, container) -> dict[str, str]:
        return dict(entry.split("=", 1) for entry in container.attrs["Config"]["Env"])

    def victim(self, like: str, name: str, networks: list[str], **environment):
        """A container like a service's, outside of compose: when it dies, `--abort-on-container-exit` does not end the tests."""
        model = self.service(like)
        container = self.client.containers.create(
            model.attrs["Config"]["Image"], name=f"{self.project}-{name}", labels=[VICTIM], init=True,
            entrypoint=model.attrs["Config"]["Entrypoint"], command=model.attrs["Config"]["Cmd"],
            environment={**self.environment(model), **environment}, network=self.network(networks[0]).name)
        for network in networks[1:]:
            self.network(network).connect(container)
        container.start()
        return container

    def remove_victims(self):
        for container in self.client.containers.list(all=True, filters={"label": VICTIM}):
            container.remove(force=True, v=True)


def until(what: str, happens, seconds: float = 60):
    """Asks again and again until something is so; for what gives no event."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            if happens():
                return
            last = None
        except Exception as error:  # noqa: BLE001 - whatever it is, it may pass
            last = error
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds} s: {what}") from last
        time.sleep(0.1)
