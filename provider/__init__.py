"""The project's own Pulumi provider plugin: a thin shell over lab/, swarm/ and verify/."""
