"""Instances: hosts and what they share with the bastion.

No instance has a key pair of the account: ImportKeyPair lists no ed25519 keys among those it takes,
and the user data names who may log in. No instance has a RAM role, except managers that send
backups to a bucket: nothing else on a host asks Alibaba Cloud's API, for routes are written from
outside, and a role is a credential for whoever reaches the metadata address.
"""

from __future__ import annotations

from typing import Any, Final

import pulumi_alicloud as alicloud
from pulumi import Output, ResourceOptions

from components.clouds.alicloud.jumbo import PLAIN_MTU, supports
from components.clouds.alicloud.release import Release
from components.clouds.alicloud.site import Site
from components.clouds.base import Boot
from components.plan.model import Slot

# The provider changes these in place, with a stop or a new system disk under a running Swarm.
_ANEW: Final = [
    "image_id",
    "instance_type",
    "private_ip",
    "system_disk_category",
    "system_disk_size",
    "user_data",
    "vswitch_id",
]


class Machines:
    """Starts the instances of one environment."""

    def __init__(self, site: Site, release: Release) -> None:
        self._site = site
        self._release = release

    def host(
        self,
        slot: Slot,
        boot: Boot,
        *,
        vswitch: Output[str],
        groups: tuple[Output[str], ...],
        mtu: int,
        opts: ResourceOptions,
    ) -> alicloud.ecs.Instance:
        """The instance in a slot."""
        instance = self.start(
            slot.name,
            image_id=slot.image,
            instance_type=slot.type,
            vswitch_id=vswitch,
            private_ip=str(slot.address),
            security_groups=list(groups),
            # Not packed: of text the provider reads back text; what it reads back of anything else
            # differs between its versions, and a difference is a new host.
            user_data=boot.user_data,
            system_disk_size=slot.disk,
            # A host forwards for its containers: the check would drop every one of their packets.
            source_dest_check=False,
            # Some families have large frames on by default: say no where not all hosts have them.
            enable_jumbo_frame=mtu > PLAIN_MTU if supports(slot.type) else None,
            spot_strategy="SpotAsPriceGo" if slot.spot else "NoSpot",
            # The cloud itself takes spot instances away; it refuses to protect them.
            deletion_protection=self._site.settings.protect and not slot.spot,
            tags=self._site.tags(slot.name, slot=slot.name, role=slot.role),
            opts=opts,
        )
        self._give_role(slot, instance, opts)
        return instance

    def _give_role(
        self, slot: Slot, instance: alicloud.ecs.Instance, opts: ResourceOptions
    ) -> None:
        """Let a manager write backups; a change of the role leaves the instance as it is."""
        backup = self._site.environment.backup
        if slot.role == "manager" and backup and backup.role:
            alicloud.ecs.RamRoleAttachment(
                slot.name,
                instance_id=instance.id,
                ram_role_name=backup.role,
                opts=self._site.options(opts, delete_before_replace=True),
            )

    def start(
        self, name: str, *, tags: dict[str, str], opts: ResourceOptions, **own: Any
    ) -> alicloud.ecs.Instance:
        """An instance with what all of ours have."""
        settings = self._site.settings
        return alicloud.ecs.Instance(
            name,
            instance_name=self._site.name(name),
            instance_charge_type="PostPaid",
            system_disk_category=settings.disk_category,
            system_disk_encrypted=True,
            system_disk_kms_key_id=settings.kms_key or None,
            internet_max_bandwidth_out=0,  # no public address; the bastion's is an EIP
            http_endpoint="enabled",
            # The hop limit is not asked for: ECS documents it as not open to the public and shows
            # 0, which would replace every host after a refresh. A host's packet rules keep
            # containers from the metadata address.
            http_tokens="required",
            tags=tags,
            volume_tags=tags,
            opts=self._site.options(opts, **self._how()),
            **own,
        )

    def _how(self) -> dict[str, Any]:
        return {
            "delete_before_replace": True,  # the address is taken until the old one is gone
            "replace_on_changes": _ANEW,
            "additional_secret_outputs": ["user_data"],  # it holds the private host key
            "hooks": self._release.hooks,
        }
