"""One module for each cloud; none imports another."""
