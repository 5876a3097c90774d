"""Host to host, routed and Swarm overlay, side by side in one lab."""
