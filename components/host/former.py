"""User data as former versions wrote it, where it made the same host as today's does.

A host's user data is what it was made of: any other text means another machine. So where a new
version only says the same in other words, the words before are kept here, and no host of an
environment that was made with them is replaced for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

# (today's words, former words), the latest change first. All of them concern machines whose image
# holds Docker, as every image of the lab does; on the clouds nothing was released before.
_SAME: Final = (
    # What fairway-setup installs where the image holds no Docker.
    (
        (
            "      # busybox-static is what probes of the network are made of.\n"
            "      apt-get -qy install --no-install-recommends busybox-static ca-certificates"
        ),
        "      apt-get -qy install --no-install-recommends ca-certificates",
    ),
)


def former_texts(text: str) -> Iterator[str]:
    """Every text that an earlier version would have written in this one's place, latest first."""
    for today, before in _SAME:
        if today in text:
            text = text.replace(today, before)
            yield text
