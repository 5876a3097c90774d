"""Stands before the real pip where the engine's runs look for it; see `__main__`."""
