"""A throw-away project on the stand-in for AWS, whose account is moto's server."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any, Final

from lab.model import Machine, Route
from tests.support.aws_account import ENVIRON, AwsAccount
from tests.support.bench_project import REAL_PROGRAM, ROOT
from tests.support.cloud_project import CloudProject, LabRanges
from tests.support.standin.aws_api import LOG
from tests.support.standin.aws_moto import IMAGE, NEXT_IMAGE, REGION, SWITCHES
from tests.support.standin.place import VARIABLE

_PATH: Final = "/usr/sbin:/usr/bin:/sbin:/bin"
SERVER: Final = (sys.executable, "-m", "tests.support.standin.aws_moto")


class AwsProject(CloudProject):
    """A project whose `aws` resources are made by the stand-in; `account` is what it made."""

    cloud = "aws"
    standin = ROOT / "tests" / "support" / "standin" / "aws"

    def __init__(self, folder: Path, account: AwsAccount, **more: Any) -> None:
        self.account = account
        super().__init__(folder, **more)

    def standin_knows(self) -> dict[str, Any]:
        return {"endpoint": self.account.endpoint, "folder": str(self.folder), "region": REGION}

    def sdk_environment(self) -> dict[str, str]:
        return {**ENVIRON, "AWS_ENDPOINT_URL": self.account.endpoint}

    def actions(self) -> set[str]:
        """The actions that the real provider would have asked for by now, as a policy has them."""
        log = self.folder / LOG
        return set(log.read_text().split()) if log.exists() else set()

    # -- somebody's hand in the console: the account and the lab have one truth

    def terminate(self, slot: str) -> str:
        """End a host's instance for good; gives its id."""
        instance = self.account.instance(slot)["InstanceId"]
        self.account.terminate(instance)
        if self.ranges:
            self.lab.delete(Machine, instance)
        return str(instance)

    def power_off(self, slot: str) -> str:
        """Stop a host's instance without a goodbye; gives its id."""
        instance = self.account.instance(slot)["InstanceId"]
        self.account.ec2.stop_instances(InstanceIds=[instance])
        if self.ranges:
            self.lab.fail_machine(instance)
        return str(instance)

    def power_on(self, slot: str) -> None:
        """Start a host's stopped instance again, with its disk as it was."""
        instance = self.account.instance(slot)["InstanceId"]
        self.account.ec2.start_instances(InstanceIds=[instance])
        if self.ranges:
            self.lab.restore_machine(instance)

    def check_source_dest(self, slot: str, *, on: bool) -> None:
        instance = self.account.instance(slot)["InstanceId"]
        value = {"SourceDestCheck": {"Value": on}}
        self.account.ec2.modify_instance_attribute(InstanceId=instance, **value)
        if self.ranges:
            held = self.lab.get(Machine, instance)
            assert held is not None
            self.lab.put(replace(held.spec, source_dest_check=on))

    def delete_route(self, table: str, destination: str) -> None:
        self.account.ec2.delete_route(RouteTableId=table, DestinationCidrBlock=destination)
        if self.ranges:
            self.lab.delete(Route, f"{table}/{destination}")


@contextmanager
def aws_account(
    quotas: Mapping[str, float] | None = None, *, lab: LabRanges | None = None
) -> Iterator[AwsAccount]:
    """A fresh account behind a server of its own, which is ended whatever happens.

    `quotas` are those that differ from an account's of some age, by their codes.
    """
    place = json.dumps({"lab": lab.told() if lab else None})
    server = subprocess.Popen(
        (*SERVER, json.dumps(quotas or {})),
        cwd=ROOT,
        env={**ENVIRON, **SWITCHES, VARIABLE: place, "PATH": _PATH},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert server.stdout is not None
        yield AwsAccount(f"http://127.0.0.1:{server.stdout.readline().strip()}")
    finally:
        server.kill()
        server.communicate()


@contextmanager
def aws_project(
    folder: Path,
    *,
    config: Mapping[str, Any] | None = None,
    lab: LabRanges | None = None,
    quotas: Mapping[str, float] | None = None,
    **more: Any,
) -> Iterator[AwsProject]:
    """A project in `folder` with a fresh account; what it built in a lab is swept at the end.

    With `config` (the `fairway:` keys) it runs the real program.
    """
    with aws_account(quotas, lab=lab) as account:
        try:
            project = AwsProject(folder, account, lab=lab, **more)
            if config is not None:
                project.program(REAL_PROGRAM)
                project.configure(dict(config))
            yield project
        finally:
            if lab is not None:
                lab.sweep()


def aws_lab(name: str, *, containers: str | None, uplink: str) -> LabRanges:
    """A lab whose machines are Debian 13, whatever Debian the image is."""
    return LabRanges(
        name=name,
        containers=IPv4Network(containers) if containers else None,
        uplink=IPv4Network(uplink),
        images={IMAGE: "trixie", NEXT_IMAGE: "trixie"},
    )


def aws_config(*, uplink: str = "10.76.94.0/30") -> dict[str, Any]:
    """Six hosts over three zones, a bastion and a NAT gateway in each zone."""
    zones = [
        {
            "name": name,
            "zone": f"{REGION}{name}",
            "subnet": f"10.94.{16 * index}.0/20",
            "containers": f"10.224.{64 * index}.0/18",
            "public": f"10.94.{240 + index}.0/24",
        }
        for index, name in enumerate("abc")
    ]
    each = {"a": 1, "b": 1, "c": 1}
    pools = [
        {"name": "managers", "role": "manager", "first": 1, "size": 9, "hosts": dict(each)},
        {"name": "workers", "role": "worker", "first": 10, "size": 40, "hosts": dict(each)},
    ]
    return {
        "cloud": "aws",
        "network": {"vpc": "10.94.0.0/16", "containers": "10.224.0.0/16", "zones": zones},
        "pools": pools,
        "aws": {
            "region": REGION,
            "image": IMAGE,
            "type": "m7i.large",
            "bastion": {"zone": "a", "type": "t3.nano"},
            # What comes over the lab's uplink has the computer's own address there.
            "ssh_from": [uplink],
            "owner": "team",
            "protect": False,
        },
    }
