"""The chat server: a main thread that accepts, worker threads with an event loop each, and one journal."""
