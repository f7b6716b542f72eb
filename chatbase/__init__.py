"""What both daemons stand on: options, log lines, the database pool and its schema, checks at start. Knows no chat."""
