"""A real mail server for tests, which does what they want."""

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any, TypeVar

import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from pydantic import BaseModel, SecretStr

from .processes import free_port

S = TypeVar("S", bound=BaseModel)

SENDER = "Prüfung <service@example.org>"
USER = "user-of-the-tests"
PASSWORD = "password of the tests: ä/?#"


@dataclass
class MailServer:
    """What a server has accepted, and how it behaves.

    Attributes:
        port: Its local port.
        mails: Accepted mails.
        recipients: Recipients of each accepted mail.
        options: Options of the MAIL command of each accepted mail.
        names: What clients have called themselves.
        contents: Number of mails whose content was received.
        replies: Replies to RCPT by address, one for each attempt; without one, it is accepted.
        refusals: Replies to the contents of the next mails; an empty one accepts.
        hang_up: When to close the next connections: `before` or `after` a mail is accepted.
        seconds: How long the server takes to accept a content.
    """

    port: int
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)
    options: list[list[str]] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    contents: int = 0
    replies: dict[str, list[str]] = field(default_factory=dict)
    refusals: list[str] = field(default_factory=list)
    hang_up: list[str] = field(default_factory=list)
    seconds: float = 0

    @property
    def url(self) -> str:
        """Its address, for MAIL_URL."""
        return f"smtp://127.0.0.1:{self.port}"


class _Handler:
    """Hooks of aiosmtpd."""

    def __init__(self, found: MailServer, *, login: bool) -> None:
        self._found = found
        self._login = login
        self._closing = False

    async def handle_EHLO(
        self, _server: SMTP, session: Session, _envelope: Envelope, name: str, replies: list[str]
    ) -> list[str]:
        session.host_name = name
        self._found.names.append(name)
        return replies

    async def handle_MAIL(
        self,
        _server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        if self._login and not session.authenticated:
            return "530 5.7.0 log in first"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: Any
    ) -> str:
        if replies := self._found.replies.get(address):
            return replies.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:
        found = self._found
        found.contents += 1
        await asyncio.sleep(found.seconds)
        if found.refusals and (refusal := found.refusals.pop(0)):
            return refusal
        when = found.hang_up.pop(0) if found.hang_up else ""
        if when == "before":
            server.transport.abort()
            return "421 4.3.2 closing"
        content = envelope.content
        assert isinstance(content, bytes)
        found.mails.append(message_from_bytes(content, _class=EmailMessage, policy=policy.SMTP))
        found.recipients.append(list(envelope.rcpt_tos))
        found.options.append(list(envelope.mail_options))
        self._closing = when == "after"
        return "250 2.0.0 accepted"

    async def handle_QUIT(self, server: SMTP, _session: Session, _envelope: Envelope) -> str:
        if self._closing:
            server.transport.abort()
        return "221 2.0.0 bye"


def _authenticated(
    _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, given: Any
) -> AuthResult:
    assert isinstance(given, LoginPassword)
    right = (given.login, given.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=right, handled=False)


@contextmanager
def mail_server(
    *,
    implicit: ssl.SSLContext | None = None,
    starttls: ssl.SSLContext | None = None,
    login: bool = False,
    utf8: bool = True,
) -> Iterator[MailServer]:
    """Run a mail server until the context ends.

    Args:
        implicit: Certificate of a server that speaks TLS from the first byte on.
        starttls: Certificate of a server that requires STARTTLS.
        login: Whether clients have to log in.
        utf8: Whether it supports addresses outside of ASCII.
    """
    found = MailServer(port=free_port())
    controller = Controller(
        _Handler(found, login=login),
        hostname="127.0.0.1",
        port=found.port,
        ssl_context=implicit,
        tls_context=starttls,
        require_starttls=starttls is not None,
        authenticator=_authenticated if login else None,
        # Without it, the server offers a login.
        auth_require_tls=not login,
        enable_SMTPUTF8=utf8,
    )
    controller.start()
    try:
        yield found
    finally:
        controller.stop()


def certificate(authority: trustme.CA, *hosts: str) -> ssl.SSLContext:
    """TLS context of a server with a new certificate.

    Args:
        authority: The authority that signs it.
        hosts: Names and addresses in the certificate.
    """
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(*hosts).configure_cert(context)
    return context


def trusted(authority: trustme.CA, folder: Path) -> str:
    """File with the certificate of an authority, for SSL_CERT_FILE.

    Args:
        authority: The authority.
        folder: Folder of the file.
    """
    file = folder / "authority.pem"
    authority.cert_pem.write_to_path(file)
    return str(file)


def with_mail(settings: S, url: str, **changes: object) -> S:
    """Settings with a mail server.

    Args:
        settings: Original settings.
        url: Address of the server.
        changes: Other changed settings.
    """
    update = {"mail_url": SecretStr(url), "mail_from": SENDER, **changes}
    return settings.model_copy(update=update)
