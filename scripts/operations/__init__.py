"""What is done with a stack that stands and takes several runs of the engine."""
