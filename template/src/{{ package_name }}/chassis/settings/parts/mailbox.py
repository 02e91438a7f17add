"""Settings of the mailbox, which shows mail in development."""

from pydantic import Field

from ..base import PartSettings


class MailboxSettings(PartSettings):
    """Folder of the mailbox."""

    mailbox_folder: str = Field(
        default="",
        description="Folder of the mailbox at /mailbox; set by `dev`, refused in production.",
    )

    def production_problems(self) -> list[str]:
        """Report a mailbox."""
        problems = super().production_problems()
        if self.mailbox_folder:
            problems.append("MAILBOX_FOLDER is set, and production refuses it: unset it")
        return problems
