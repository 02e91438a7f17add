"""Messages, and their form on the wire (RFC 5322)."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from .addresses import Recipient, one_line


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """Content of a mail.

    Attributes:
        subject: Subject; line breaks become spaces.
        text: The mail as plain text.
        html: The mail as HTML; empty for a mail of text alone.
    """

    subject: str
    text: str
    html: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingMail:
    """A mail for one recipient.

    Attributes:
        message_id: Message-ID without brackets; the same for all recipients of a mail.
        date: When the service decided to send it.
        recipient: Address that it is sent to.
        to: All recipients, for the header.
        message: Its content.
        reply_to: Address for replies; empty for the sender.
    """

    message_id: str
    date: datetime
    recipient: str
    to: Sequence[Recipient]
    message: Message
    reply_to: str = ""

    @property
    def key(self) -> str:
        """Identifies this mail to this recipient; contains no address."""
        return hashlib.sha256(f"{self.message_id}\n{self.recipient}".encode()).hexdigest()[:32]

    @property
    def utf8(self) -> bool:
        """Whether the server needs the extension SMTPUTF8 (RFC 6531)."""
        return not all(each.email.isascii() for each in self.to) or not self.reply_to.isascii()

    def as_bytes(self, sender: tuple[str, str]) -> bytes:
        """The mail with its headers, in ASCII unless `utf8` is true.

        Args:
            sender: Name and address of the sender.
        """
        # All parts in seven bits, which every server accepts.
        mail = EmailMessage(SMTP.clone(cte_type="7bit", utf8=self.utf8))
        mail["From"] = _address(*sender)
        mail["To"] = [_address(each.name, each.email) for each in self.to]
        if self.reply_to:
            mail["Reply-To"] = _address("", self.reply_to)
        mail["Subject"] = one_line(self.message.subject)
        mail["Date"] = format_datetime(self.date)
        mail["Message-ID"] = f"<{self.message_id}>"
        # Out-of-office programs do not respond to it (RFC 3834).
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(self.message.text)
        if self.message.html:
            mail.add_alternative(self.message.html, subtype="html")
        return mail.as_bytes()


def mails(
    message: Message,
    to: Sequence[Recipient],
    *,
    domain: str,
    key: str | None = None,
    reply_to: str = "",
) -> list[OutgoingMail]:
    """Create a mail for each recipient.

    Args:
        message: The content.
        to: The recipients.
        domain: Domain of the Message-ID.
        key: Identifies the mail; the same key gives the same Message-ID.
        reply_to: Address for replies; empty for the sender.
    """
    name = secrets.token_hex(16) if key is None else hashlib.sha256(key.encode()).hexdigest()[:32]
    return [
        OutgoingMail(
            message_id=f"{name}@{domain}",
            date=datetime.now(UTC),
            recipient=recipient.email,
            to=to,
            message=message,
            reply_to=reply_to,
        )
        for recipient in to
    ]


def _address(name: str, email: str) -> Address:
    local, _, domain = email.rpartition("@")
    return Address(name, local, domain)
