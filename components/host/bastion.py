"""The user data of a bastion: a host that forwards SSH connections and does nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from components.host import names
from components.host.user_data import SSHD, access_config, cloud_config
from components.remote.keys import KeyPair

BASTION: Final = "bastion"  # the name its host key is derived for; no slot can have it


def bastion_data(*, host_key: KeyPair, authorized_keys: Sequence[str]) -> str:
    """The `#cloud-config` text for a bastion. It holds the private host key."""
    sshd = {"path": names.SSHD_FILE, "permissions": "0644", "content": SSHD}
    return cloud_config(
        {
            "hostname": BASTION,
            "manage_etc_hosts": True,
            **access_config(host_key, authorized_keys),
            "write_files": [sshd],
            "runcmd": [["systemctl", "try-reload-or-restart", "ssh.service"]],
        }
    )
