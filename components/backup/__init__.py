"""Backups of a Swarm's state: made on managers, encrypted there, and what is done with one."""
