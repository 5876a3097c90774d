"""fairway:lab:Prefixes - the /28s that the router delivers to the interface of a slot."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Network
from typing import ClassVar

from components.errors import FairwayError
from lab.model import Prefixes
from provider.lab import LAB, LabType
from provider.schema import ADDRESS, CIDR, TEXT, TEXTS, Field, faults, wrong
from provider.wire import Values, has_unknown


class PrefixesType(LabType[Prefixes]):
    """Prefixes change in place and outlive the machine; `vswitch` only says what they die with."""

    urn_type = "fairway:lab:Prefixes"
    kind = Prefixes
    fields: ClassVar[Mapping[str, Field]] = {
        "lab": LAB,
        "vswitch": Field(kind=TEXT, change="replace"),
        "address": Field(kind=ADDRESS, change="replace"),
        "prefixes": Field(kind=TEXTS),
    }

    def check(self, where: str, old: Values, new: Values) -> tuple[Values, list[FairwayError]]:
        errors = faults(where, self.fields, new)
        if not errors and not has_unknown(new["prefixes"]):
            field = Field(kind=CIDR)
            errors += [
                wrong(where, f"prefixes[{number}]", field, each)
                for number, each in enumerate(new["prefixes"])
                if not CIDR.fits(each)
            ]
        return new, errors

    def spec(self, inputs: Values) -> Prefixes:
        return Prefixes(
            address=IPv4Address(inputs["address"]),
            prefixes=tuple(map(IPv4Network, inputs["prefixes"])),
        )

    def inputs(self, spec: Prefixes) -> Values:
        return {"address": str(spec.address), "prefixes": [str(each) for each in spec.prefixes]}
