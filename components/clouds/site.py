"""What every resource of one environment is made with: names, tags, provider and parent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pulumi import ProviderResource, ResourceOptions

from components.clouds.tags import tags
from components.environment import CloudSettings, Environment

S = TypeVar("S", bound=CloudSettings)


@dataclass(frozen=True, kw_only=True)  # no slots: Python 3.11 cannot make such a generic
class Site(Generic[S]):
    """An environment with the settings of its cloud and the provider of its region."""

    environment: Environment
    settings: S
    provider: ProviderResource

    def name(self, what: str) -> str:
        """The name that the cloud's console shows."""
        return f"{self.environment.name}-{what}"

    def tags(self, what: str, **own: str) -> dict[str, str]:
        return tags(self.environment, what, **own)

    def options(self, opts: ResourceOptions, **more: Any) -> ResourceOptions:
        """Add our provider to `opts`, and `more` options."""
        return ResourceOptions.merge(opts, ResourceOptions(provider=self.provider, **more))
