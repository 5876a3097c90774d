"""Commands on hosts over SSH: commands as values, pinned keys, one session type, waits that end."""
