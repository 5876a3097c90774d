"""An environment's place in one region, with the region's own provider."""

from __future__ import annotations

import pulumi_aws as aws
from pulumi import ResourceOptions

from components.clouds import site
from components.environment import AwsSettings, Environment

Site = site.Site[AwsSettings]


def open_site(environment: Environment, settings: AwsSettings, opts: ResourceOptions) -> Site:
    """Make the region's own provider; its credentials are those of the process's environment."""
    # Arguments would do too, but they are kept in the state.
    provider = aws.Provider("aws", region=settings.region, opts=opts)
    return Site(environment=environment, settings=settings, provider=provider)
