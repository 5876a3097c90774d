"""`fairway tunnel`: a host's port over AWS Session Manager, as ssh's ProxyCommand takes it."""

from __future__ import annotations

import shutil

from components.errors import CloudError, SetupError

_PLUGIN = "session-manager-plugin"


def words(region: str, environment: str, address: str, port: str) -> list[str]:
    """The command that joins this process's input and output with the port.

    Raises:
        SetupError: A program that it needs is not on PATH.
        CloudError: AWS did not answer, or no or more than one instance has the address.
    """
    _installed("aws", "AWS's command line, version 2")
    _installed(_PLUGIN, "AWS's plugin for Session Manager")
    session = ["aws", "ssm", "start-session", "--target", _instance(region, environment, address)]
    document = ["--document-name", "AWS-StartSSHSession", "--parameters", f"portNumber={port}"]
    return [*session, *document, "--region", region]


def _installed(program: str, name: str) -> None:
    if shutil.which(program) is None:
        raise SetupError(
            where="this computer",
            what=f"{name} is needed to reach hosts by Session Manager",
            found=f"no {program} on PATH",
            wanted=program,
            hint="install it as AWS's documentation of Session Manager says",
        )


def _instance(region: str, environment: str, address: str) -> str:
    # Here, for only this command needs the SDK, and every ssh starts this program anew.
    from components.clouds.aws.api import Api  # noqa: PLC0415
    from components.clouds.aws.running import instances  # noqa: PLC0415

    running = instances(environment, Api(region), "running")
    found = [str(row["InstanceId"]) for row in running if row.get("PrivateIpAddress") == address]
    if len(found) != 1:
        raise CloudError(
            where=f"AWS {region}",
            what=f"no single running host of {environment} has address {address}",
            found=", ".join(found) or "none",
            wanted="one",
            hint="run `pulumi up`, which brings a lost host back"
            if not found
            else "terminate the one that is not in the stack",
        )
    return found[0]
