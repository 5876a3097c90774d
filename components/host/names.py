"""Names that hosts, Swarm and verify agree on."""

from __future__ import annotations

ROUTED_NETWORK = "routed"  # the swarm-scope bridge network that services are put on
ROUTED_CONFIG = "routed-config"  # the config-only network with the slot's CIDR, one per host
GWBRIDGE = "docker_gwbridge"  # Swarm's own bridge; the host makes it first, in a planned range

CONFIG_DIRECTORY = "/etc/fairway"
HOST_FACTS = "/etc/fairway/host.env"  # the ranges, as shell assignments, for the scripts below
RULES_SCRIPT = "/usr/local/sbin/fairway-rules"  # apply | check | remove
RULES_UNIT = "fairway-rules.service"
GWBRIDGE_SCRIPT = "/usr/local/sbin/fairway-gwbridge"
GWBRIDGE_UNIT = "fairway-gwbridge.service"
SETUP_SCRIPT = "/usr/local/sbin/fairway-setup"
DAEMON_CONFIG = "/etc/docker/daemon.json"
SYSCTL_FILE = "/etc/sysctl.d/60-fairway.conf"
SSHD_FILE = "/etc/ssh/sshd_config.d/00-fairway.conf"

METADATA_ADDRESSES = ("169.254.169.254", "100.100.100.200")  # AWS and most clouds; Alibaba Cloud
