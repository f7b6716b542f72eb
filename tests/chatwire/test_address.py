"""Addresses of servers, as people write them; one parser for both clients."""

from __future__ import annotations

import pytest

from chatwire.__main__ import main
from chatwire.address import Address, parse_address, shown

GOOD = {
    "chat.example.org": ("chat.example.org", 8000),
    "Chat.Example.ORG:1": ("chat.example.org", 1),
    " chat.example.org : 9000\n": ("chat.example.org", 9000),
    "chat.example.org：9000": ("chat.example.org", 9000),
    "１２７．０．０．１：８０００": ("127.0.0.1", 8000),
    "127。0。0。1\u3000：\u30009": ("127.0.0.1", 9),
    "聊天.例子:9000": ("聊天.例子", 9000),
    "localhost": ("localhost", 8000),
    "my_host-1.": ("my_host-1.", 8000),
    "::1": ("::1", 8000),
    "[::1]": ("::1", 8000),
    "[::1]:9": ("::1", 9),
    "[::1]：９": ("::1", 9),
    "[ ::1 ] : 9": ("::1", 9),
    "：：１": ("::1", 8000),
    "0:0:0:0:0:0:0:1": ("::1", 8000),
    "2001:DB8::A": ("2001:db8::a", 8000),
    "fe80::1%eth0": ("fe80::1%eth0", 8000),
    "[fe80::1%Eth0]:9": ("fe80::1%Eth0", 9),
    "::ffff:10.0.0.1": ("::ffff:10.0.0.1", 8000),
}

BAD = (
    "", " ", ":", "：", ":9", "host:", "host:x", "host:0", "host:70000", "host:+1", "host:1:2", "host:-1", "host:1 2",
    "http://a", "http://a:1/", "://a", " ://a", "tcp://", "tls://:1", "a/b", "a b", "u@h", "h?x", "h#x", "a\\b", "[::1",
    "[]", "[a]", "[a]:1", "[::1]9", "[::1]:", "[::1]:0", ":::1", "1::2::3", "g::h", "::1%", "h%41", "a\0b", "a\u202eb",
    "caf\udce9", "a:\u0661", "ａ／ｂ", "tcp://tcp://a",
)  # fmt: skip


@pytest.mark.parametrize("text", GOOD)
def test_addresses(text: str) -> None:
    host, port = GOOD[text]
    assert parse_address(text) == Address(host, port, None)
    assert parse_address(f" TCP://{text}") == Address(host, port, False)
    assert parse_address(f"tls：//{text}") == Address(host, port, True)
    assert parse_address(shown(host, port)) == Address(host, port, None)


@pytest.mark.parametrize("text", BAD)
def test_no_addresses(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_address(text)


@pytest.mark.parametrize(
    "arguments", [["a b"], ["tcp://a", "--tls"], ["tls://a", "--plain"], ["http://a"], ["a", "--plain", "--tls"]]
)
def test_wrong_arguments_are_one_line(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert capsys.readouterr().err.count("error:") == 1
