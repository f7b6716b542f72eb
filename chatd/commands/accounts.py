"""register, login, offline, change_password, ping."""

from __future__ import annotations

import logging
import secrets
from dataclasses import replace
from functools import partial

from chatbase.clock import now_ms
from chatbase.engine import CommitUncertain, Conflict, Transaction
from chatbase.insisting import write
from chatd.commands import session_start
from chatd.commands.call import Call, Refusal
from chatd.commands.proof import login_failed, refuse_second_session, session_failed
from chatd.commands.table import OnLoop, Outcome, Where, handles
from chatd.store import users
from chatd.store.users import Account
from chatwire import fields
from chatwire.codec import Object

log = logging.getLogger("chatd.auth")


@handles("register", Where.LOGIN)
def register(call: Call) -> Outcome:
    """Make an account."""
    services = call.services
    try:
        name = fields.new_name(call.args["user"])
    except ValueError as error:
        return call.reply("failure", reason="bad_name", detail=str(error))
    password = call.args["password"]
    _check_password(call, password)
    limited = services.settings.limits and not call.peer.trusted
    if limited and (wait := services.registrations.wait_ms(call.peer.source)):
        raise Refusal("rate_limited", retry_after_ms=wait)
    with services.database.transaction() as tx:
        if users.id_of(tx, name) is not None:  # before the price of a hash
            return call.reply("failure", reason="user_exists")
    hashed = services.passwords.hash(password)
    try:
        write(services.database, lambda tx: users.create(tx, name, hashed))
    except Conflict:
        return call.reply("failure", reason="user_exists")
    log.info("registered: user=%r address=%s", name, call.peer.address)
    return call.reply("success")


@handles("login", Where.LOGIN)
def login(call: Call) -> Outcome:
    """Begin a session with a password."""
    services, name, source = call.services, call.args["user"], call.peer.source
    refuse_second_session(call)
    if wait := services.failures.wait_ms(name, source, shared=call.peer.trusted):
        log.debug("login refused after failures: address=%s user=%r", call.peer.address, name)
        raise Refusal("rate_limited", retry_after_ms=wait)
    with services.database.transaction() as tx:
        account = users.by_name(tx, name)
    if account is None:
        login_failed(call, name)
        return call.reply("user_not_exist")
    if not services.passwords.verify(account.password, call.args["password"]):
        login_failed(call, name)
        return call.reply("password_error")
    services.failures.succeeded(name, source)
    return _start_session(call, account) or login(call)  # the stored hash is another one now: look again


def _start_session(call: Call, account: Account) -> Outcome:
    """None when the account's password is not any more the one that was proven."""
    services, token = call.services, secrets.token_urlsafe(32)
    session_start.check_rate(services, account)
    renewed = None
    if services.passwords.outdated(account.password):
        renewed = services.passwords.hash(call.args["password"])
    entrant = session_start.entrant(call, token, admitted=True)

    def store(tx: Transaction) -> bool:
        proven = users.add_token(
            tx, entrant.token_hash, account, services.clock, session_start.token_lifetime(services)
        )
        if proven and renewed:
            users.set_password(tx, account.id, renewed)
        return proven

    return session_start.begin(services, [entrant])[0] if write(services.database, store) else None


@handles("offline", Where.WORK)
def offline(call: Call) -> Outcome:
    """End the session and its token; the connection may log in again."""
    session = call.session
    write(call.services.database, lambda tx: users.drop_token(tx, session.token_hash))

    def finish(call: Call) -> Object:
        call.peer.end_session()
        return call.reply("success")

    return OnLoop(finish)


@handles("change_password", Where.LOGIN)
def change_password(call: Call) -> Outcome:
    """Change the password; every other session ends, since whoever knew the old password must be out."""
    services, user = call.services, call.session.user
    if wait := services.failures.session_wait_ms(user.name):
        raise Refusal("rate_limited", retry_after_ms=wait)
    with services.database.transaction() as tx:
        account = users.by_name(tx, user.name)
    if account is None or not services.passwords.verify(account.password, call.args["password"]):
        session_failed(call)
        return call.reply("password_error")
    _check_password(call, call.args["new_password"])
    hashed, token = services.passwords.hash(call.args["new_password"]), secrets.token_urlsafe(32)
    try:
        _store_password(call, account, hashed, token)
    finally:  # even when nobody knows whether it is stored: whoever had the old one must be out
        services.online.outdate(account.id)  # who is logging in by an old token is refused, or among the sessions
        ended = _end_other_sessions(call)
    log.info("password changed: user=%r address=%s sessions_ended=%d", user.name, call.peer.address, ended)

    def finish(call: Call) -> Object:
        call.session.token_hash = users.hash_token(token)
        return call.reply("success", token=token)

    return OnLoop(finish)


def _store_password(call: Call, account: Account, hashed: str, token: str) -> None:
    services = call.services

    def store(tx: Transaction) -> None:
        users.set_password(tx, account.id, hashed)
        users.drop_all_tokens(tx, account.id)
        new = replace(account, password=hashed)
        users.add_token(tx, users.hash_token(token), new, services.clock, session_start.token_lifetime(services))

    try:
        write(services.database, store)
    except CommitUncertain:
        with services.database.transaction() as tx:
            now = users.by_name(tx, account.name)
        if now is None or now.password != hashed:
            raise


def _end_other_sessions(call: Call) -> int:
    others = [s for s in call.services.online.sessions(call.session.user.id) if s is not call.session]
    for session in others:
        session.loop.post(partial(session.peer.say_goodbye, "password_changed"))
    return len(others)


@handles("ping", Where.LOOP)
def ping(call: Call) -> Outcome:
    """Answer."""
    return call.reply("success", ts=now_ms())


def _check_password(call: Call, password: str) -> None:
    least = call.services.settings.password_min
    if len(password) < least:
        raise Refusal("failure", reason="bad_password", detail=f"must have at least {least} characters")
