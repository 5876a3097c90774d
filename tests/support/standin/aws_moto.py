"""Moto's server as a process of its own, taught what moto leaves out and stand-ins rely on.

`python -m tests.support.standin.aws_moto [QUOTAS]` writes its port to stdout, and ends with
whoever started it. QUOTAS is JSON: codes of Service Quotas to their values. The environment names
the lab, as for the stand-in, in which what EC2 alone is asked for is built.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
from collections.abc import Callable, Iterable, Mapping
from ipaddress import IPv4Network
from threading import Lock, Thread
from typing import Any, Final
from unittest import mock

from moto.ec2.models import ec2_backends
from moto.ec2.models.amis import Ami
from moto.ec2.models.elastic_network_interfaces import NetworkInterface
from moto.ec2.models.instances import Instance, InstanceBackend
from moto.ec2.models.nat_gateways import NatGatewayBackend
from moto.ec2.models.route_tables import Route
from moto.ec2.models.security_groups import SecurityGroupBackend
from moto.ec2.models.vpcs import VPCBackend
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

from tests.support.moto_account import DEBIAN, OWNER, QUOTAS, as_aws
from tests.support.standin import aws_prefixes
from tests.support.standin.place import Place, open_place

REGION: Final = "eu-central-1"
IMAGE: Final = "ami-0d0d0d0d0d0d0d001"
NEXT_IMAGE: Final = "ami-0d0d0d0d0d0d0d002"
ARM_IMAGE: Final = "ami-0d0d0d0d0d0d0d003"
IMAGES: Final[Mapping[str, Mapping[str, str]]] = {
    IMAGE: {"name": "debian-13-amd64-20260101-1"},
    NEXT_IMAGE: {"name": "debian-13-amd64-20260202-1"},
    ARM_IMAGE: {"name": "debian-13-arm64-20260101-1", "architecture": "arm64"},
}
SWITCHES: Final = {
    "MOTO_EC2_LOAD_DEFAULT_AMIS": "false",
    "MOTO_ENABLE_AMI_VALIDATION": "true",
    "MOTO_EC2_ENABLE_INSTANCE_TYPE_VALIDATION": "true",
    "MOTO_IAM_LOAD_MANAGED_POLICIES": "true",
}
Environ = dict[str, Any]
Start = Callable[..., Any]


class OneAtATime:
    """Moto's dictionaries are not made for threads, and the engine sends many requests at once."""

    def __init__(self, app: Callable[[Environ, Start], Iterable[bytes]]) -> None:
        self._app, self._lock = app, Lock()

    def __call__(self, environ: Environ, start: Start) -> list[bytes]:
        with self._lock:
            return list(self._app(environ, start))


def _state(route: Route) -> str:
    """An entry whose interface is gone is a black hole."""
    interface = route.interface
    gone = interface is not None and interface.id not in route.route_table.ec2_backend.enis
    return "blackhole" if gone else "active"


_deleted_interface = NetworkInterface.delete
_deleted_nat = NatGatewayBackend.delete_nat_gateway
_created_nat = NatGatewayBackend.create_nat_gateway
_modified = InstanceBackend.modify_instance_attribute
_regrouped = InstanceBackend.modify_instance_security_groups
_modified_rules = SecurityGroupBackend.modify_security_group_rules
_terminated = Instance.terminate
_ran = InstanceBackend.run_instances
_disjoined = VPCBackend.disassociate_vpc_cidr_block


def _delete_interface(interface: NetworkInterface) -> None:
    """A public address leads nowhere once its interface is gone."""
    _free(interface)
    _deleted_interface(interface)


def _free(interface: NetworkInterface) -> None:
    backend = interface.ec2_backend
    for address in backend.addresses:
        if address.eni is interface:
            backend.disassociate_address(address=address.public_ip)


def _create_nat(backend: Any, subnet_id: str, *words: Any, **more: Any) -> Any:
    """A gateway takes an address of its subnet, as moto's does not."""
    made = _created_nat(backend, subnet_id, *words, **more)
    hosts = list(IPv4Network(backend.get_subnet(subnet_id).cidr_block).hosts())[3:]
    taken = {interface.private_ip_address for interface in backend.enis.values()}
    # From the far end: AWS chooses at random, and whoever asks for one by name starts low.
    address = next(str(each) for each in reversed(hosts) if str(each) not in taken)
    interface = made._eni
    interface.private_ip_address = address
    interface.private_ip_addresses = [{"Primary": True, "PrivateIpAddress": address}]
    made.private_ip = made.address_set[0]["privateIp"] = address
    return made


def _delete_nat(backend: Any, nat_gateway_id: str) -> Any:
    """Its interface goes with it, and its address is free."""
    gone = _deleted_nat(backend, nat_gateway_id)
    _free(gone._eni)
    backend.enis.pop(gone._eni.id, None)
    return gone


def _modify(backend: Any, instance_id: str, key: str, value: Any) -> Instance:
    """The check is the interface's."""
    instance = _modified(backend, instance_id, key, value)
    if key == "source_dest_check":
        for interface in instance.nics.values():
            interface.source_dest_check = value
    return instance


def _regroup(backend: Any, instance_id: str, groups: list[str]) -> Instance:
    """The groups are the interface's."""
    instance = _regrouped(backend, instance_id, groups)
    instance.nics[0]._group_set = list(instance.security_groups)
    return instance


def _modify_rules(backend: Any, group_id: str, rules: dict[str, dict[str, Any]]) -> None:
    """A rule may name another group, or another prefix list, in place."""
    _modified_rules(backend, group_id, rules)
    group = backend.get_security_group_by_name_or_id(group_id)
    for rule_id, rule in rules.items():
        if "ReferencedGroupId" in rule:
            backend_rule = group.get_rule(rule_id)
            backend_rule.source_group = {
                **backend_rule.source_group,
                "GroupId": rule["ReferencedGroupId"],
            }


def _run(backend: Any, *words: Any, **more: Any) -> Any:
    """An instance shows the groups of its first interface as its own."""
    made = _ran(backend, *words, **more)
    for instance in made.instances:
        instance.security_groups = list(instance.nics[0]._group_set)
    return made


def _disjoin(backend: Any, association_id: str) -> Any:
    """The local entries for a block go with it."""
    gone = _disjoined(backend, association_id)
    for table in backend.route_tables.values():
        if table.vpc_id == gone["vpc_id"]:
            kept = {id_: each for id_, each in table._routes.items() if not _is_for(each, gone)}
            table._routes = kept
    return gone


def _is_for(entry: Route, block: Mapping[str, Any]) -> bool:
    """Whether it is the local entry for a block."""
    return entry.local and str(entry.destination_cidr_block) == block["cidr_block"]


def _terminate(instance: Instance) -> Any:
    """A terminated instance has neither groups nor interfaces."""
    previous = _terminated(instance)
    instance.security_groups = []
    return previous


def teach(place: Place) -> None:
    """Change moto's classes in this process, for good."""
    changes: list[tuple[type, str, Any]] = [
        (Route, "state", property(_state)),
        (NetworkInterface, "delete", _delete_interface),
        (NatGatewayBackend, "create_nat_gateway", _create_nat),
        (NatGatewayBackend, "delete_nat_gateway", _delete_nat),
        (InstanceBackend, "modify_instance_attribute", _modify),
        (InstanceBackend, "modify_instance_security_groups", _regroup),
        (SecurityGroupBackend, "modify_security_group_rules", _modify_rules),
        (InstanceBackend, "run_instances", _run),
        (Instance, "terminate", _terminate),
        (VPCBackend, "disassociate_vpc_cidr_block", _disjoin),
    ]
    for where, name, what in changes:
        mock.patch.object(where, name, what).start()
    for where, name, what in aws_prefixes.changes(place):
        mock.patch.object(where, name, what).start()


def publish_images() -> None:
    """Debian's own images, as its account publishes them."""
    backend = ec2_backends[OWNER][REGION]
    usual: dict[str, Any] = {
        "owner_id": DEBIAN,
        "architecture": "x86_64",
        "virtualization_type": "hvm",
        "root_device_type": "ebs",
        "root_device_name": "/dev/xvda",
        "region_name": f"{REGION}a",
        "public": True,
    }
    for image, own in IMAGES.items():
        backend.amis[image] = Ami(backend, image, **{**usual, **own})


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    _end_with_parent()
    teach(open_place())
    publish_images()
    quotas = {**QUOTAS, **(json.loads(sys.argv[1]) if sys.argv[1:] else {})}
    with as_aws(quotas):
        app = OneAtATime(DomainDispatcherApplication(create_backend_app))
        server = make_server("127.0.0.1", 0, app, threaded=True)
        sys.stdout.write(f"{server.server_port}\n")
        sys.stdout.flush()
        server.serve_forever()


def _end_with_parent() -> None:
    parent = os.pidfd_open(os.getppid())

    def watch() -> None:
        select.select([parent], [], [])
        os._exit(1)

    Thread(target=watch, daemon=True).start()


if __name__ == "__main__":
    main()
