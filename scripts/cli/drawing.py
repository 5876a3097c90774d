"""`fairway graph`: the picture of a stack, in the form that the file's name asks for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from components.environment import Environment
from components.errors import ConfigError
from components.picture import page, svg
from components.plan import make_plan
from components.plan.rules import quota_of
from components.verify import Report


def draw(environment: Environment, answer: Mapping[str, Any], target: Path) -> str:
    """The text of `target`; `answer` is verify's report as plain values, empty if there is none.

    Raises:
        ConfigError: The name ends neither in .html nor in .svg.
    """
    plan, settings, broken = make_plan(environment), environment.settings, _broken(answer)
    if target.suffix == ".svg":
        return svg(plan, uplink=settings.uplink, broken=broken)
    if target.suffix == ".html":
        return page(plan, quota=quota_of(environment), uplink=settings.uplink, broken=broken)
    raise ConfigError(
        where=str(target),
        what="a picture is a page or an SVG",
        found=target.suffix or "no suffix",
        wanted=".html or .svg",
        hint="give --out such a name",
    )


def _broken(answer: Mapping[str, Any]) -> dict[tuple[str, str], str] | None:
    if not answer:
        return None
    failures = Report.from_dict(answer).failures
    return {pair: failure.fault.what for failure in failures for pair in failure.pairs}
