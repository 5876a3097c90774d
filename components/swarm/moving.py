"""The services whose tasks a drained node had, until they run elsewhere."""

from __future__ import annotations

from components.swarm.managers import Managers
from components.swarm.replicas import Replicas, replicas


class Moving:
    """Begun before the drain: the services that were whole then and had a task on the node.

    A global service has its place on the node itself, and one that was short before may stay so;
    neither is waited for.
    """

    def __init__(self, managers: Managers, node_id: str) -> None:
        self._managers, self._node = managers, node_id
        self._names = {
            each.name
            for each in replicas(managers)
            if each.running.get(node_id) and each.whole and not each.everywhere
        }
        self.stuck: tuple[str, ...] = ()

    def over(self) -> bool:
        """Whether each of them has all its tasks elsewhere; `stuck` are those that find no place.

        A service that is removed meanwhile, or scaled, is judged as it is now.
        """
        short = [each for each in replicas(self._managers) if self._short(each)]
        self.stuck = tuple(each.name for each in short if each.unplaceable)
        return len(self.stuck) == len(short)

    def _short(self, service: Replicas) -> bool:
        return service.name in self._names and service.run_off({self._node}) < service.wanted
