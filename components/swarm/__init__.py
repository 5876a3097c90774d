"""Swarm membership: look at a node, decide what is missing, do it; and the quorum's arithmetic."""
