"""How each cloud writes the names of its images and instance types."""

from __future__ import annotations

from collections.abc import Callable

from components.config import values
from components.config.model import LAB_IMAGES, Cloud

Reader = Callable[[object], str]

_AMI = r"ami-[0-9a-f]{8,17}"
_ALIBABA_IMAGE = r"[A-Za-z0-9][A-Za-z0-9._-]{2,127}"
_AWS_TYPE = r"[a-z0-9-]+\.[a-z0-9-]+"
_ALIBABA_TYPE = r"ecs\.[a-z0-9-]+\.[a-z0-9-]+"
_NEWEST = "write the id that `./fairway image STACK` finds"


def image_of(cloud: Cloud) -> Reader:
    """A reader of the ids of images, as the cloud writes them."""
    match cloud:
        case "lab":
            return values.one_of(LAB_IMAGES, "images")
        case "aws":
            return values.fitting(_AMI, "an image's id, ami-...", _NEWEST)
        case "alicloud":
            return values.fitting(_ALIBABA_IMAGE, "an image's id", _NEWEST)


def type_of(cloud: Cloud) -> Reader:
    """A reader of instance types, as the cloud writes them."""
    hint = "write it as the cloud's list of instance types does"
    if cloud == "aws":
        return values.fitting(_AWS_TYPE, "an instance type such as m7i.large", hint)
    return values.fitting(_ALIBABA_TYPE, "an instance type such as ecs.g8i.large", hint)
