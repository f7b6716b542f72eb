"""Files to and from the file daemon: blocking functions without threads of their own; the caller decides."""
