"""Errors of sending mail."""

from ..errors import BackingServiceUnavailable


class MailUnavailable(BackingServiceUnavailable):
    """The mail server cannot be reached, or does not let the service send: try again.

    Args:
        cause: Short reason, without addresses and passwords.
        reply: The server's reply, which may contain the recipient's address.
    """

    def __init__(self, cause: str, reply: str = "") -> None:
        super().__init__("mail server", cause)
        self.reply = reply


class MailPostponed(MailUnavailable):
    """The mail server does not accept this mail now, as with greylisting: try again later.

    Args:
        cause: Short reason, without addresses, such as the codes `450 4.7.1`.
        reply: The server's reply, which may contain the recipient's address.
    """

    def __init__(self, cause: str, reply: str = "") -> None:
        super().__init__(cause, reply)
        self.args = (f"The mail server does not accept this mail now ({cause}).",)


class MailRefused(Exception):
    """The mail server will not accept this mail: it is of no use to try again.

    Args:
        cause: Short reason, without addresses, such as the codes `550 5.1.1`.
        reply: The server's reply, which may contain the recipient's address.
    """

    def __init__(self, cause: str, reply: str = "") -> None:
        super().__init__(f"The mail server refused the mail ({cause}).")
        self.cause = cause
        self.reply = reply
