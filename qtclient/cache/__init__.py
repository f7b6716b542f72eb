"""What an account has seen, in SQLite: readable without a connection, searchable, and rebuilt when it breaks. No Qt."""
