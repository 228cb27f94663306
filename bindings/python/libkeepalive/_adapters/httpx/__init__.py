"""The transport for httpx and for httpx2: one source, given the host's module."""
