"""Public addresses of a test's cloud: of a range that nobody has, and known to this computer alone.

The lab has one way in, the uplink, and no addresses but its own. So a public address is a rule of
this computer's: what it sends there goes to the private address instead, over the uplink, and the
router sees the uplink's address as the sender. Nothing in the lab changes for it.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from threading import Lock

from pyroute2.netlink.exceptions import NetlinkError

from lab import names
from lab.filter import nft
from lab.netlink import link_index, netlink, was_absent

_CHANGING = Lock()  # addresses come and go at once; the last takes the table along


class PublicAddresses:
    """The public addresses that lead into one lab."""

    def __init__(self, lab: str, uplink: IPv4Network) -> None:
        self._link, self._router = names.uplink(lab), uplink[2]
        self._table = f"fairway_public_{names.digest(lab)}"

    def lead(self, public: IPv4Address, private: IPv4Address) -> None:
        """Lead what this computer sends to `public` to `private`."""
        rules = f"""
        table ip {self._table} {{
         chain {_chain(public)} {{
          type nat hook output priority -100; policy accept;
         }}
        }}
        flush chain ip {self._table} {_chain(public)}
        add rule ip {self._table} {_chain(public)} ip daddr {public} dnat to {private}
        """
        with _CHANGING:
            nft("-f", "-", input=rules)
        with netlink() as ip:
            # The answer of this route is used for the sender's address alone.
            route = {"dst": f"{public}/32", "oif": link_index(ip, self._link)}
            ip.route("replace", gateway=str(self._router), **route)

    def close(self, public: IPv4Address) -> None:
        """Let an address lead nowhere; one that leads nowhere already is fine."""
        with _CHANGING:
            if f"{_chain(public)} " in self._listing():
                nft("delete", "chain", "ip", self._table, _chain(public))
            if "chain" not in self._listing():
                self.close_all()
        with netlink() as ip:
            index = link_index(ip, self._link)
            if index is None:
                return
            try:
                ip.route("del", dst=f"{public}/32", oif=index)
            except NetlinkError as error:
                if not was_absent(error):
                    raise

    def close_all(self) -> None:
        """Leave nothing; the routes go with the uplink."""
        if self._listing():
            nft("delete", "table", "ip", self._table)

    def _listing(self) -> str:
        tables = nft("list", "tables").splitlines()
        if f"table ip {self._table}" not in tables:
            return ""
        return nft("list", "table", "ip", self._table)


def _chain(public: IPv4Address) -> str:
    return f"to_{str(public).replace('.', '_')}"
