"""A run as a JSON file: to be kept, compared with others, and drawn again. docs/LOAD.md describes the fields."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import orjson

from tests.load.figures import Failure, Moment, Result

FORMAT = "chatd-load/1"  # changes when a reader of the old one would be wrong


def save(result: Result, path: Path) -> None:
    """Write it; a file of that name stays as it was until the new one is complete. Raises OSError."""
    values = asdict(result)
    values["histogram"] = result.histogram.decode("ascii")
    text = orjson.dumps({"format": FORMAT, "ok": result.ok(), **values}, option=orjson.OPT_INDENT_2)
    write(path, lambda place: place.write_bytes(text + b"\n"))


def load(path: Path) -> Result:
    """What `save` has written. Raises OSError; ValueError when the file is something else."""
    values = orjson.loads(path.read_bytes())
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        raise ValueError(f"{path} is not a result of the load test in the format {FORMAT}")
    try:
        return _result(values)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} lacks something or has it in another shape: {error}") from error


def write(path: Path, make: Callable[[Path], object]) -> None:
    """``make`` writes a file beside ``path``, of the same suffix, which then takes its place. Raises what it raises."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.stem}-", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    place = Path(name)
    try:
        make(place)
        place.chmod(0o644 & ~_umask())
        place.replace(path)
    except BaseException:
        place.unlink(missing_ok=True)
        raise


def _result(values: dict[str, Any]) -> Result:
    known = {field.name: values[field.name] for field in fields(Result)}
    known["histogram"] = known["histogram"].encode("ascii")
    known["moments"] = [Moment(**moment) for moment in known["moments"]]
    known["failures"] = [Failure(**failure) for failure in known["failures"]]
    return Result(**known)


def _umask() -> int:
    """The process's; there is no way to ask but to set it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
