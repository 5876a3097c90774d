"""Route entries, made one after the other.

The API makes and removes one entry at a time in a VPC, and none while a vSwitch is made or removed
there (CreateRouteEntry, DeleteRouteEntry; it answers TaskConflict). So each entry of ours waits
for the one that the program made before it, in all tables of the VPC, and the first for all
vSwitches.

- That makes no cycle with managers that roll one at a time, where an instance waits for the node of
  the host before it: an entry waits for an earlier entry and for its own host's instance, a node
  for no entry, and whatever waits, waits for something that the program registered before it. So
  an entry waits for no node for which its own instance does not wait.
- When one fails, those after it are not begun; the next `up` goes on from there.
- A host that leaves from the middle changes nothing: what a resource waits for is no part of its
  diff. The entries of a host that leaves go one by one, the last first.
- Entries are removed while others are made where one host leaves as the one before it comes back,
  or where hosts are replaced together (fairway:batch). A zone's table loses all its entries at
  once: between them stood those of other tables, which stay. The provider repeats what is refused
  until its time is up, which is why that is long.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import pulumi_alicloud as alicloud
from pulumi import CustomTimeouts, Input, Output, Resource, ResourceOptions

from components.clouds.alicloud.site import Site
from components.clouds.base import Entry
from components.plan.model import Slot

_PATIENCE: Final = CustomTimeouts(create="30m", update="30m", delete="30m")


class Chain:
    """The entries of one VPC, in the order in which the program makes them."""

    def __init__(self, site: Site, after: Sequence[Resource]) -> None:
        self._site = site
        self._last = list(after)

    @property
    def last(self) -> Sequence[Resource]:
        """What the next entry waits for: the last one, before the first what it waits for."""
        return tuple(self._last)

    def entry(
        self,
        name: str,
        destination: str,
        *,
        table: Input[str],
        hop: tuple[str, Input[str]],
        opts: ResourceOptions,
    ) -> alicloud.vpc.VPCRouteEntry:
        """Add an entry; `hop` is the type of the next hop and its id."""
        entry = alicloud.vpc.VPCRouteEntry(
            name,
            route_table_id=table,
            destination_cidr_block=destination,
            nexthop_type=hop[0],
            nexthop_id=hop[1],
            opts=self._site.options(
                opts,
                depends_on=self._last,
                delete_before_replace=True,  # a table takes a destination once
                custom_timeouts=_PATIENCE,
            ),
        )
        self._last = [entry]
        return entry


def entries(
    slot: Slot,
    chain: Chain,
    tables: Mapping[str, Output[str]],
    instance: Input[str],
    opts: ResourceOptions,
) -> Entry:
    """A slot's container CIDR in every table, behind its instance."""
    # The API could change the next hop in place. But ECS releases no instance that an entry leads
    # to (DependencyViolation.RouteEntry), and the slot's next instance cannot start before the last
    # one has given its address back. So the entries go first, and come back with the next instance.
    opts = ResourceOptions.merge(opts, ResourceOptions(replace_on_changes=["nexthop_id"]))
    made = [
        # The name ends like those of everything else that a slot has: `--target '**::a1'`.
        chain.entry(
            f"{name}::{slot.name}",
            str(slot.containers),
            table=table,
            hop=("Instance", instance),
            opts=opts,
        )
        for name, table in tables.items()
    ]
    hops = Output.all(*(each.nexthop_id for each in made))
    return Entry(resources=tuple(made), revision=hops.apply(" ".join))
