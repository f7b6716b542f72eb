"""Who is online, and which groups have someone online: linked, lock-protected registries.

Memory grows with who is online, not with who is registered: a user's node is loaded when the first session logs in and
dropped with the last one; a group's node lives as long as one of its members is online.
"""
