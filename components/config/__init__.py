"""What a stack's configuration may say: its values, its keys, and how a fault is told."""
