"""Settings of outgoing mail."""

import re
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Annotated, Literal
from urllib.parse import unquote, urlsplit

from pydantic import Field, SecretStr, field_validator

from ..addresses import check_address
from ..base import PartSettings

_FORM = "smtp://[user:password@]host[:port]"
_DEFAULT_FROM = "noreply@localhost"
# Nothing follows the port: everything else is a part of a password with special characters.
_SERVER = re.compile(
    r"(?:smtps|smtp(?:\+plain|\+starttls)?)://(?:[^/?#\[\]@]*@)?"
    r"(?:\[[^/?#@\]]+\]|[^/?#@:]+)(?::0*[1-9]\d*)?/?"
)
_PORTS = {"smtp": 587, "smtps": 465, "smtp+plain": 25, "smtp+starttls": 587}
# A name is quoted if it has special characters, and then has no quotes of its own.
_SENDER = re.compile(
    r'(?:(?P<name>"[^"\\]+"|[^"<>@,;:\\]+?) *<)?'
    r'(?P<email>[^\s<>@",;:\\]+@[^\s<>@",;:\\]+)(?(name)>)'
)

# What sends a mail may take 300 seconds in all.
Seconds = Annotated[int, Field(ge=1, le=240)]


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """A mail server.

    Attributes:
        host: Name or IP address.
        port: Its port.
        tls: `implicit` from the first byte on, `starttls` before anything is sent, or `none`.
        user: Name to log in with; empty for no login.
        password: Password of the user.
    """

    host: str
    port: int
    tls: Literal["implicit", "starttls", "none"]
    user: str = ""
    password: str = field(default="", repr=False)


class MailSettings(PartSettings):
    """Mail server and sender of outgoing mail."""

    mail_url: SecretStr = Field(
        default=SecretStr(""),
        description=f"Mail server, as {_FORM}, or smtps://; empty for none.",
    )
    mail_from: str = Field(
        default=_DEFAULT_FROM,
        description="Sender of mail, as an address or Name <address>.",
    )
    mail_seconds: Seconds = Field(
        default=30,
        description="Time limit for sending one mail, in seconds.",
    )

    @property
    def mail_server(self) -> MailServer | None:
        """The mail server; None if there is none."""
        address = self.mail_url.get_secret_value()
        return _server(address) if address else None

    @property
    def mail_sender(self) -> tuple[str, str]:
        """Name, which may be empty, and address of the sender."""
        found = _SENDER.fullmatch(self.mail_from)
        # The validator has refused everything else.
        assert found is not None  # noqa: S101
        return (found["name"] or "").strip('"'), found["email"]

    def production_problems(self) -> list[str]:
        """Report a password that is sent in plain text, and the default sender."""
        problems = super().production_problems()
        server = self.mail_server
        if server and server.user and server.tls == "none" and not _is_local(server.host):
            problems.append(
                "MAIL_URL sends its password without TLS, and production refuses it: "
                "use smtp:// or smtps://"
            )
        if server and self.mail_from == _DEFAULT_FROM:
            problems.append(
                "MAIL_FROM has its default value, and production refuses it: set your own"
            )
        return problems

    @field_validator("mail_url")
    @classmethod
    def _check_mail_url(cls, address: SecretStr) -> SecretStr:
        text = address.get_secret_value()
        if not text:
            return address
        check_address(address, _FORM, schemes=("smtp", "smtps"))
        if not _SERVER.fullmatch(text):
            raise ValueError(
                f"Invalid address: write it as {_FORM}; "
                "in a password, write / ? # [ and ] as %2F %3F %23 %5B and %5D."
            )
        server = _server(text)
        if bool(server.user) is not bool(server.password):
            raise ValueError(f"Invalid address: write both the user and the password, as {_FORM}.")
        if not f"{server.user}{server.password}".isprintable():
            raise ValueError("Invalid address: the user or the password has a control character.")
        return address

    @field_validator("mail_from")
    @classmethod
    def _check_mail_from(cls, value: str) -> str:
        if not value.isprintable() or not _SENDER.fullmatch(value):
            raise ValueError(
                "Invalid sender: write it as noreply@example.org or Name <noreply@example.org>, "
                "with a name that has commas or colons in quotes."
            )
        return value


def _server(address: str) -> MailServer:
    parts = urlsplit(address)
    host = parts.hostname or ""
    tls: Literal["implicit", "starttls", "none"] = "starttls"
    if parts.scheme == "smtps":
        tls = "implicit"
    elif parts.scheme == "smtp+plain" or (parts.scheme == "smtp" and _is_local(host)):
        tls = "none"
    return MailServer(
        host=host,
        port=parts.port or _PORTS[parts.scheme],
        tls=tls,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
    )


def _is_local(host: str) -> bool:
    """Whether no other machine is between this process and a host."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
