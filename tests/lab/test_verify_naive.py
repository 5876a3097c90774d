"""Hosts without our packet rules, on two generations of Docker: verify must fail, for the cause."""

from __future__ import annotations

import pytest

from tests.support.verify_town import town

POLICY = ("forward-policy", "filter FORWARD: policy DROP")
RAW = ("raw-rule", "-d 10.225.17.2/32 ! -i br-")


@pytest.mark.parametrize(
    ("image", "version", "expected"), [("trixie", "26.", POLICY), ("sid", "28.", RAW)]
)
def test_hosts_without_our_rules_fail_with_the_cause_of_their_docker(
    image: str, version: str, expected: tuple[str, str]
) -> None:
    with town("t5n", "a1", "b1", image=image, naive=True) as naive:
        assert naive.run("a1", "docker version -f '{{.Server.Version}}'").startswith(version)
        report = naive.verify()
    causes = {f.fault.where: f.fault for f in report.failures if f.fault.cause == expected[0]}
    assert causes["b1"].evidence.find(expected[1]) >= 0, report.text()
    assert set(causes) == {"a1", "b1"}
    assert ("a1", "b1") in report.matrix
