"""New keys on a cloud with a bastion and a key pair of the account: hosts still go one by one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.support.aws_project import AwsProject, aws_config, aws_project
from tests.support.plugin_world import World

SLOTS = ("a1", "b1", "c1", "a10")


def asked(generation: int, *accept: int) -> dict[str, Any]:
    wanted = aws_config()
    wanted["pools"][1]["hosts"] = {"a": 1}
    wanted["keys"] = {"generation": generation, "accept": list(accept)}
    return wanted


def pairs(project: AwsProject) -> list[str]:
    told = project.account.ec2.describe_key_pairs()["KeyPairs"]
    return sorted(str(pair["KeyName"]) for pair in told)


def test_a_new_key_pair_stands_beside_the_former_until_every_host_is_new(tmp_path: Path) -> None:
    with aws_project(tmp_path / "project", config=asked(1)) as project:
        world = World(project.world)
        project.up("-p", "32").good()
        project.configure(asked(1, 2))
        assert project.preview() == {"update": ["Identity t6"]}
        project.up("-p", "32").good()
        assert pairs(project) == ["t6-operator"]

        project.configure(asked(2, 1))
        world.forget_acts()
        world.behave(c1={"unjoinable": "the Swarm does not let it in"})
        assert project.up("-p", "32").status != 0

        gone = [act for act in world.acts() if act.startswith("leave")]
        assert gone == ["leave Node a1", "leave Node b1", "leave Node c1"]
        assert pairs(project) == ["t6-operator", "t6-operator-2"]
        world.behave()
        project.up("-p", "32").good()

        came_and_went = [act for act in world.acts() if act.split()[0] in {"leave", "join"}]
        expected = [f"{verb} Node {name}" for name in SLOTS for verb in ("leave", "join")]
        assert list(dict.fromkeys(came_and_went)) == expected
        assert pairs(project) == ["t6-operator-2"]
        project.destroy().good()
        assert project.account.left_over() == set()
