"""Passwords: which ones will do, and their hashes by Argon2.

The rules are those of NIST SP 800-63B: a length, and no recipe for what it is made of.
"""

import asyncio
import base64
import secrets
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

T = TypeVar("T")

MIN_LENGTH = 12
MAX_LENGTH = 256
# Normalizing takes quadratic time on combining characters, so it is bounded beforehand. A keyboard
# may write a letter with its accents as up to four characters that are one in the stored password.
TYPED_LENGTH = 4 * MAX_LENGTH

# A hash takes a twentieth of a second of a core, and these KiB of memory.
HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
AT_ONCE = 2
WAITING = 200
_WRONG = (VerificationError, InvalidHashError)

_pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="argon2")
_under_way: set[asyncio.Future[Any]] = set()


class PasswordRefused(ValueError):
    """A password will not do; the message says why."""


class TooBusy(Exception):
    """So many passwords wait to be hashed that one more would wait for too long."""


def check_password(password: str, email: str) -> None:
    """Refuse a password that will not do.

    Args:
        password: What somebody wants to take.
        email: Their address.

    Raises:
        PasswordRefused: If it is too short, too long, or the address.
    """
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        raise PasswordRefused(f"A password has {MIN_LENGTH} to {MAX_LENGTH} characters.")
    if password.casefold().strip() in {email.casefold(), email.casefold().partition("@")[0]}:
        raise PasswordRefused("The password is the e-mail address: choose another.")


async def hash_password(password: str) -> str:
    """Make the hash that is stored.

    Args:
        password: The password.

    Raises:
        PasswordRefused: If it has more than `TYPED_LENGTH` characters.
        TooBusy: When too many others wait.
    """
    if len(password) > TYPED_LENGTH:
        raise PasswordRefused(f"A password has {MIN_LENGTH} to {MAX_LENGTH} characters.")
    return await _in_pool(lambda: HASHER.hash(_normal(password)))


async def verify_password(password: str, stored: str | None) -> bool:
    """Whether a password is the right one.

    Args:
        password: The password; one of more than `TYPED_LENGTH` characters is wrong.
        stored: Its hash, or None where there is no user: that takes as long.

    Raises:
        TooBusy: When too many others wait.
    """
    possible = len(password) <= TYPED_LENGTH

    def verify() -> bool:
        # A password that is too long takes as long as any other that is wrong.
        normal = _normal(password) if possible else ""
        try:
            return HASHER.verify(stored or _hash_of_nothing(), normal) and possible
        except _WRONG:
            return False

    return await _in_pool(verify)


def is_outdated(stored: str) -> bool:
    """Whether a hash was made with other parameters than those of today."""
    return HASHER.check_needs_rehash(stored)


async def _in_pool(task: Callable[[], T]) -> T:
    if len(_under_way) >= AT_ONCE + WAITING:
        raise TooBusy
    # A pool of its own: a storm of logins takes neither the threads nor the memory of the rest.
    future = asyncio.get_running_loop().run_in_executor(_pool, task)
    _under_way.add(future)
    future.add_done_callback(_under_way.discard)
    return await future


def _hash_of_nothing() -> str:
    """A hash that no password has, at the price of none."""
    salt, digest = (
        base64.b64encode(secrets.token_bytes(length)).rstrip(b"=").decode()
        for length in (HASHER.salt_len, HASHER.hash_len)
    )
    costs = f"m={HASHER.memory_cost},t={HASHER.time_cost},p={HASHER.parallelism}"
    return f"$argon2id$v=19${costs}${salt}${digest}"


def _normal(password: str) -> str:
    # Keyboards write the same letter in more than one way.
    return unicodedata.normalize("NFKC", password)
