"""The Pulumi program: from a stack's configuration to a cluster, in four lines."""

from __future__ import annotations

import os
import signal
import sys

import pulumi

from components.clouds.base import open_cloud
from components.cluster import Cluster
from components.environment import from_pulumi, read_environment
from components.errors import FairwayError
from components.orphan import end_with_the_engine
from components.plan import make_plan


def main() -> None:
    stack = pulumi.get_stack()
    config = from_pulumi(pulumi.runtime.get_config_env())
    environment = read_environment(config, stack=stack, source=f"stacks/Pulumi.{stack}.yaml")
    cluster = Cluster(environment, make_plan(environment), open_cloud(environment))
    cluster.export()


# When a resource fails, the language host interrupts the program: its traceback would be printed
# among the messages that the user has to read.
signal.signal(signal.SIGINT, lambda *_: os._exit(1))
end_with_the_engine()
try:
    main()
except FairwayError as error:
    for fault in getattr(error, "faults", (error,)):
        pulumi.log.error(str(fault))
    sys.exit(32)  # the language host's number for "the user has been told"
