from __future__ import annotations

from ipaddress import IPv4Address

import pytest

from components.verify.packets import Packet, Rules, matches, parse_rule


def packet(
    source: str = "10.225.1.2",
    destination: str = "10.225.3.2",
    arrives: str = "eth0",
    leaves: str = "br-routed",
    port: int = 81,
    state: str = "NEW",
) -> Packet:
    return Packet(
        source=IPv4Address(source),
        destination=IPv4Address(destination),
        arrives=arrives,
        leaves=leaves,
        port=port,
        state=state,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("rule", "met"),
    [
        ("-A X -s 10.225.0.0/16 -d 10.225.3.2/32 -j ACCEPT", True),
        ("-A X -s 10.226.0.0/16 -j ACCEPT", False),
        ("-A X ! -s 10.226.0.0/16 -j ACCEPT", True),
        ("-A X ! -i br-routed -o br-routed -j DROP", True),
        ("-A X -i br-routed -j DROP", False),
        ("-A X -i eth+ -j DROP", True),
        ("-A X -p tcp -m tcp --dport 80:90 -j ACCEPT", True),
        ("-A X -p tcp -m multiport --dports 22,443 -j ACCEPT", False),
        ("-A X -p udp -j ACCEPT", False),
        ("-A X -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT", False),
        ("-A X -m conntrack ! --ctstate RELATED,ESTABLISHED -j ACCEPT", True),
        ('-A X -m comment --comment "two words" -j ACCEPT', True),
        ("-A X -m set --match-set docker-ext-bridges-v4 dst -j ACCEPT", False),
        ("-A X -m addrtype ! --dst-type LOCAL -j ACCEPT", False),
        ("-A X -j REJECT --reject-with icmp-port-unreachable", True),
    ],
)
def test_a_rule_matches_what_its_options_say(rule: str, met: bool) -> None:
    assert matches(parse_rule(rule), packet()) is met


def rules(*lines: str, policy: str = "ACCEPT") -> Rules:
    names = {word for line in lines for word in line.split() if word.startswith("MY-")}
    chains = "".join(f":{name} - [0:0]\n" for name in sorted(names))
    body = "\n".join(lines)
    return Rules.parse(f"*filter\n:FORWARD {policy} [0:0]\n{chains}{body}\nCOMMIT\n")


def test_the_policy_decides_where_no_rule_does() -> None:
    verdict = rules("-A FORWARD -i nowhere -j ACCEPT", policy="DROP").walk(
        "filter", "FORWARD", packet()
    )
    assert (verdict.drops, verdict.by_policy) == (True, True)
    assert verdict.evidence == "filter FORWARD: policy DROP"


def test_a_jump_comes_back_after_return_and_the_next_rule_decides() -> None:
    found = rules(
        "-A FORWARD -j MY-CHAIN",
        "-A FORWARD -j DROP",
        "-A MY-CHAIN -j RETURN",
        "-A MY-CHAIN -j ACCEPT",
    )
    assert found.walk("filter", "FORWARD", packet()).evidence == "filter: -A FORWARD -j DROP"


def test_a_goto_does_not_come_back() -> None:
    found = rules("-A FORWARD -g MY-CHAIN", "-A FORWARD -j DROP", "-A MY-CHAIN -i nowhere -j DROP")
    assert found.walk("filter", "FORWARD", packet()).by_policy


def test_a_rule_that_only_logs_or_marks_does_not_decide() -> None:
    found = rules("-A FORWARD -j LOG", "-A FORWARD -j MARK --set-xmark 0x1/0x1")
    assert found.walk("filter", "FORWARD", packet()).action == "ACCEPT"


def test_an_untracked_packet_is_remembered_whatever_the_verdict() -> None:
    text = "*raw\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -s 10.225.0.0/16 -j {}\nCOMMIT\n"
    for target in ("NOTRACK", "CT --notrack"):
        verdict = Rules.parse(text.format(target)).walk("raw", "PREROUTING", packet())
        assert (verdict.action, verdict.untracked) == ("ACCEPT", True)


def test_a_table_that_was_never_made_accepts() -> None:
    assert Rules.parse("").walk("raw", "PREROUTING", packet()).action == "ACCEPT"
