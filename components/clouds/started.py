"""From a cloud's instance to a host: it counts once it lets us in and has set itself up."""

from __future__ import annotations

from pulumi import Output, ResourceOptions

from components import resources
from components.clouds.base import Boot, Host, Network
from components.plan.model import Slot


def host(
    slot: Slot,
    network: Network,
    boot: Boot,
    *,
    cluster: str,
    instance: Output[str],
    opts: ResourceOptions,
) -> Host:
    """The host in `slot`, whose instance the cloud has just started."""
    started = resources.FirstBoot(
        slot.name,
        cluster=cluster,
        machine=instance,
        address=str(slot.address),
        way=network.way,
        seed=boot.seed,
        opts=ResourceOptions(parent=opts.parent),
    )
    return Host(
        resource=started,
        id=started.machine,
        address=str(slot.address),
        revision=started.revision,
    )
