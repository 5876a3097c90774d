"""A machine's network: a namespace that lives exactly as long as one boot, and its link.

A namespace that outlived a stop would go on answering pings and keep packet rules that a real
host loses, so the machine's keeper calls `attach` at every start and `detach` at every stop.
"""

from __future__ import annotations

from components.errors import LabError
from lab import locks, names, namespaces, router
from lab.model import ETHERNET_MTU, Machine, VSwitch
from lab.netlink import LOOPBACK, link_index, netlink, remove_link
from lab.state import State, Store

INSIDE = "eth0"

# The router answers ARP for the neighbours of a machine, as nothing but the router links them;
# the kernel would wait up to 0.8 s before such an answer.
_PORT_SETTINGS = {"proxy_arp": "1", "rp_filter": "0"}
_NEIGHBOUR_SETTINGS = {"proxy_delay": "0"}


def attach(lab: str, machine: str) -> None:
    """Give a machine that starts a fresh namespace, its link, and its place in the tables.

    Raises:
        LabError: the lab does not know the machine.
    """
    store = Store(lab)
    with store.changing() as state:
        record = state.machines.get(machine)
        if record is None:
            raise _unknown(lab, machine)
        router.ensure(lab)
        remove(lab, machine)
        namespaces.create(names.namespace(lab, machine))
        connect(lab, state, record.spec)
        router.sync(lab, state)


def detach(lab: str, machine: str) -> None:
    """Take a stopped machine's network away; the black holes below its entries take over."""
    with locks.hold(lab):  # and not the records: what they say, or whether, does not matter
        remove(lab, machine)


def connect(lab: str, state: State, machine: Machine) -> None:
    """Link an existing namespace with the router, bottom up: port, addresses, default route."""
    vswitch = state.vswitches[machine.vswitch]
    port = names.port(machine.name)
    namespace = names.namespace(lab, machine.name)
    mtu = state.vpc.mtu if state.vpc else ETHERNET_MTU
    namespaces.within(names.router(lab), lambda: _make_port(port, namespace, mtu))
    namespaces.within(namespace, lambda: _configure(machine, vswitch))


def unconnected(lab: str, state: State, ports: dict[str, int]) -> list[Machine]:
    """Name the machines that have a namespace but no link to the router."""
    specs = (record.spec for record in state.machines.values())
    return [
        spec
        for spec in specs
        if names.port(spec.name) not in ports and namespaces.exists(names.namespace(lab, spec.name))
    ]


def remove(lab: str, machine: str) -> None:
    """Remove link and namespace.

    The link goes first: the kernel removes a namespace later than it says, and until then the
    name of a link that reaches into it stays taken.
    """
    if namespaces.exists(names.router(lab)):
        namespaces.within(names.router(lab), lambda: _remove_port(names.port(machine)))
    namespaces.remove(names.namespace(lab, machine))


def _remove_port(port: str) -> None:
    with netlink() as ip:
        remove_link(ip, port)


def _make_port(port: str, namespace: str, mtu: int) -> None:
    with netlink() as ip:
        ip.link(
            "add",
            ifname=port,
            kind="veth",
            mtu=mtu,
            peer={"ifname": INSIDE, "net_ns_fd": str(namespaces.RUN / namespace), "mtu": mtu},
        )
        namespaces.set_sysctls(
            {f"net/ipv4/conf/{port}/{key}": value for key, value in _PORT_SETTINGS.items()}
            | {f"net/ipv4/neigh/{port}/{key}": value for key, value in _NEIGHBOUR_SETTINGS.items()}
        )
        ip.link("set", index=link_index(ip, port), state="up")


def _configure(machine: Machine, vswitch: VSwitch) -> None:
    with netlink() as ip:
        index = link_index(ip, INSIDE)
        ip.link("set", index=LOOPBACK, state="up")
        ip.addr("add", index=index, address=str(machine.address), prefixlen=vswitch.cidr.prefixlen)
        ip.link("set", index=index, state="up")
        ip.route("replace", dst="default", gateway=str(vswitch.gateway))


def cut(lab: str, machine: str) -> None:
    """Take the machine's own end of the link down, so that its peers hear nothing more of it.

    The router's end stays up: its tables keep the entries, and packets vanish.
    """

    def down() -> None:
        with netlink() as ip:
            index = link_index(ip, INSIDE)
            if index is not None:
                ip.link("set", index=index, state="down")

    namespace = names.namespace(lab, machine)
    if namespaces.exists(namespace):
        namespaces.within(namespace, down)


def _unknown(lab: str, machine: str) -> LabError:
    return LabError(
        where=f"lab {lab}",
        what=f"there is no machine {machine!r} to attach",
        hint="put the machine first; if it was deleted, its keeper has nothing left to do",
    )
