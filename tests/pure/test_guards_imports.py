"""Who may know whom."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.support.source import CODE, ROOT, imported, imports_any, modules, name_of

PURE = ("components/plan", "components/host", "components/config", "components/picture")
PURE_MODULES = ("components/environment.py", "components/errors.py", "components/outputs.py")
CLOUDS = ("lab", "aws", "alicloud")
SDKS = {
    "aws": ("pulumi_aws", "boto3", "botocore"),
    "alicloud": ("pulumi_alicloud", "alibabacloud_tea_openapi", "alibabacloud_credentials", "Tea"),
}


def _breaches(paths: list[Path], *packages: str) -> dict[str, set[str]]:
    return {name_of(path): bad for path in paths if (bad := imports_any(path, *packages))}


def test_what_is_only_arithmetic_and_text_knows_neither_engine_nor_network() -> None:
    paths = [path for top in PURE for path in modules(top) if path.stem != "ready"]
    paths += [ROOT / name for name in PURE_MODULES if name != "components/outputs.py"]
    assert len(paths) > 10
    assert not _breaches(paths, "pulumi", "paramiko", "socket", "subprocess", "lab", "provider")


def test_deciding_what_to_do_with_a_swarm_needs_no_host() -> None:
    paths = [p for p in modules("components/swarm") if p.stem in {"decide", "facts", "quorum"}]
    assert paths
    assert not _breaches(paths, "pulumi", "paramiko", "subprocess")


def test_nothing_that_works_on_hosts_imports_the_engine() -> None:
    tops = ("components/remote", "components/swarm", "components/verify", "components/host")
    assert not _breaches([path for top in tops for path in modules(top)], "pulumi", "provider")


def test_the_lab_stands_alone() -> None:
    paths = list(modules("lab"))
    foreign = {
        name_of(path): {name for name in bad if not name.startswith("components.errors")}
        for path in paths
        if (bad := imports_any(path, "components", "pulumi", "provider", "scripts"))
    }
    assert {
        name: bad - {"components"} for name, bad in foreign.items() if bad - {"components"}
    } == {}


def test_errors_are_the_one_thing_that_everybody_may_import() -> None:
    assert {name.partition(".")[0] for name in imported(ROOT / "components/errors.py")} <= {
        "__future__",
        *sys.stdlib_module_names,
    }


def _of_cloud(cloud: str) -> list[Path]:
    here = ROOT / "components/clouds" / cloud
    return list(here.rglob("*.py")) if here.is_dir() else [here.with_suffix(".py")]


@pytest.mark.parametrize("cloud", CLOUDS)
def test_no_cloud_knows_another(cloud: str) -> None:
    others = [f"components.clouds.{other}" for other in CLOUDS if other != cloud]
    assert not _breaches(_of_cloud(cloud), *others)


def test_what_clouds_share_knows_none_of_them() -> None:
    shared = sorted((ROOT / "components/clouds").glob("*.py"))
    paths = [path for path in shared if path.stem != "lab"]
    assert len(paths) > 5
    assert not _breaches(paths, *(f"components.clouds.{cloud}" for cloud in CLOUDS))


@pytest.mark.parametrize("cloud", SDKS)
def test_a_clouds_sdk_is_imported_in_its_own_folder_alone(cloud: str) -> None:
    own = set(_of_cloud(cloud))
    paths = [path for path in modules(*CODE) if path not in own]
    assert any(imports_any(path, *SDKS[cloud]) for path in own)
    assert not _breaches(paths, *SDKS[cloud])


def test_set_up_runs_before_anything_is_installed() -> None:
    needs_venv = {"images", "lock"}
    ours = {"components", "scripts", "__future__"}
    for path in modules("scripts"):
        if path.parent.name == "scripts" and path.stem not in needs_venv:
            tops = {name.partition(".")[0] for name in imported(path)}
            assert tops <= {*sys.stdlib_module_names, *ours}, name_of(path)
            assert imports_any(path, "components") <= {
                "components.errors",
                "components.errors.ConfigError",
                "components.errors.FairwayError",
                "components.errors.SetupError",
            }
