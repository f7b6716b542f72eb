"""Threads: the connection to the chat server, and one for each file on its way. No Qt."""
