"""Prosody: XMPP in Lua, one thread on epoll. Like our server it keeps every message: its archives are on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from tests.load.targets.base import Population
from tests.load.targets.peer import HOST, Peer, said_by
from tests.load.wires.xmpp import HOST as DOMAIN
from tests.load.wires.xmpp import ROOMS, XmppWire

_CONFIGURATION = """
run_as_root = true -- counts for root only
pidfile = "{folder}/prosody.pid"
data_path = "{folder}/data"
certificates = "{folder}"
log = {{ error = "{folder}/errors" }}

interfaces = {{ "{host}" }}
c2s_ports = {{ {port} }}
c2s_direct_tls_ports = {{ }}

-- Let thousands connect at once, read all there is, and do not wait for acknowledgements with what is to be sent.
network_backend = "epoll"
network_settings = {{ tcp_backlog = 4096, read_size = 65536, nagle = false }}
-- Debian's default collects at 105 % of the memory in use; this alone halves the processor time of a message.
gc = {{ mode = "generational" }}

-- Only what is used; neither `limits`, nor what would look at every stanza. `offline` is for those who are away.
modules_enabled = {{ "saslauth"; "ping"; "mam" }}
modules_disabled = {{ "s2s"; "tls"; "offline" }}

-- On loopback, in plain text; whoever comes is let in with any password, so that no login costs a hash.
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
authentication = "insecure"
insecure_open_authentication = "Yes please, I know what I'm doing!"

-- The archives: in files, Prosody's default and its fastest; SQLite would cost a transaction for each message.
-- They never expire, and are not full after 10,000 messages.
storage = "internal"
default_archive_policy = true
archive_expires_after = "never"
storage_archive_item_limit = 1000000000

VirtualHost "{domain}"

Component "{rooms}" "muc"
    modules_enabled = {{ "muc_mam" }}
    muc_log_by_default = true
    muc_log_expires_after = "never"
    -- Rooms last, else their archives would be removed when all have left; and they are open at once.
    muc_room_default_persistent = true
    muc_room_locking = false
    -- Who comes and goes is not told to everybody: with 1,000 members that would be half a million stanzas.
    muc_room_default_presence_broadcast = {{ visitor = false; participant = false; moderator = true }}
"""


class Prosody(Peer):
    """Archives of rooms and of both ends of each private conversation."""

    name = "Prosody"
    engine = "files"
    binary: ClassVar[str] = "prosody"
    wire = XmppWire()

    def prepare(self, found: str, folder: Path, port: int, population: Population) -> Sequence[str]:
        self.version = "Prosody " + _version()
        for person in population.people:
            person.secret = "any"
        (folder / "data").mkdir()
        configuration = folder / "prosody.cfg.lua"
        text = _CONFIGURATION.format(host=HOST, port=port, folder=folder, domain=DOMAIN, rooms=ROOMS)
        configuration.write_text(text)
        return [found, "--config", str(configuration), "-F"]


def _version() -> str:
    """As the package has it: the program itself does not tell."""
    return said_by(["dpkg-query", "-W", "-f", "${Version}", "prosody"])
