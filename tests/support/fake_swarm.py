"""Swarms of machines that exist in memory only, behind real sessions' interface.

They answer the commands of components/swarm as Docker does, as far as those look. What Docker
really says is recorded in tests/data/swarm, and tests/lab asks real machines the same.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable

from components.errors import CommandFailed, HostUnreachable
from components.remote.command import Command, Result
from components.remote.endpoint import Endpoint
from components.swarm.model import CLUSTER_LABEL, MARKER_FILE
from tests.support.fake_world import Host, Node, Swarm, World, network

NO_LEADER = "Error response from daemon: rpc error: The swarm does not have a leader."
NOT_MANAGER = "Error response from daemon: This node is not a swarm manager."


class RefusedError(Exception):
    """What Docker says while it exits with 1."""


class FakeSession:
    """A session to one host of the world."""

    def __init__(self, endpoint: Endpoint, world: World) -> None:
        self.endpoint = endpoint
        self._world = world

    @property
    def host(self) -> Host:
        return self._world.hosts[self.endpoint.name]

    @property
    def alive(self) -> bool:
        return self.host.up

    def run(
        self,
        command: Command,
        *,
        input: bytes | None = None,  # noqa: A002
        timeout: float = 60,
        ok: tuple[int, ...] = (0,),
    ) -> Result:
        with self._world.lock:
            return self._run(command, input or b"", ok)

    def _run(self, command: Command, given: bytes, ok: tuple[int, ...]) -> Result:
        self.host.misses -= 1
        if not self.host.up or self.host.misses >= 0:
            raise HostUnreachable(where=self.host.name, what="fell silent", hint="start it")
        self.host.ran.append(str(command))
        words = [word for word in command.words if isinstance(word, str)]
        result = self._answer(words, given)
        if result.status not in ok:
            raise CommandFailed(
                where=self.host.name,
                what=f"{' '.join(words[:3])} failed",
                found=result.stderr,
                hint="look",
                status=result.status,
                stdout=result.stdout,
                stderr=result.stderr,
            )
        return result

    def _answer(self, words: list[str], given: bytes) -> Result:
        try:
            for known, verb in self._verbs.items():
                if " ".join(words).startswith(known):
                    return Result(0, verb(words, given), "", 0.0)
        except RefusedError as refusal:
            printed = refusal.args[1] if len(refusal.args) > 1 else ""
            return Result(1, printed, str(refusal.args[0]), 0.0)
        raise AssertionError(f"{self.host.name}: nobody answers {words}")

    @property
    def _verbs(self) -> dict[str, Callable[[list[str], bytes], str]]:
        return {
            "docker info": self._info,
            "cat": self._cat,
            "rm -f": self._rm,
            "mkdir -p": lambda *_: "",
            "docker network inspect": self._inspect_networks,
            "docker network create": self._create_network,
            "docker network rm": self._remove_network,
            "docker node ls": self._node_ls,
            "docker node inspect": self._node_inspect,
            "docker node update": self._node_update,
            "docker node promote": lambda words, _: self._role(words[-1], "manager"),
            "docker node demote": lambda words, _: self._role(words[-1], "worker"),
            "docker node rm": self._node_rm,
            "docker node ps": self._node_ps,
            "docker swarm leave": self._leave,
            "docker swarm join-token": self._token,
            "python3": self._python,
        }

    def _changed(self, what: str) -> None:
        self._world.changes.append((self.host.name, what))

    @property
    def _entry(self) -> Node | None:
        swarm = self._world.swarms.get(self.host.swarm)
        return swarm.nodes.get(self.host.node_id) if swarm else None

    @property
    def _control(self) -> bool:
        return self._entry is not None and self._entry.role == "manager"

    def _swarm(self) -> Swarm:
        """The Swarm that this host may act for."""
        if not self._control:
            raise RefusedError(NOT_MANAGER)
        swarm = self._world.swarms[self.host.swarm]
        if not self._world.leads(swarm):
            raise RefusedError(NO_LEADER)
        return swarm

    def _info(self, *_: object) -> str:
        host, swarm = self.host, self._world.swarms.get(self.host.swarm)
        leads = bool(swarm and self._world.leads(swarm))
        cluster = {"ID": swarm.id, "Spec": {"Labels": {CLUSTER_LABEL: swarm.cluster}}} if (
            swarm and leads and self._control
        ) else None  # fmt: skip
        said = {
            "NodeID": host.node_id,
            "NodeAddr": host.address,
            "LocalNodeState": host.state,
            "ControlAvailable": self._control,
            "Error": NO_LEADER if self._control and not leads else "",
            "Cluster": cluster,
        }
        return json.dumps({"engine": "26.1.5", "hostname": host.name, "swarm": said})

    def _cat(self, words: list[str], _: bytes) -> str:
        if words[1] not in self.host.files:
            raise RefusedError("No such file or directory")
        return self.host.files[words[1]].decode()

    def _rm(self, words: list[str], _: bytes) -> str:
        self.host.files.pop(words[-1], None)
        return ""

    def _inspect_networks(self, words: list[str], _: bytes) -> str:
        known = dict(self.host.networks)
        swarm = self._world.swarms.get(self.host.swarm)
        if swarm and swarm.routed and self._control and self._world.leads(swarm):
            known["routed"] = swarm.routed
        names = words[words.index("{{json .}}") + 1 :]
        text = "".join(json.dumps(known[name]) + "\n" for name in names if name in known)
        if set(names) - known.keys():
            raise RefusedError("Error response from daemon: network not found", text)
        return text

    def _create_network(self, words: list[str], _: bytes) -> str:
        name = words[-1]
        self._changed(f"create {name}")
        if "--scope" in words:
            swarm = self._swarm()
            if swarm.routed:
                raise RefusedError("Error response from daemon: network routed already exists")
            source = {"Network": words[words.index("--config-from") + 1]}
            swarm.routed = network(name, Scope="swarm", ConfigFrom=source)
            return ""
        options = dict(word.split("=") for word in words if "=" in word)
        subnet = words[words.index("--subnet") + 1]
        self.host.networks[name] = network(name, subnet, ConfigOnly=True, Options=options)
        return ""

    def _remove_network(self, words: list[str], _: bytes) -> str:
        if self.host.networks[words[-1]].get("used"):
            raise RefusedError(f"Error: configuration network {words[-1]} is in use")
        self._changed(f"remove {words[-1]}")
        del self.host.networks[words[-1]]
        return ""

    def _node_ls(self, *_: object) -> str:
        def line(node: Node) -> str:
            up = any(h.up and h.node_id == node.id for h in self._world.hosts.values())
            reach = ("Reachable" if up else "Unreachable") if node.role == "manager" else ""
            said = {"ID": node.id, "Hostname": node.hostname, "Status": node.status.title()}
            return json.dumps(
                {**said, "Availability": node.availability.title(), "ManagerStatus": reach}
            )

        return "\n".join(line(node) for node in self._swarm().nodes.values())

    def _node(self, node_id: str) -> Node:
        nodes = self._swarm().nodes
        if node_id not in nodes:
            raise RefusedError(f"Error response from daemon: node {node_id} not found")
        return nodes[node_id]

    def _node_inspect(self, words: list[str], _: bytes) -> str:
        node = self._node(words[-1])
        spec = {"Role": node.role, "Availability": node.availability, "Labels": node.labels}
        return json.dumps(
            {
                "ID": node.id,
                "Spec": spec,
                "Description": {"Hostname": node.hostname},
                "Status": {"State": node.status, "Addr": node.address},
            }
        )

    def _node_update(self, words: list[str], _: bytes) -> str:
        node = self._node(words[-1])
        self._changed(" ".join(words[3:]))
        for option, value in itertools.pairwise(words):
            if option == "--label-add":
                key, text = value.split("=", 1)
                node.labels[key] = text
            elif option == "--label-rm":
                node.labels.pop(value)
            elif option == "--availability":
                node.availability = value
        return ""

    def _role(self, node_id: str, role: str) -> str:
        node, swarm = self._node(node_id), self._swarm()
        managers = [each for each in swarm.nodes.values() if each.role == "manager"]
        if role == "worker" and managers == [node]:
            raise RefusedError("attempting to demote the last manager of the swarm")
        self._changed(f"make {node.hostname} a {role}")
        node.role = role
        return ""

    def _node_rm(self, words: list[str], _: bytes) -> str:
        node = self._node(words[-1])
        if node.role == "manager":
            raise RefusedError("node is a member of the raft cluster. It must be demoted")
        self._changed(f"remove {node.id}")
        del self._swarm().nodes[node.id]
        return ""

    def _node_ps(self, words: list[str], _: bytes) -> str:
        swarm = self._swarm()
        left = swarm.tasks.get(words[-1], 0)
        swarm.tasks[words[-1]] = left - 1
        return json.dumps({"Name": "s.1", "CurrentState": "Running 3 s ago"}) if left > 0 else ""

    def _leave(self, *_: object) -> str:
        if self.host.state == "inactive":
            raise RefusedError("Error response from daemon: This node is not part of a swarm")
        if self.host.slow_leaves:
            self.host.slow_leaves -= 1
            raise RefusedError("Error response from daemon: context deadline exceeded")
        self._changed("leave")
        if self._entry:
            self._entry.status = "down"
        self.host.forget()
        return ""

    def _token(self, words: list[str], _: bytes) -> str:
        return f"SWMTKN-{self._swarm().id}-{words[-1]}\n"

    def _python(self, words: list[str], given: bytes) -> str:
        return self._get() if words[3].startswith("{") else self._post(words, given)

    def _get(self) -> str:
        """The services of the Swarm with their tasks; one more comes up at each look."""
        swarm = self._swarm()
        for service in swarm.services:
            service.look(
                {each.id for each in swarm.nodes.values() if each.availability == "active"}
            )
        told = [service.told() for service in swarm.services]
        services, tasks = [each[0] for each in told], [task for each in told for task in each[1]]
        return json.dumps({"services": services, "tasks": tasks})

    def _post(self, words: list[str], given: bytes) -> str:
        body, path = json.loads(given), words[3]
        if self.host.state != "inactive":
            raise RefusedError('{"message":"This node is already part of a swarm."}')
        self._changed(path)
        if path == "/swarm/init":
            self._world.begin(self.host.name, body["Spec"]["Labels"][CLUSTER_LABEL])
            return ""
        _, swarm_id, role = body["JoinToken"].split("-")
        swarm = self._world.swarms[swarm_id]
        if not self._world.leads(swarm):
            raise RefusedError('{"message":"rpc error: code = Unavailable"}')
        self._world.enter(self.host.name, swarm, role)
        return ""

    def put(self, path: str, content: bytes, mode: int = 0o600, *, timeout: float = 60) -> None:
        if path == MARKER_FILE and content == self.host.files.get(path):
            return
        self._changed(f"put {path}")
        self.host.files[path] = content

    def close(self) -> None: ...

    def __enter__(self) -> FakeSession:
        return self

    def __exit__(self, *_: object) -> None: ...


ADDRESSES = {"a1": "10.0.1.11", "b1": "10.0.2.11", "c1": "10.0.3.11", "a10": "10.0.1.20"}


def world() -> World:
    """Three machines for managers and one for a worker, none in a Swarm."""
    return World(ADDRESSES, FakeSession)
