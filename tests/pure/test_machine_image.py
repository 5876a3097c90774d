"""Images: where packages come from, what a recipe is, and what a finished image must not hold."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest

from components.errors import LabError
from lab import bootstrap, image
from lab.recipe import RECIPES

DEB822 = """\
# a comment
Types: deb deb-src
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/security
Suites: bookworm-security
Components:
 main

Types: deb
URIs: http://off.example/debian
Suites: bookworm
Components: main
Enabled: no

Types: deb
URIs: http://vendor.example/apt
Suites: nodistro
Components: main
"""

ONE_LINE = """\
deb [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian trixie main contrib
#deb http://comment.example/debian trixie main
deb-src http://mirror.example/debian trixie main
deb http://vendor.example/apt vendor-trixie stable
"""


def computer(etc: Path, release: str, **files: str) -> Path:
    (etc / "apt/sources.list.d").mkdir(parents=True)
    (etc / "os-release").write_text(release)
    for name, text in files.items():
        (etc / "apt/sources.list.d" / name.replace("_", ".")).write_text(text)
    return etc


def test_a_debian_computer_lends_its_own_mirror_to_the_image(tmp_path: Path) -> None:
    etc = computer(tmp_path, "ID=debian\nVERSION_CODENAME=bookworm\n", debian_sources=DEB822)
    assert bootstrap.sources_of_this_computer("trixie", etc) == [
        "deb http://mirror.example/debian trixie main",
        "deb http://mirror.example/debian trixie-updates main",
        "deb http://mirror.example/security trixie-security main",
    ]


def test_a_rolling_release_has_no_suite_for_security_or_updates(tmp_path: Path) -> None:
    etc = computer(tmp_path, 'ID=debian\nVERSION_CODENAME="bookworm"\n', debian_sources=DEB822)
    lines = bootstrap.sources_of_this_computer("sid", etc)
    assert lines == ["deb http://mirror.example/debian sid main"]


def test_one_line_sources_are_read_and_comments_and_sources_of_source_are_not() -> None:
    sources = bootstrap.read_sources("debian.list", ONE_LINE)
    assert sources == [bootstrap.Source("http://mirror.example/debian", "trixie")]


def test_another_distribution_leaves_the_mirror_to_mmdebstrap(tmp_path: Path) -> None:
    etc = computer(tmp_path, "ID=ubuntu\nVERSION_CODENAME=noble\n", ubuntu_sources=DEB822)
    assert bootstrap.sources_of_this_computer("trixie", etc) == []


def test_a_computer_with_only_a_security_mirror_leaves_the_mirror_to_mmdebstrap() -> None:
    known = [bootstrap.Source("http://mirror.example/security", "trixie-security")]
    assert bootstrap.sources_for("trixie", "trixie", known) == []


def test_mmdebstrap_reads_sources_from_its_input_only_where_there_are_some(tmp_path: Path) -> None:
    given = bootstrap.arguments("trixie", ["a", "b"], [], tmp_path, given=True)
    assert given[-3:] == ["trixie", str(tmp_path), "-"]
    assert "--include=a,b" in given
    assert bootstrap.arguments("trixie", ["a"], [], tmp_path, given=False)[-1] == str(tmp_path)


def test_a_proxy_of_the_computers_apt_is_used_and_one_that_says_direct_is_none() -> None:
    told = "http_proxy='http://proxy.example:3142'\nhttps_proxy='DIRECT'\n"
    assert bootstrap.proxies(told) == {"http_proxy": "http://proxy.example:3142"}
    assert bootstrap.proxies("") == {}


def test_progress_tells_each_step_once_and_never_claims_to_be_done() -> None:
    progress = bootstrap.Progress()
    told = [progress.line(f"Get:{n} http://mirror.example x") for n in range(1000)]
    news = [line for line in told if line]
    assert news[0] == "0 %, fetching packages"
    assert news[-1] == "99 %, fetching packages"
    assert len(news) == len(set(news)) == 100
    assert progress.line("Reading package lists...") is None


def test_a_failed_build_shows_the_last_words_of_mmdebstrap_and_a_next_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing = ["sh", "-c", "seq 1 40; echo E: no such package >&2; exit 25"]
    monkeypatch.setattr(bootstrap, "arguments", lambda *_, **__: failing)
    with pytest.raises(LabError, match="status 25") as caught:
        bootstrap.bootstrap("trixie", ["x"], [], tmp_path, lambda _: None)
    text = str(caught.value)
    assert "E: no such package" in text
    assert "apt-get update" in text
    assert "\n    20\n" not in text  # only the end is told


def test_a_missing_mmdebstrap_is_named_with_the_package_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap, "arguments", lambda *_, **__: ["fairway-has-no-such-tool"])
    with pytest.raises(LabError, match="apt-get install mmdebstrap"):
        bootstrap.bootstrap("trixie", ["x"], [], tmp_path, lambda _: None)


def test_any_change_of_a_recipe_is_another_image() -> None:
    recipe = RECIPES["trixie"]
    changed = [
        replace(recipe, packages=(*recipe.packages, "nano")),
        replace(recipe, masked=recipe.masked[1:]),
        replace(recipe, files=()),
        replace(recipe, aptopts=("x",)),
    ]
    digests = {each.digest() for each in (*changed, *RECIPES.values())}
    assert len(digests) == len(changed) + len(RECIPES)
    assert recipe.digest() == replace(recipe).digest()


def test_the_oldest_release_has_its_client_in_the_engines_package() -> None:
    assert "docker-cli" not in RECIPES["bookworm"].packages
    assert "docker-cli" in RECIPES["trixie"].packages
    assert "docker-cli" in RECIPES["sid"].packages


def test_an_unknown_release_is_refused_with_those_that_exist(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="bookworm, trixie, sid"):
        image.ensure_image("woody", report=lambda _: None)


def test_a_finished_image_holds_no_identity_and_masks_what_slows_a_boot(tmp_path: Path) -> None:
    for name in ("etc/ssh/ssh_host_ed25519_key", "etc/machine-id", "var/lib/apt/lists/a/Packages"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("secret")
    image.finish(tmp_path, RECIPES["trixie"])
    assert list((tmp_path / "etc/ssh").iterdir()) == []
    assert (tmp_path / "etc/machine-id").read_text() == ""
    assert list((tmp_path / "var/lib/apt/lists").iterdir()) == []
    timer = tmp_path / "etc/systemd/system/apt-daily.timer"
    assert str(timer.readlink()) == "/dev/null"


def fake_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    built: list[str] = []

    def fill(
        release: str, _packages: object, _options: object, root: Path, _report: object
    ) -> None:
        built.append(release)
        (root / "etc").mkdir()

    monkeypatch.setattr(image, "IMAGES", tmp_path / "images")
    monkeypatch.setattr(image, "LABS", tmp_path / "labs")
    monkeypatch.setattr(image, "bootstrap", fill)
    return built


def test_an_image_is_built_once_and_its_release_name_leads_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = fake_build(tmp_path, monkeypatch)
    first = image.ensure_image("trixie", report=lambda _: None)
    assert image.ensure_image("trixie", report=lambda _: None) == first
    assert (tmp_path / "images/trixie").resolve() == first
    assert built == ["trixie"]


def test_a_changed_recipe_replaces_the_image_but_for_machines_that_stand_on_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_build(tmp_path, monkeypatch)
    used = image.ensure_image("trixie", report=lambda _: None)
    machine = tmp_path / "labs/x/machines/a1"
    machine.mkdir(parents=True)
    (machine / "image").symlink_to(used)
    recipe = RECIPES["trixie"]
    for package in ("nano", "less"):
        monkeypatch.setitem(RECIPES, "trixie", replace(recipe, packages=(package,)))
        newest = image.ensure_image("trixie", report=lambda _: None)
    left = sorted(path for path in (tmp_path / "images").glob("trixie.*"))
    assert left == sorted([used, newest])


def test_a_build_that_fails_leaves_nothing_and_the_next_one_sweeps_what_a_killed_one_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_build(tmp_path, monkeypatch)
    killed = tmp_path / "images/.building-trixie-killed/usr"
    killed.mkdir(parents=True)

    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(image, "finish", fail)
    with pytest.raises(KeyboardInterrupt):
        image.ensure_image("trixie", report=lambda _: None)
    left = [path.name for path in (tmp_path / "images").iterdir()]
    assert left == [".trixie.lock"]


def test_the_live_line_is_rewritten_on_a_terminal_and_ends_with_the_result() -> None:
    class Terminal(StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    line = image._LiveLine("machine image trixie", terminal)
    line.show("3 %, fetching packages")
    line.end("ready in /x")
    assert terminal.getvalue().count("\r\x1b[K") == 2
    assert terminal.getvalue().endswith("machine image trixie: ready in /x (0 s)\n")
