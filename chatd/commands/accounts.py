"""register, login, resume, offline, change_password, ping."""

from __future__ import annotations

import logging
import secrets
from functools import partial

from chatd.commands import session_start
from chatd.commands.call import Call, Refusal
from chatd.commands.table import OnLoop, Outcome, Where, handles
from chatd.store import users
from chatd.store.engine import Conflict
from chatwire import fields
from chatwire.codec import Object

log = logging.getLogger("chatd.auth")


@handles("register", Where.LOGIN)
def register(call: Call) -> Outcome:
    """Make an account."""
    services = call.services
    try:
        name = fields.name(call.args["user"])
    except ValueError as error:
        return call.reply("failure", reason="bad_name", detail=str(error))
    password = call.args["password"]
    _check_password(call, password)
    if services.settings.limits and (wait := services.registrations.wait_ms(call.peer.address)):
        raise Refusal("rate_limited", retry_after_ms=wait)
    with services.database.transaction() as tx:
        if users.id_of(tx, name) is not None:  # before the price of a hash
            return call.reply("failure", reason="user_exists")
    hashed = services.passwords.hash(password)
    try:
        with services.database.transaction(write=True) as tx:
            users.create(tx, name, hashed)
    except Conflict:
        return call.reply("failure", reason="user_exists")
    log.info("registered: user=%r address=%s", name, call.peer.address)
    return call.reply("success")


@handles("login", Where.LOGIN)
def login(call: Call) -> Outcome:
    """Begin a session with a password."""
    services, name, address = call.services, call.args["user"], call.peer.address
    _refuse_second_session(call)
    if wait := services.failures.wait_ms(name, address):
        log.warning("login refused after failures: address=%s user=%r", address, name)
        raise Refusal("rate_limited", retry_after_ms=wait)
    with services.database.transaction() as tx:
        account = users.by_name(tx, name)
    if account is None:
        _failed(call, name)
        return call.reply("user_not_exist")
    if not services.passwords.verify(account.password, call.args["password"]):
        _failed(call, name)
        return call.reply("password_error")
    services.failures.succeeded(name, address)
    token = secrets.token_urlsafe(32)
    renewed = None
    if services.passwords.outdated(account.password):
        renewed = services.passwords.hash(call.args["password"])
    with services.database.transaction(write=True) as tx:
        users.add_token(tx, users.hash_token(token), account.id, session_start.token_lifetime(services))
        if renewed:
            users.set_password(tx, account.id, renewed)
    return session_start.begin(call, account, token)


@handles("resume", Where.WORK)
def resume(call: Call) -> Outcome:
    """Begin a session with a token."""
    services, name, token = call.services, call.args["user"], call.args["token"]
    _refuse_second_session(call)
    if wait := services.failures.address_wait_ms(call.peer.address):
        raise Refusal("rate_limited", retry_after_ms=wait)
    token_hash = users.hash_token(token)
    with services.database.transaction() as tx:
        found = users.by_token(tx, name, token_hash)
        exists = found is not None or users.id_of(tx, name) is not None
    if found is None:
        _failed(call, name)
        return call.reply("token_error" if exists else "user_not_exist")
    account, expires = found
    lifetime = session_start.token_lifetime(services)
    if expires - users.now_ms() < lifetime * 1000 // 2:  # seldom, so that a storm of resumes only reads
        with services.database.transaction(write=True) as tx:
            users.extend_token(tx, token_hash, lifetime)
    return session_start.begin(call, account, token)


@handles("offline", Where.WORK)
def offline(call: Call) -> Outcome:
    """End the session and its token; the connection may log in again."""
    session = call.session
    with call.services.database.transaction(write=True) as tx:
        users.drop_token(tx, session.token_hash)

    def finish(call: Call) -> Object:
        call.peer.end_session()
        return call.reply("success")

    return OnLoop(finish)


@handles("change_password", Where.LOGIN)
def change_password(call: Call) -> Outcome:
    """Change the password; every other session ends, since whoever knew the old password must be out."""
    services, user, address = call.services, call.session.user, call.peer.address
    if wait := services.failures.wait_ms(user.name, address):
        raise Refusal("rate_limited", retry_after_ms=wait)
    with services.database.transaction() as tx:
        account = users.by_name(tx, user.name)
    if account is None or not services.passwords.verify(account.password, call.args["password"]):
        _failed(call, user.name)
        return call.reply("password_error")
    _check_password(call, call.args["new_password"])
    hashed, token = services.passwords.hash(call.args["new_password"]), secrets.token_urlsafe(32)
    with services.database.transaction(write=True) as tx:
        users.set_password(tx, account.id, hashed)
        users.drop_all_tokens(tx, account.id)
        users.add_token(tx, users.hash_token(token), account.id, session_start.token_lifetime(services))
    others = [s for s in services.online.sessions(account.id) if s is not call.session]
    for session in others:
        session.loop.post(partial(session.peer.say_goodbye, "password_changed"))
    log.info("password changed: user=%r address=%s sessions_ended=%d", user.name, address, len(others))

    def finish(call: Call) -> Object:
        call.session.token_hash = users.hash_token(token)
        return call.reply("success", token=token)

    return OnLoop(finish)


@handles("ping", Where.LOOP)
def ping(call: Call) -> Outcome:
    """Answer."""
    return call.reply("success", ts=users.now_ms())


def _check_password(call: Call, password: str) -> None:
    least = call.services.settings.password_min
    if len(password) < least:
        raise Refusal("failure", reason="bad_password", detail=f"must have at least {least} characters")


def _refuse_second_session(call: Call) -> None:
    if call.logged_in:
        raise Refusal("bad_request", detail="user: this connection has a session already; send offline first")


def _failed(call: Call, name: str) -> None:
    """Count it, and log the one line that fail2ban matches (see HACKING.md); its form is an interface."""
    call.services.failures.failed(name, call.peer.address)
    log.warning("login failed: address=%s user=%r", call.peer.address, name)
