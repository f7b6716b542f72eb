"""The client in the terminal. Two threads: the main one owns the screen and all state, the other the connection."""
