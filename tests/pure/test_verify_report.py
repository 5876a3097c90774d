from __future__ import annotations

import json

from components.errors import VerifyFailed
from components.verify.model import Failure, Fault
from components.verify.report import Line, Report

ROUTE = Fault(
    cause="route-missing",
    where="route table main (zone a)",
    what="no entry for 10.225.3.0/24, the containers of b1",
    evidence="nothing matches 10.225.3.2",
    hint="run `pulumi up --refresh`",
)
RULES = Fault(cause="forward-policy", where="a2", what="policy DROP", hint="repair it")


def report(*failures: Failure, hosts: str = "a1 a2 b1") -> Report:
    lines = [Line(name=n, zone=n[0], container="10.225.1.2") for n in hosts.split()]
    return Report(
        environment="t5",
        hosts=tuple(lines),
        checks=42,
        failures=failures,
        notes=("a note",),
        timings={"look": 0.25, "total": 3.0},
    )


def failure(fault: Fault, *pairs: tuple[str, str]) -> Failure:
    return Failure(fault=fault, pairs=pairs, checks=("container -> container, TCP 81",))


BROKEN = report(failure(ROUTE, ("a1", "b1"), ("b1", "a1")), failure(RULES, ("a1", "a2")))


def test_a_good_report_says_so_in_one_line_and_ends_with_zero() -> None:
    good = report()
    first = good.text().splitlines()[0]
    assert first == "t5: 3 hosts in 2 zones: every container reaches every other (42 checks)"
    assert (good.ok, good.exit_code, good.error()) == (True, 0, None)
    assert good.message() == first


def test_the_matrix_has_a_row_for_who_asks_and_a_letter_for_each_cause() -> None:
    rows = [line.split() for line in BROKEN.text().splitlines()[3:7]]
    assert rows == [
        ["a1", "a2", "b1"],
        ["a1", "-", "B", "A"],
        ["a2", "ok", "-", "ok"],
        ["b1", "A", "ok", "-"],
    ]


def test_each_letter_is_explained_with_evidence_and_next_step() -> None:
    text = BROKEN.text()
    assert "A  route table main (zone a): no entry for 10.225.3.0/24" in text
    assert "seen: nothing matches 10.225.3.2" in text
    assert "next: run `pulumi up --refresh`" in text
    assert "explains: a1 -> b1, b1 -> a1" in text
    assert "note: a note" in text
    assert text.rstrip().endswith("took look 0.2 s, total 3.0 s")


def test_the_first_cause_of_a_pair_gives_its_letter() -> None:
    both = report(failure(ROUTE, ("a1", "b1")), failure(RULES, ("a1", "b1")))
    assert both.matrix == {("a1", "b1"): "A"}


def test_twelve_hosts_fit_into_a_terminal() -> None:
    twelve = " ".join(f"{zone}{number}" for zone in "abc" for number in (1, 10, 11, 12))
    table = report(hosts=twelve).text().splitlines()[2:15]
    assert len(table) == 13
    assert max(len(row) for row in table) <= 80


def test_beyond_twelve_hosts_zones_are_counted() -> None:
    names = " ".join(f"{zone}{number}" for zone in "ab" for number in range(1, 8))
    big = report(failure(RULES, ("a1", "b1"), ("a1", "outside")), hosts=names)
    rows = [line.split() for line in big.text().splitlines()[3:6]]
    assert rows == [["a", "b"], ["a", "42/42", "48/49"], ["b", "49/49", "42/42"]]


def test_many_pairs_are_counted_not_listed() -> None:
    pairs = [(f"a{number}", "b1") for number in range(10)]
    assert "a5 -> b1 and 4 more" in report(failure(RULES, *pairs)).text()


def test_the_error_names_pair_first_wrong_hop_and_next_step() -> None:
    error = BROKEN.error()
    assert isinstance(error, VerifyFailed)
    assert str(error) == BROKEN.message()
    assert str(error) == (
        "a1 -> b1 and 1 more pairs: containers do not reach each other; first wrong hop: route "
        "table main (zone a): found no entry for 10.225.3.0/24, the containers of b1 [nothing "
        "matches 10.225.3.2]; run `pulumi up --refresh` (1 more causes in the report)"
    )
    assert BROKEN.exit_code == 3


def test_a_report_survives_the_way_through_json() -> None:
    for one in (report(), BROKEN):
        assert Report.from_dict(json.loads(json.dumps(one.to_dict()))) == one


def test_the_dict_tells_programs_whether_all_is_well() -> None:
    assert (report().to_dict()["ok"], BROKEN.to_dict()["ok"]) == (True, False)


def test_more_causes_than_letters_still_make_a_report() -> None:
    many = [
        failure(Fault(cause="x", where=f"h{n}", what="w", hint="h"), ("a1", f"h{n}"))
        for n in range(30)
    ]
    assert report(*many).matrix["a1", "h29"] == "#"


def test_long_evidence_is_wrapped_and_stays_whole() -> None:
    rule = " ".join(["-A", "FORWARD", *(f"-s 10.225.{n}.0/24" for n in range(30)), "-j DROP"])
    fault = Fault(cause="forward-rule", where="a1", what="drops", evidence=rule, hint="mend it")
    text = report(failure(fault, ("a1", "b1"))).text()
    assert max(len(line) for line in text.splitlines()) <= 100
    assert rule in " ".join(text.split())
