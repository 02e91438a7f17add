"""Addresses of recipients."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

# RFC 5321, section 4.5.3.1; the length of a path includes its brackets.
LOCAL_LENGTH = 64
ADDRESS_LENGTH = 254

# Without quoted local parts and addresses of machines, which no user has.
_WORD = r'[^\s\x00-\x20\x7f-\xa0()<>@,;:\\"\[\].]+'
_LOCAL = re.compile(rf"{_WORD}(\.{_WORD})*")
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?", re.IGNORECASE)


class InvalidAddress(ValueError):
    """An e-mail address is invalid, or cannot be written in ASCII; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """Address of a recipient with a display name.

    Attributes:
        email: The address.
        name: The name, of any characters; line breaks and control characters become spaces.
    """

    email: str
    name: str = ""


# One or more recipients; text is an address without a name.
Recipients: TypeAlias = str | Recipient | Sequence[str | Recipient]


def recipients_of(to: Recipients) -> list[Recipient]:
    """Check addresses, and write their domains in ASCII.

    Args:
        to: The recipients.

    Returns:
        The recipients, each address once.

    Raises:
        InvalidAddress: If there is none, or one of them is invalid.
    """
    given = [to] if isinstance(to, str | Recipient) else to
    found: dict[str, Recipient] = {}
    for each in given:
        recipient = Recipient(email=each) if isinstance(each, str) else each
        email = checked_address(recipient.email)
        found.setdefault(email, Recipient(email=email, name=one_line(recipient.name)))
    if not found:
        raise InvalidAddress("A mail needs a recipient.")
    return list(found.values())


def checked_address(email: str) -> str:
    """Check an e-mail address.

    Args:
        email: The address.

    Returns:
        The address with its domain in ASCII.

    Raises:
        InvalidAddress: If it is invalid. The message does not contain it.
    """
    local, _, domain = email.rpartition("@")
    if not _LOCAL.fullmatch(local) or not local.isprintable():
        raise InvalidAddress("Invalid e-mail address: write it as name@example.org.")
    address = f"{local}@{_ascii(domain)}"
    if len(local.encode()) > LOCAL_LENGTH or len(address.encode()) > ADDRESS_LENGTH:
        raise InvalidAddress(
            f"Invalid e-mail address: it has at most {LOCAL_LENGTH} bytes before the @, and "
            f"{ADDRESS_LENGTH} in all."
        )
    return address


def one_line(text: str) -> str:
    """Text for a header: line breaks and other control characters become spaces.

    Args:
        text: Any text.
    """
    visible = (character if character.isprintable() else " " for character in text)
    return " ".join("".join(visible).split())


def _ascii(domain: str) -> str:
    try:
        encoded = domain.encode("idna").decode()
        # Python has the encoding of 2003, which replaces letters such as ß: the mail would go to
        # somebody else's domain.
        same = domain.isascii() or encoded.encode().decode("idna") == domain.lower()
    except UnicodeError:
        encoded, same = "", False
    if not same or not all(map(_LABEL.fullmatch, encoded.split("."))):
        raise InvalidAddress(
            "Invalid domain of an e-mail address: write it as example.org, or in the ASCII form "
            "that begins with xn--."
        )
    return encoded
