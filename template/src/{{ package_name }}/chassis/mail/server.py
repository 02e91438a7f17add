"""The mail server: one connection for each mail, and errors by whether it is of use to try again.

- What goes wrong before the mail is handed over, such as a wrong password, is `MailUnavailable`.
- Replies of class 4 to the mail are `MailPostponed`, and those of class 5 `MailRefused`.
- A mail is sent once the server has accepted it; nothing that happens afterwards changes that.
"""

from __future__ import annotations

import asyncio
import re
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from aiosmtplib import (
    SMTP,
    SMTPAuthenticationError,
    SMTPException,
    SMTPResponseException,
)

from ..outage import Outage
from .errors import MailPostponed, MailRefused, MailUnavailable

if TYPE_CHECKING:
    from ..settings import ChassisSettings
    from ..settings.parts.mail import MailServer
    from .message import OutgoingMail

# How long the outcome of the last connection answers readiness checks, because servers limit the
# number of connections.
CHECK_AGAIN_SECONDS = 60
QUIT_SECONDS = 1

# Replies about the login, which are no fault of the mail (RFC 4954).
_LOGIN_CODES = {530, 534, 535, 538}
_ENHANCED = re.compile(r"[245]\.\d{1,3}\.\d{1,3}\b")
# OpenSSL's X509_V_ERR_HOSTNAME_MISMATCH and X509_V_ERR_IP_ADDRESS_MISMATCH.
_OTHER_HOST = {62, 64}
_ERRORS = (SMTPException, OSError, TimeoutError)


class Server:
    """The mail server of the settings.

    Args:
        settings: Settings with the server and the sender.
    """

    def __init__(self, settings: ChassisSettings) -> None:
        self._server = settings.mail_server
        self._sender = settings.mail_sender
        self._seconds = settings.mail_seconds
        self._tls: ssl.SSLContext | None = None
        self._outage = Outage("mail server")
        self._asked = -float(CHECK_AGAIN_SECONDS)

    async def send(self, mail: OutgoingMail) -> None:
        """Send a mail, within MAIL_SECONDS.

        Args:
            mail: The mail.

        Raises:
            MailUnavailable: If the server cannot be reached, or does not accept the mail now.
            MailRefused: If the server will not accept the mail.
        """
        content = mail.as_bytes(self._sender)
        async with self._connected() as client:
            options: list[str] = []
            encoding = "ascii"
            if mail.utf8:
                if not client.supports_extension("smtputf8"):
                    raise MailRefused("it has no SMTPUTF8, which an address outside of ASCII needs")
                options, encoding = ["SMTPUTF8", "BODY=8BITMIME"], "utf-8"
            try:
                await client.mail(self._sender[1], options=options, encoding=encoding)
                await client.rcpt(mail.recipient, encoding=encoding)
                await client.data(content)
            except SMTPResponseException as error:
                raise _answer(error) from None

    async def check(self) -> None:
        """Connect to the server, unless that was done lately; raises if it fails."""
        if time.monotonic() - self._asked < CHECK_AGAIN_SECONDS:
            if self._outage.cause is not None:
                raise MailUnavailable(self._outage.cause)
            return
        try:
            async with self._connected():
                return
        except asyncio.CancelledError:
            # A readiness check waits for a second only.
            self._outage.lost("no response in time")
            raise

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[SMTP]:
        if self._server is None:
            raise MailUnavailable("MAIL_URL is not set")
        started = time.monotonic()
        client = await self._client(self._server)
        try:
            async with asyncio.timeout(self._seconds):
                await _log_in(client, self._server)
                yield client
        except MailRefused:
            # The server works.
            self._outage.back(started=started)
            raise
        except MailUnavailable as error:
            if isinstance(error, MailPostponed):
                self._outage.back(started=started)
            else:
                self._outage.lost(error.cause, started=started)
            raise
        except _ERRORS as error:
            problem = MailUnavailable(_cause(error), _reply(error))
            self._outage.lost(problem.cause, started=started)
            # aiosmtplib's messages contain the address of the server.
            raise problem from None
        else:
            self._outage.back(started=started)
        finally:
            self._asked = time.monotonic()
            await _end(client)

    async def _client(self, server: MailServer) -> SMTP:
        if self._tls is None and server.tls != "none":
            # Loading certificates takes milliseconds.
            self._tls = await asyncio.to_thread(ssl.create_default_context)
        return SMTP(
            hostname=server.host,
            port=server.port,
            use_tls=server.tls == "implicit",
            # `_log_in` does it, with an error that can be told from others.
            start_tls=False,
            tls_context=self._tls,
            timeout=self._seconds,
            # A name with a domain, without asking DNS for that of this machine.
            local_hostname=self._sender[1].rpartition("@")[2],
        )


async def _log_in(client: SMTP, server: MailServer) -> None:
    await client.connect()
    await client.ehlo()
    if server.tls == "starttls":
        if not client.supports_extension("starttls"):
            raise MailUnavailable("it has no STARTTLS")
        await client.starttls()
        await client.ehlo()
    if server.user:
        if not client.supported_auth_methods:
            raise MailUnavailable("it has no login")
        await client.login(server.user, server.password)


async def _end(client: SMTP) -> None:
    with suppress(*_ERRORS):
        async with asyncio.timeout(QUIT_SECONDS):
            if client.is_connected:
                await client.quit()
    client.close()


def _answer(error: SMTPResponseException) -> Exception:
    """The error for the server's reply to a mail."""
    cause, reply = _codes(error), _reply(error)
    if error.code in _LOGIN_CODES or error.code == 421 or not 400 <= error.code < 600:
        return MailUnavailable(cause, reply)
    return MailPostponed(cause, reply) if error.code < 500 else MailRefused(cause, reply)


def _cause(error: BaseException) -> str:
    """Short reason without addresses."""
    chain = [error]
    while following := chain[-1].__cause__ or chain[-1].__context__:
        chain.append(following)
    for each in chain:
        if isinstance(each, ssl.SSLCertVerificationError):
            other = each.verify_code in _OTHER_HOST
            return f"its certificate is {'for another host' if other else 'not trusted'}"
        if isinstance(each, TimeoutError):
            return "no response in time"
    if isinstance(error, SMTPAuthenticationError):
        return f"login refused: {_codes(error)}"
    if isinstance(error, SMTPResponseException):
        return _codes(error)
    return type(chain[-1]).__name__


def _codes(error: SMTPResponseException) -> str:
    enhanced = _ENHANCED.match(error.message)
    return f"{error.code} {enhanced[0]}" if enhanced else str(error.code)


def _reply(error: BaseException) -> str:
    if not isinstance(error, SMTPResponseException):
        return ""
    return " ".join(f"{error.code} {error.message}".split())
