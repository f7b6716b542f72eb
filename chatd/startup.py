"""The claim on the database, before anything serves."""

from __future__ import annotations

import logging

from chatbase import schema
from chatbase.engine import Database
from chatbase.options import ConfigError
from chatbase.trial import may_write
from chatd.config import Settings
from chatd.store.claim import Claim, Claimed, claim

log = logging.getLogger("chatd.server")


def open_database(settings: Settings, connections: int) -> tuple[Database, Claim]:
    """Open the pool, claim the database for this server, and bring the schema up to date.

    Raises what `Database`, `claim` and `schema.prepare` raise, and ConfigError when another server has it.
    """
    all_of_them = connections + 1
    database = Database(settings.database, connections, all_of_them)
    try:
        claimed = claim(database, settings.database, all_of_them)
    except Claimed as error:
        database.close()
        raise ConfigError(str(error)) from None
    found = schema.prepare(database)
    if found == 0:
        log.info("made the schema: engine=%s version=%d", database.engine, schema.VERSION)
    may_write(database, schema.KEYS)
    return database, claimed
