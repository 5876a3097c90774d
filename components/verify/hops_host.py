"""The hops inside a host: forwarding, raw and filter rules, masquerade, the bridge."""

from __future__ import annotations

from dataclasses import replace

from components.verify.look import Look
from components.verify.model import Fault, Target
from components.verify.packets import Packet, Verdict
from components.verify.way import Leg, Sight

REPAIR = "run `systemctl reload-or-restart fairway-rules` on {}, or `pulumi up` to repair the host"
REMAKE = (
    "on {}, remove the network routed-config and run `pulumi up`, which makes it anew with "
    "gateway mode nat-unprotected"
)
RAW = "a raw rule drops what is routed straight to a container"
POLICY = "policy DROP, and no rule accepts packets that are routed to or from its containers"
RULE = "a packet rule drops what is routed to or from its containers"


def leaves(leg: Leg, sight: Sight) -> Fault | None:
    """Look at the source host's rules for a packet that comes from one of its containers."""
    look, host = sight.looks.get(leg.source.host.name), leg.source.host
    if look is None or not leg.source.inner or leg.local:
        return None
    packet = _packet(leg, look.device(leg.source.address), look.uplink)
    return _passes(packet, look, host)


def arrives(leg: Leg, sight: Sight) -> Fault | None:
    """Look at the target host's rules for a packet that is for one of its containers."""
    look, host = sight.looks.get(leg.target.host.name), leg.target.host
    if look is None or not leg.target.inner:
        return None
    bridge = look.device(leg.target.address)
    if bridge in {"", look.uplink}:
        return Fault(
            cause="no-bridge",
            where=host.name,
            what=f"no bridge of this host holds its container CIDR {host.containers}",
            evidence=f"{leg.target.address} is sent to {bridge or 'nowhere'}",
            hint=f"look at `docker network inspect routed` on {host.name}",
        )
    return _passes(_packet(leg, "" if leg.local else look.uplink, bridge), look, host)


def masquerade(leg: Leg, sight: Sight) -> Fault | None:
    """Look whether what leaves the container range gets the host's own address."""
    look, host = sight.looks.get(leg.source.host.name), leg.source.host
    if look is None or not leg.source.inner or sight.network.is_inner(leg.target.address):
        return None
    packet = _packet(leg, "", look.uplink)
    verdict = look.rules.walk("nat", "POSTROUTING", packet)
    if verdict.action in {"MASQUERADE", "SNAT"}:
        return None
    return Fault(
        cause="no-masquerade",
        where=host.name,
        what=f"nothing masquerades {host.containers} towards addresses outside "
        f"{sight.network.ranges_text}, so no answer finds its way back",
        evidence=_joined(verdict.evidence, _notrack(look), look.complaint),
        hint=REPAIR.format(host.name),
    )


def translator(leg: Leg, sight: Sight) -> tuple[Target, str] | None:
    """Find the host whose nat rules rewrite the leg's source address, and that rule."""
    for host, inward in ((leg.source.host, False), (leg.target.host, True)):
        look = sight.looks.get(host.name)
        if look is None:
            continue
        leaves_by = look.device(leg.target.address) if inward else look.uplink
        verdict = look.rules.walk("nat", "POSTROUTING", _packet(leg, "", leaves_by))
        if verdict.action in {"MASQUERADE", "SNAT"}:
            return host, verdict.evidence
    return None


def _packet(leg: Leg, inward: str, outward: str) -> Packet:
    return Packet(
        source=leg.source.address,
        destination=leg.target.address,
        arrives=inward,
        leaves=outward,
        protocol=leg.protocol,
        port=0 if leg.reply else leg.port,
        state="ESTABLISHED" if leg.reply else "NEW",
    )


def _passes(packet: Packet, look: Look, host: Target) -> Fault | None:
    """Walk raw, forwarding and filter. A packet with no inward interface is the host's own."""
    own = not packet.arrives
    raw = look.rules.walk("raw", "OUTPUT" if own else "PREROUTING", replace(packet, leaves=""))
    if raw.drops:
        return _fault("raw-rule", RAW, host, raw, look)
    if not own and not look.forwarding:
        return Fault(
            cause="forwarding-off",
            where=host.name,
            what="this host does not forward packets between its containers and the network",
            evidence="net.ipv4.ip_forward = 0",
            hint=f"run `sysctl --system` on {host.name} and find out who switched it off",
        )
    # An untracked packet matches no ESTABLISHED rule, on its way back either.
    seen = replace(packet, state="UNTRACKED") if raw.untracked else packet
    verdict = look.rules.walk("filter", "OUTPUT" if own else "FORWARD", seen)
    if not verdict.drops:
        return None
    if verdict.by_policy:
        return _fault("forward-policy", f"FORWARD has {POLICY}", host, verdict, look)
    return _fault("forward-rule", RULE, host, verdict, look)


def _fault(cause: str, what: str, host: Target, verdict: Verdict, look: Look) -> Fault:
    return Fault(
        cause=cause,
        where=host.name,
        what=what,
        evidence=_joined(verdict.evidence, look.complaint),
        hint=(REMAKE if cause == "raw-rule" else REPAIR).format(host.name),
    )


def _notrack(look: Look) -> str:
    rules = (rule for key, chain in look.rules.chains.items() if key[0] == "raw" for rule in chain)
    return next((f"raw: {rule.text}" for rule in rules if rule.untracks), "")


def _joined(*parts: str) -> str:
    return "; ".join(part for part in parts if part)
