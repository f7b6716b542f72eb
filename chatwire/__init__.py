"""What every program of the system speaks: framing, codec, commands, TLS stepping, a blocking client.

No threads of its own, no database, no Qt. It imports none of the other packages.
"""
