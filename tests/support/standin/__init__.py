"""Stand-ins for other people's Pulumi providers, for the real engine; they build in the lab."""
