"""The CI examples: what their CIs take, what they may, and who has to say yes to what."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from check_jsonschema import main as check_schema
from click.testing import CliRunner

from tests.support.ci_examples import GITHUB, GITLAB, Runner, gitlab, workflow

WORKFLOWS = sorted(file.name for file in GITHUB.glob("*.yml"))
STACK = "aws-production"
SAYS = """#!/bin/sh
# What ./fairway says is in a folder beside it: a status for each command, and the preview.
echo "$*" >> "$SAYS/asked"
case "$*" in *--save*) [ ! -e "$SAYS/preview.json" ] || cp "$SAYS/preview.json" "$5" ;; esac
echo "answer of $1"
exit "$(cat "$SAYS/$1")"
"""
KNOWN = {
    "matrix.stack": STACK,
    "inputs.stack": STACK,
    "vars.PULUMI_BACKEND_URL": "s3://bucket",
    "github.token": "token",
    "github.repository": "team/infra",
    "github.event.pull_request.number": "7",
}
REVIEWED = {"/pulls": "abc123", "run list": "99", "environments": "1"}


class Ci:
    """A checkout whose `./fairway` says what it is told, and a runner in it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.says = folder / "checkout", folder / "says"
        self.shown = folder / "artifact"
        for made in (self.folder, self.says, self.shown):
            made.mkdir()
        program = self.folder / "fairway"
        program.write_text(SAYS)
        program.chmod(0o755)
        env = {"PATH": os.environ["PATH"], "SAYS": str(self.says)}
        self.runner = Runner(folder=self.folder, tools=folder / "tools", env=env, known={**KNOWN})

    def say(
        self, status: int, fingerprint: str | None = "now", *, verify: int = 0, drift: int = 0
    ) -> None:
        statuses = {"preview": status, "verify": verify, "drift": drift, "up": 0}
        for command, ended in statuses.items():
            (self.says / command).write_text(f"{ended}\n")
        if fingerprint is not None:
            (self.says / "preview.json").write_text(json.dumps({"fingerprint": fingerprint}))

    def show(self, fingerprint: str) -> None:
        """What the pull request's own preview was."""
        (self.shown / "preview.json").write_text(json.dumps({"fingerprint": fingerprint}))
        self.runner.shown = self.shown

    @property
    def asked(self) -> list[str]:
        return (self.says / "asked").read_text().splitlines()

    @property
    def environment(self) -> str:
        return self.runner.known.get("steps.gate.outputs.environment", "")


@pytest.fixture
def ci(tmp_path: Path) -> Ci:
    return Ci(tmp_path)


def taken(schema: str, *words: str) -> bool:
    done = CliRunner().invoke(check_schema, ["--builtin-schema", f"vendor.{schema}", *words])
    return done.exit_code == 0


def jobs() -> Iterator[tuple[str, dict[str, Any]]]:
    for name in WORKFLOWS:
        for job, told in workflow(name)["jobs"].items():
            yield f"{name} {job}", told


def test_the_examples_are_what_their_ci_s_schemas_allow(tmp_path: Path) -> None:
    assert taken("github-workflows", *(str(GITHUB / name) for name in WORKFLOWS))
    assert taken("gitlab-ci", "--data-transform", "gitlab-ci", str(GITLAB))

    broken = tmp_path / "broken.yml"
    broken.write_text((GITHUB / "fairway-up.yml").read_text().replace("branches:", "branch:"))
    assert not taken("github-workflows", str(broken))
    broken.write_text(GITLAB.read_text().replace("when: manual", "when: by-hand"))
    assert not taken("gitlab-ci", "--data-transform", "gitlab-ci", str(broken))


def test_every_action_is_pinned_to_a_commit_and_says_its_version() -> None:
    pinned = re.compile(r"\S+@[0-9a-f]{40} # v\d+\.\d+\.\d+|\./\S+")
    used = [
        line.partition("uses: ")[2]
        for name in WORKFLOWS
        for line in (GITHUB / name).read_text().splitlines()
        if "uses: " in line
    ]
    assert len(used) > 10
    assert [each for each in used if not pinned.fullmatch(each)] == []


def test_a_job_has_just_the_rights_that_it_needs_and_ends_some_time() -> None:
    assert all(workflow(name)["permissions"] == {} for name in WORKFLOWS)
    writes = {
        name: {right for right, level in told["permissions"].items() if level == "write"}
        for name, told in jobs()
    }
    assert writes["fairway-preview.yml preview"] == {"id-token"}
    assert writes["fairway-preview.yml comment"] == {"pull-requests"}
    assert writes["fairway-apply.yml up"] == {"id-token"}
    assert all("timeout-minutes" in told or "uses" in told for _, told in jobs())


def test_a_pull_request_s_code_never_runs_where_a_token_writes_nor_a_fork_s_anywhere() -> None:
    told = workflow("fairway-preview.yml")
    assert set(told["on"]) == {"pull_request"}
    assert "head.repo.full_name == github.repository" in told["jobs"]["preview"]["if"]
    assert not any("checkout" in each.get("uses", "") for each in told["jobs"]["comment"]["steps"])
    note = gitlab()["note"]
    assert note["variables"]["GIT_STRATEGY"] == "none"
    assert "extends" not in note


def test_no_expression_is_pasted_into_a_shell() -> None:
    steps = [step for _, told in jobs() for step in told.get("steps", ()) if "run" in step]
    assert len(steps) > 8
    assert [step for step in steps if "${{" in step["run"]] == []


@pytest.mark.parametrize("status", [0, 2, 3])
def test_an_answer_of_preview_is_no_failure_of_the_job(ci: Ci, status: int) -> None:
    ci.say(status)

    assert ci.runner.github("fairway-preview.yml", "preview").good()
    assert ci.runner.gitlab("preview", STACK=STACK).good()

    assert ci.asked[0] == f"preview {STACK} --markdown --save preview.json"
    assert "answer of preview" in ci.runner.summary
    assert "answer of preview" in (ci.folder / f"{STACK}.md").read_text()


def test_a_preview_that_failed_fails_the_job(ci: Ci) -> None:
    ci.say(1, fingerprint=None)

    assert ci.runner.github("fairway-preview.yml", "preview").status != 0
    assert ci.runner.github("fairway-apply.yml", "look").status != 0
    assert ci.runner.gitlab("preview", STACK=STACK).status != 0
    assert ci.environment == ""


WHO = [
    (0, "now", REVIEWED, ""),
    (2, "now", REVIEWED, STACK),
    (2, "then", REVIEWED, f"{STACK}-by-hand"),
    (2, "now", {"environments": "1"}, f"{STACK}-by-hand"),
    (2, "now", {"/pulls": "abc123", "environments": "1"}, f"{STACK}-by-hand"),
    (3, "now", REVIEWED, f"{STACK}-by-hand"),
]


@pytest.mark.parametrize(("status", "shown", "answers", "environment"), WHO)
def test_a_person_is_asked_unless_the_pull_request_showed_this_very_change(
    ci: Ci, status: int, shown: str, answers: dict[str, str], environment: str
) -> None:
    ci.say(status, fingerprint="now")
    ci.show(shown)
    ci.runner.answers = answers

    ci.runner.github("fairway-apply.yml", "look").good()

    assert ci.environment == environment


def test_where_nobody_would_be_asked_nothing_is_done(ci: Ci) -> None:
    ci.say(3)
    ci.runner.answers = {**REVIEWED, "environments": "0"}

    refused = ci.runner.github("fairway-apply.yml", "look")

    assert refused.status == 1
    assert f"{STACK}-by-hand has no required reviewers" in refused.text
    assert ci.environment == ""


def test_up_does_what_was_looked_at(ci: Ci) -> None:
    ci.say(2)

    ci.runner.github("fairway-apply.yml", "up").good()
    ci.runner.gitlab("up", STACK=STACK).good()

    assert ci.asked == [
        f"up {STACK} --approved preview.json",
        f"up {STACK} --approved {STACK}.json",
    ]


@pytest.mark.parametrize(("held", "call"), [("", "POST repos/team/infra/issues/7"), ("5", "PATCH")])
def test_one_comment_is_written_and_then_written_anew(ci: Ci, held: str, call: str) -> None:
    for stack in ("aws-staging", STACK):
        folder = ci.folder / "previews" / f"preview-{stack}"
        folder.mkdir(parents=True)
        (folder / "preview.md").write_text(f"of {stack}\n")
    ci.runner.answers = {"--paginate": held}

    ci.runner.github("fairway-preview.yml", "comment").good()

    assert f"gh api --method {call}" in ci.runner.calls[-1]
    text = (ci.folder / "comment.md").read_text()
    assert text.startswith("<!-- fairway preview -->")
    assert all(f"of {stack}" in text for stack in ("aws-staging", STACK))


def test_the_token_of_a_note_is_in_no_command_line(ci: Ci) -> None:
    ci.runner.gitlab("note", STACK=STACK, FAIRWAY_NOTE_TOKEN="glpat-x").good()

    words, fed = ci.runner.calls
    assert "glpat-x" not in words
    assert fed == "curl's input: PRIVATE-TOKEN:glpat-x"


@pytest.mark.parametrize("wrong", [{}, {"verify": 3}, {"drift": 1}, {"preview": 2}])
def test_each_night_all_is_looked_at_and_what_is_wrong_fails(ci: Ci, wrong: dict[str, int]) -> None:
    ci.say(wrong.get("preview", 0), verify=wrong.get("verify", 0), drift=wrong.get("drift", 0))

    done = [
        ci.runner.github("fairway-nightly.yml", "nightly"),
        ci.runner.gitlab("nightly", STACK=STACK),
    ]

    assert [each.split()[0] for each in ci.asked] == ["verify", "drift", "preview"] * 2
    assert all((each.status != 0) == bool(wrong) for each in done)
    assert all(f"look at {name}" in each.text for each in done for name in wrong)
    opened = [call for call in ci.runner.calls if call.startswith("gh issue create")]
    assert len(opened) == (1 if wrong else 0)


def test_a_second_bad_night_adds_to_the_open_issue(ci: Ci) -> None:
    ci.say(0, verify=3)
    ci.runner.answers = {"issue list": "12"}

    ci.runner.github("fairway-nightly.yml", "nightly")

    assert ci.runner.calls[-1] == "gh issue comment 12 --body-file report.md"
