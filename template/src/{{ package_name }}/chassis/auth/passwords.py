"""Password rules and Argon2 hashes.

The rules follow NIST SP 800-63B: a minimum length, no required kinds of characters, and no
passwords that others guess or know.
"""

import asyncio
import base64
import secrets
import unicodedata
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from .breached import is_breached
from .guessable import is_repetition, is_sequence, known_words, length_of_words

T = TypeVar("T")

MIN_LENGTH = 12
MAX_LENGTH = 256
# Normalizing takes quadratic time on combining characters, so the input is bounded beforehand.
# NFKC joins up to four typed characters (a letter and its accents) into one.
TYPED_LENGTH = 4 * MAX_LENGTH

# A hash takes about 50 ms of one core and 19 MiB of memory.
HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
CONCURRENT = 2
MAX_WAITING = 200
_LENGTH_RULE = f"A password has {MIN_LENGTH} to {MAX_LENGTH} characters."
_WORDS_RULE = (
    "The name of the service and the e-mail address do not count towards the "
    f"{MIN_LENGTH} characters of a password: choose another."
)
_WRONG = (VerificationError, InvalidHashError)

_pool = ThreadPoolExecutor(CONCURRENT, thread_name_prefix="argon2")
_pending: set[asyncio.Future[Any]] = set()


class PasswordRefused(ValueError):
    """A password is not acceptable; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PasswordPolicy:
    """What a service refuses as new passwords.

    Attributes:
        names: Names of the service; their words do not count towards the length.
        breached: Path of a list of breached passwords; empty for none.
    """

    names: tuple[str, ...] = ()
    breached: str = ""


# The last one applies: tests open several runtimes in one process.
_policies = [PasswordPolicy()]


class TooBusy(Exception):
    """Too many passwords are waiting to be hashed."""


@contextmanager
def use_policy(policy: PasswordPolicy) -> Iterator[None]:
    """Apply a policy to all new passwords of this process until the context ends.

    Args:
        policy: The policy.
    """
    _policies.append(policy)
    try:
        yield
    finally:
        _policies.remove(policy)


def check_password(password: str, email: str) -> None:
    """Check a new password against the rules.

    With a list of breached passwords, this reads a file: use `check_in_thread` in an event loop.

    Args:
        password: The new password.
        email: E-mail address of the user.

    Raises:
        PasswordRefused: If it is too short, too long, the e-mail address, easy to guess, or
            breached.
        ListUnavailable: If the list of breached passwords cannot be read.
    """
    # The typed length bounds what is normalized. Afterwards, a password can be longer or shorter.
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH or len(_normal(password)) < MIN_LENGTH:
        raise PasswordRefused(_LENGTH_RULE)
    address = _comparable(email)
    local, _, domain = address.partition("@")
    if _comparable(password).strip() in {address, local}:
        raise PasswordRefused("The password is the e-mail address: choose another.")
    policy = _policies[-1]
    # Names without the top-level domain, which many words contain.
    names = (local, domain.rpartition(".")[0], *map(_comparable, policy.names))
    _refuse_guessable(password, names)
    # Breached passwords were collected as others typed them, whose keyboards may differ.
    if policy.breached and is_breached(policy.breached, {password, _normal(password)}):
        raise PasswordRefused("This password is known from a data breach: choose another.")


async def check_in_thread(password: str, email: str) -> None:
    """Check a new password in a thread, as `check_password` does.

    Args:
        password: The new password.
        email: E-mail address of the user.

    Raises:
        PasswordRefused: If the password is not acceptable.
        ListUnavailable: If the list of breached passwords cannot be read.
        TooBusy: If too many passwords are waiting to be hashed.
    """
    await _in_pool(lambda: check_password(password, email))


async def hash_password(password: str) -> str:
    """Hash a password with Argon2.

    Args:
        password: The password.

    Raises:
        PasswordRefused: If it has more than `TYPED_LENGTH` characters.
        TooBusy: If too many passwords are waiting to be hashed.
    """
    if len(password) > TYPED_LENGTH:
        raise PasswordRefused(_LENGTH_RULE)
    return await _in_pool(lambda: HASHER.hash(_normal(password)))


async def verify_password(password: str, stored: str | None) -> bool:
    """Verify a password against a stored hash.

    Args:
        password: The password; one of more than `TYPED_LENGTH` characters is wrong.
        stored: The stored hash, or None for an unknown user, which takes as long.

    Raises:
        TooBusy: If too many passwords are waiting to be hashed.
    """
    possible = len(password) <= TYPED_LENGTH

    def verify() -> bool:
        # A password that is too long takes as long as any other wrong one.
        normal = _normal(password) if possible else ""
        try:
            return HASHER.verify(stored or _dummy_hash(), normal) and possible
        except _WRONG:
            return False

    return await _in_pool(verify)


def is_outdated(stored: str) -> bool:
    """Whether a hash was made with other parameters than the current ones."""
    return HASHER.check_needs_rehash(stored)


async def _in_pool(task: Callable[[], T]) -> T:
    if len(_pending) >= CONCURRENT + MAX_WAITING:
        raise TooBusy
    # A separate pool, so that many logins cannot use up the threads and memory of everything else.
    future = asyncio.get_running_loop().run_in_executor(_pool, task)
    _pending.add(future)
    future.add_done_callback(_pending.discard)
    return await future


def _dummy_hash() -> str:
    """Dummy hash of the same cost, so that unknown users take as long."""
    salt, digest = (
        base64.b64encode(secrets.token_bytes(length)).rstrip(b"=").decode()
        for length in (HASHER.salt_len, HASHER.hash_len)
    )
    costs = f"m={HASHER.memory_cost},t={HASHER.time_cost},p={HASHER.parallelism}"
    return f"$argon2id$v=19${costs}${salt}${digest}"


def _refuse_guessable(password: str, names: tuple[str, ...]) -> None:
    text = _comparable(password)
    if is_repetition(text, MIN_LENGTH):
        raise PasswordRefused("The password repeats a few characters: choose another.")
    if is_sequence(text):
        raise PasswordRefused("The password consists of sequences such as 123: choose another.")
    if len(_normal(password)) - length_of_words(text, known_words(names)) < MIN_LENGTH:
        raise PasswordRefused(_WORDS_RULE)


def _normal(password: str) -> str:
    # The same letter can be typed as different sequences of characters.
    return unicodedata.normalize("NFKC", password)


def _comparable(text: str) -> str:
    # Changing the case can undo the normalization.
    return _normal(_normal(text).casefold())
