"""What a host is told at boot, and how to see that it has become so."""
