"""A mail server that keeps mail in a folder instead of sending it, with aiosmtpd."""

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from .ports import free_port

# Older mail is deleted.
KEPT = 200


class _Folder:
    """Hooks of aiosmtpd.

    Args:
        folder: Where each mail becomes a file.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        """Write a mail to a file, whose name begins with the time."""
        content = envelope.content or b""
        if isinstance(content, str):
            content = content.encode()
        name = f"{time.time_ns()}-{secrets.token_hex(4)}"
        new = self._folder / f"{name}.new"
        recipients = ", ".join(envelope.rcpt_tos)
        new.write_bytes(f"Delivered-To: {recipients}\r\n".encode() + content)
        # Readers only see complete files.
        new.rename(new.with_suffix(".eml"))
        for old in sorted(self._folder.glob("*.eml"))[:-KEPT]:
            old.unlink(missing_ok=True)
        return "250 2.0.0 kept in the mailbox"


@contextmanager
def mailbox(folder: Path) -> Iterator[str]:
    """Run a server until the context ends.

    Args:
        folder: Folder of the mail, a file for each; it is kept.

    Returns:
        Address of the server, for MAIL_URL.
    """
    folder.mkdir(parents=True, exist_ok=True)
    controller = Controller(_Folder(folder), hostname="127.0.0.1", port=free_port())
    controller.start()
    try:
        yield f"smtp://127.0.0.1:{controller.port}"
    finally:
        controller.stop()
