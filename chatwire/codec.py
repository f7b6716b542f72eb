"""JSON in and out. The one place that knows which JSON library is used."""

from __future__ import annotations

from typing import Any

import orjson

from chatwire.errors import BadJson, BadRequest

Object = dict[str, Any]

_LINE = orjson.OPT_APPEND_NEWLINE


def encode(obj: Object) -> bytes:
    """Return one object as one line of UTF-8 JSON, ended by a newline."""
    return orjson.dumps(obj, option=_LINE)


def encode_request(obj: Object) -> bytes:
    """Return the same of what a user has typed, say, so that it may hold anything.

    Raises:
        BadRequest: a text that is no Unicode (half a surrogate pair), a number that is too large, or no JSON at all.
    """
    try:
        return encode(obj)
    except TypeError as error:
        raise BadRequest(_unencodable(obj), f"cannot be sent ({error})") from None


def encode_open(obj: Object) -> bytes:
    """Return an object of at least one field without its closing brace.

    Fields that are known later can be appended, each behind a comma, without a second encoding.
    """
    return orjson.dumps(obj)[:-1]


def encode_value(value: object) -> bytes:
    """Return any value as JSON, without an end of line; bytes in it become the text that they stand for."""
    return orjson.dumps(value, default=bytes.decode)


def decode_value(data: bytes) -> Any:
    """Return the value in JSON that was written by `encode_value`. Raises ValueError."""
    return orjson.loads(data)


def _unencodable(obj: Object) -> str:
    """The name of the first field that cannot be encoded."""
    for name, value in obj.items():
        try:
            encode({name: value})
        except TypeError:
            return str(name)
    return "request"


def decode(frame: bytes) -> Object:
    """Return the object in one frame.

    Raises:
        BadJson: what is there is no JSON, no object, nested too deeply, or no valid UTF-8.
    """
    try:
        value = orjson.loads(frame)
    except (ValueError, RecursionError):
        raise BadJson("this is no JSON") from None
    if type(value) is not dict:
        raise BadJson("this is no JSON object")
    return value
