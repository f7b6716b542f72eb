"""Many behind one address, and one behind many: each person has a share."""

from __future__ import annotations

import pytest

from chatbase.options import ConfigError
from chatd.config import load
from tests.conftest import ServerFactory
from tests.support.combinations import PLAIN
from tests.support.peers import RawPeer


@PLAIN
def test_a_trusted_network_has_no_cap_of_connections_per_address(make_server: ServerFactory) -> None:
    server = make_server("--max-per-address", "2", "--trusted-network", "127.0.0.8/30", "--trusted-network", "::1")
    for source, last in (("127.0.0.9", "success"), ("127.0.0.20", "")):
        peers = [RawPeer(server, source=source) for _ in range(3)]
        for peer in peers[:2]:
            assert peer.ask("ping")["result"] == "success"
        if last:
            assert peers[2].ask("ping")["result"] == last
        else:
            assert peers[2].rest() == [{"cmd": "goodbye", "result": "too_many_connections"}]
        for peer in peers:
            peer.close()


def test_what_is_no_network_is_refused_in_one_line() -> None:
    with pytest.raises(ConfigError, match=r"'10\.0\.0\.1/8' is no network"):
        load(["--trusted-network", "10.0.0.1/8"])
