"""Mail with aiosmtplib: from templates, to a mail server."""

from .addresses import InvalidAddress, Recipient
from .errors import MailPostponed, MailRefused, MailUnavailable
from .mail import Mail
from .message import Message

__all__ = [
    "InvalidAddress",
    "Mail",
    "MailPostponed",
    "MailRefused",
    "MailUnavailable",
    "Message",
    "Recipient",
]
