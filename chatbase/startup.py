"""Checks and claims before a daemon serves: descriptors, data folder, the secret that both share."""

from __future__ import annotations

import fcntl
import os
import resource
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from chatbase import schema
from chatbase.engine import DatabaseUnavailable
from chatbase.options import ConfigError, parse_address, reachable, shown_address


@contextmanager
def one_line_errors(task: str) -> Iterator[None]:
    """Turn what the outside world did wrong into a `ConfigError` of one line, which names the task that failed."""
    try:
        yield
    except (ValueError, schema.SchemaTooNew, DatabaseUnavailable) as error:
        raise ConfigError(f"cannot {task}: {error}") from error
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        raise ConfigError(f"cannot {task}: {error.strerror or error}{where}") from error


def raise_descriptor_limit() -> None:
    """Every connection is a descriptor: take as many as the system lets this process have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def own_data_folder(folder: Path, program: str) -> IO[bytes]:
    """Make the folder and lock it for this process; the lock lasts as long as the returned file is open.

    Two of a kind would overwrite each other's files. The database has a claim of its own: it may lie elsewhere.

    Raises:
        ConfigError: another server has it.
        ValueError: anybody may write into it.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.stat().st_mode & stat.S_IWOTH:
        raise ValueError(f"anybody may write into {folder}, and so replace what is in it; chmod o-w {folder}")
    file = open(folder / f"{program}.lock", "wb")  # noqa: SIM115  (held for the life of the process)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise ConfigError(f"another {program} is using {folder}") from None
    return file


def shared_secret(folder: Path) -> bytes:
    """The key with which both daemons sign and check tickets; made by whichever comes first.

    Raises:
        OSError: it cannot be read, or not be made.
        ValueError: others may read it, or it is too short.
    """
    path = folder / "secret"
    if not path.exists():
        draft = folder / f".secret-{secrets.token_hex(8)}"
        draft.write_bytes(secrets.token_hex(32).encode())
        draft.chmod(0o600)
        try:
            os.link(draft, path)  # fails when the other one was faster
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    check_private(path)
    key = path.read_bytes().strip()
    if len(key) < 32:
        raise ValueError(f"{path} is too short to be a secret; remove it, and a new one is made")
    return key


def check_private(file: Path) -> None:
    """Raise ValueError when others may read what nobody else must know, as ssh does with its keys."""
    if file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ValueError(f"others may read {file}; chmod 600 {file}")


def leave_address(folder: Path, program: str, host: str, port: int) -> None:
    """Write down where a daemon listens, for the other one, which uses the same folder. Raises OSError."""
    draft = folder / f".{program}.address"
    draft.write_text(shown_address(host, port))
    draft.rename(folder / f"{program}.address")


def find_address(folder: Path, program: str) -> tuple[str, int] | None:
    """Where `leave_address` said that a daemon listens; None when it was never here."""
    try:
        return reachable(*parse_address((folder / f"{program}.address").read_text().strip()))
    except (OSError, ConfigError):
        return None
