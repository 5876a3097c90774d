"""Slots, addresses, routes and safety: arithmetic only, no cloud and no engine."""
