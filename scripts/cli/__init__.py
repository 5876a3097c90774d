"""The fairway command: what to do with a stack that stands."""
