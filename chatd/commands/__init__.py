"""What clients can ask for: one small function per command, in one table, and the peer that calls them."""
