"""What goes into a machine image, for each Debian release that brings another Docker."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass

PACKAGES = (
    "busybox-static",
    "ca-certificates",
    "cloud-init",
    "dbus",
    "docker.io",
    "iproute2",
    "iptables",
    "iputils-ping",
    "kmod",
    "netbase",
    "nftables",
    "openssh-server",
    "procps",
    "systemd",
    "systemd-sysv",
    "udev",
)

# Each of these costs boot time on every machine and does nothing useful in the lab.
MASKED = (
    "apt-daily-upgrade.timer",
    "apt-daily.timer",
    "cloud-init-hotplugd.socket",
    "console-getty.service",
    "dbus-org.freedesktop.login1.service",
    "dev-hugepages.mount",
    "dpkg-db-backup.timer",
    "e2scrub_all.timer",
    "e2scrub_reap.service",
    "fstrim.timer",
    "getty-static.service",
    "getty.target",
    "ldconfig.service",
    "modprobe@.service",
    "motd-news.timer",
    "proc-sys-fs-binfmt_misc.automount",
    "sys-fs-fuse-connections.mount",
    "sys-kernel-config.mount",
    "sys-kernel-debug.mount",
    "sys-kernel-tracing.mount",
    "systemd-binfmt.service",
    "systemd-firstboot.service",
    "systemd-hwdb-update.service",
    "systemd-journal-catalog-update.service",
    "systemd-journal-flush.service",
    "systemd-logind.service",
    "systemd-modules-load.service",
    "systemd-networkd-wait-online.service",
    "systemd-networkd.service",
    "systemd-networkd.socket",
    "systemd-pstore.service",
    "systemd-random-seed.service",
    "systemd-resolved.service",
    "systemd-timesyncd.service",
    "systemd-tpm2-setup-early.service",
    "systemd-tpm2-setup.service",
    "systemd-udev-load-credentials.service",
    "systemd-udev-settle.service",
    "systemd-udev-trigger.service",
    "systemd-udevd-control.socket",
    "systemd-udevd-kernel.socket",
    "systemd-udevd.service",
    "systemd-update-done.service",
    "systemd-update-utmp.service",
)

# The seed is the only source of data: asking for others costs seconds. No user beside root, and no
# module that a lab machine has no use for: disks, locale, keys shown on a console.
CLOUD_CONFIG = """\
datasource_list: [NoCloud]
datasource: {NoCloud: {fs_label: null}}
users: []
cloud_init_modules:
  [seed_random, bootcmd, write_files, set_hostname, update_hostname, update_etc_hosts, ca_certs,
   users_groups, ssh]
cloud_config_modules: [ssh_import_id, set_passwords, apt_configure, timezone, runcmd]
cloud_final_modules:
  [package_update_upgrade_install, write_files_deferred, scripts_vendor, scripts_per_once,
   scripts_per_boot, scripts_per_instance, scripts_user, final_message, power_state_change]
"""

FILES = {
    "etc/cloud/cloud.cfg.d/90-fairway.cfg": CLOUD_CONFIG,
    "etc/cloud/ds-identify.cfg": "policy: enabled\n",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipe:
    """What makes an image: a change of any field is a new image."""

    release: str
    packages: tuple[str, ...]
    aptopts: tuple[str, ...] = ()
    masked: tuple[str, ...] = MASKED
    files: tuple[tuple[str, str], ...] = tuple(FILES.items())

    def digest(self) -> str:
        """Twelve hex digits that change with the recipe."""
        text = json.dumps(asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]


RECIPES = {
    "bookworm": Recipe(release="bookworm", packages=PACKAGES),
    "trixie": Recipe(release="trixie", packages=(*PACKAGES, "docker-cli")),
    # A rolling release's index expires after a week; a mirror that lags or a clock that runs ahead
    # must not stop the build.
    "sid": Recipe(
        release="sid",
        packages=(*PACKAGES, "docker-cli"),
        aptopts=('Acquire::Check-Valid-Until "false"',),
    ),
}
