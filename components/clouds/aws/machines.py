"""Instances: hosts and what they share with the bastion."""

from __future__ import annotations

from typing import Any, Final

import pulumi_aws as aws
from pulumi import Input, InvokeOutputOptions, Output, ResourceOptions

from components.clouds.aws.site import Site
from components.clouds.base import Boot
from components.host.user_data import packed
from components.plan.model import Slot

MTU: Final = 9001  # inside a VPC, for every current type (EC2's user guide, "network MTU")
# The provider changes these in place, with a stop and a start under a running Swarm.
_ANEW: Final = ["instance_type", "root_block_device"]


class Machines:
    """Starts the instances of one environment."""

    def __init__(
        self, site: Site, *, key: Output[str], profile: Output[str], opts: ResourceOptions
    ) -> None:
        self._site = site
        self._key = key
        self._profile = profile
        self._disk_key = _disk_key(site, opts)

    def host(
        self,
        slot: Slot,
        boot: Boot,
        *,
        subnet: Output[str],
        groups: tuple[Output[str], ...],
        source_dest_check: bool,
        opts: ResourceOptions,
    ) -> aws.ec2.Instance:
        """The instance in a slot.

        A host forwards for its containers: the check would drop every one of their packets, but
        for those whose addresses are of prefixes of its own interface.
        """
        return self.start(
            slot.name,
            ami=slot.image,
            instance_type=slot.type,
            subnet_id=subnet,
            private_ip=str(slot.address),
            vpc_security_group_ids=list(groups),
            iam_instance_profile=self._profile,
            user_data=boot.user_data,
            disk=slot.disk,
            # AWS itself takes spot instances away, and refuses to protect them.
            protect=self._site.settings.protect and not slot.spot,
            source_dest_check=source_dest_check,
            instance_market_options=_spot() if slot.spot else None,
            tags=self._site.tags(slot.name, slot=slot.name, role=slot.role),
            opts=opts,
        )

    def start(
        self,
        name: str,
        *,
        user_data: Output[str],
        disk: int,
        protect: bool,
        tags: dict[str, str],
        opts: ResourceOptions,
        **own: Any,
    ) -> aws.ec2.Instance:
        """An instance with what all of ours have; `disk` is in GiB."""
        text: Output[str] = Output.secret(user_data.apply(packed))  # it holds a private host key
        return aws.ec2.Instance(
            name,
            key_name=self._key,
            user_data_base64=text,
            user_data_replace_on_change=True,
            metadata_options=_metadata(),
            root_block_device=self._disk(disk),
            # AWS refuses everybody who would terminate it; the provider lifts that for Pulumi.
            disable_api_termination=protect,
            force_destroy=True,
            tags=tags,
            volume_tags=tags,
            opts=self._site.options(
                opts,
                delete_before_replace=True,  # the address is taken until the old one is gone
                replace_on_changes=_ANEW,
                additional_secret_outputs=["user_data_base64", "user_data"],
            ),
            **own,
        )

    def _disk(self, size: int) -> aws.ec2.InstanceRootBlockDeviceArgs:
        return aws.ec2.InstanceRootBlockDeviceArgs(
            volume_type="gp3",
            volume_size=size,
            encrypted=True,
            kms_key_id=self._disk_key,
            delete_on_termination=True,
        )


def _disk_key(site: Site, opts: ResourceOptions) -> Input[str] | None:
    """The ARN of the key that encrypts disks; None where that is AWS's own."""
    named = site.settings.kms_key
    if not named or ":key/" in named:
        return named or None
    # AWS tells a disk's key by its ARN, however it was named. The provider compares the texts, and
    # takes any other for a new key: every host would be replaced at every `up`.
    asked = InvokeOutputOptions(parent=opts.parent, provider=site.provider)
    return aws.kms.get_key_output(key_id=named, opts=asked).arn


def _metadata() -> aws.ec2.InstanceMetadataOptionsArgs:
    # One hop is the host itself: the answer with the token dies before it reaches a container.
    return aws.ec2.InstanceMetadataOptionsArgs(
        http_endpoint="enabled",
        http_tokens="required",
        http_put_response_hop_limit=1,
        instance_metadata_tags="disabled",
    )


def _spot() -> aws.ec2.InstanceInstanceMarketOptionsArgs:
    return aws.ec2.InstanceInstanceMarketOptionsArgs(
        market_type="spot",
        spot_options=aws.ec2.InstanceInstanceMarketOptionsSpotOptionsArgs(
            spot_instance_type="one-time", instance_interruption_behavior="terminate"
        ),
    )
