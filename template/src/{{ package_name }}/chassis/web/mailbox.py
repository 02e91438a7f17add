"""The mailbox: pages with the mail that `dev` keeps instead of sending it.

Mail is content of others, even in development: its HTML is in a frame that runs no scripts, loads
nothing, and has an origin of its own.
"""

import re
from collections.abc import Sequence
from email import message_from_bytes, policy
from email.headerregistry import DateHeader
from email.message import EmailMessage
from html import escape
from pathlib import Path

from litestar import MediaType, Response, Router, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from ..settings import ChassisSettings

PATH = "/mailbox"

# Names of the catcher's files, without their suffix.
_NAME = re.compile(r"\d+-[0-9a-f]+")
_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; img-src data:; frame-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
_MAIL_POLICY = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'self'"
)
_STYLE = """\
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 0 auto; max-width: 60rem; overflow-wrap: anywhere; padding: 1rem; }
a { color: LinkText; }
ol { list-style: none; margin: 0; padding: 0; }
li { border-top: 1px solid GrayText; padding: .5rem 0; }
li span, dt { color: color-mix(in srgb, CanvasText 65%, Canvas); }
dl { display: grid; gap: 0 1rem; grid-template-columns: max-content 1fr; }
dd { margin: 0; }
pre { border: 1px solid GrayText; padding: 1rem; white-space: pre-wrap; }
iframe { border: 1px solid GrayText; box-sizing: border-box; height: 70vh; width: 100%; }
@media (max-width: 30rem) { dl { display: block; } }
"""
_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="{path}/style.css">
</head>
<body>
{body}
</body>
</html>
"""


def mailbox(settings: ChassisSettings) -> Sequence[Router]:
    """Create the routes of the mailbox.

    Args:
        settings: Settings with the folder of the mail.

    Returns:
        The routes; none in production, or without a folder.
    """
    if not settings.mailbox_folder or settings.production:
        return []
    folder = Path(settings.mailbox_folder)
    path = settings.path_prefix + PATH

    @get("/", sync_to_thread=True)
    def list_mails() -> Response[str]:
        """List the mail, newest first."""
        files = sorted(folder.glob("*.eml"), reverse=True)
        lines = "\n".join(_line(file, path) for file in files if _NAME.fullmatch(file.stem))
        shown = f"<ol>\n{lines}\n</ol>" if lines else "<p>No mail yet.</p>"
        return _page("Mailbox", path, f"<h1>Mailbox</h1>\n{shown}")

    @get("/mails/{name:str}", sync_to_thread=True)
    def show_mail(name: FromPath[str]) -> Response[str]:
        """Show a mail with its headers, its text and its HTML."""
        mail = _read(folder, name)
        body = [f'<p><a href="{path}/">Mailbox</a></p>', f"<h1>{_header(mail, 'Subject')}</h1>"]
        names = ("From", "To", "Delivered-To", "Reply-To", "Date", "Message-ID")
        pairs = (f"<dt>{each}</dt><dd>{_header(mail, each)}</dd>" for each in names if mail[each])
        body.append(f"<dl>{''.join(pairs)}</dl>")
        if (text := _content(mail, "plain")) is not None:
            body.append(f"<h2>Text</h2>\n<pre>{escape(text)}</pre>")
        if _content(mail, "html") is not None:
            source = f"{path}/mails/{name}/html"
            body.append(f'<h2>HTML</h2>\n<iframe sandbox title="HTML" src="{source}"></iframe>')
        return _page(_header(mail, "Subject"), path, "\n".join(body))

    @get("/mails/{name:str}/html", sync_to_thread=True)
    def show_html(name: FromPath[str]) -> Response[str]:
        """Return the HTML of a mail, for a frame."""
        html = _content(_read(folder, name), "html")
        if html is None:
            raise NotFoundException("This mail has no HTML.")
        headers = {
            **_HEADERS,
            "Content-Security-Policy": _MAIL_POLICY,
            "X-Frame-Options": "SAMEORIGIN",
        }
        return Response(html, media_type=MediaType.HTML, headers=headers)

    @get("/style.css")
    async def style() -> Response[str]:
        """Return the style of the pages."""
        return Response(_STYLE, media_type=MediaType.CSS, headers=_HEADERS)

    return [
        Router(
            PATH,
            route_handlers=[list_mails, show_mail, show_html, style],
            include_in_schema=False,
        )
    ]


def _page(title: str, path: str, body: str) -> Response[str]:
    content = _PAGE.format(title=title, path=escape(path), body=body)
    headers = {**_HEADERS, "Content-Security-Policy": _PAGE_POLICY}
    return Response(content, media_type=MediaType.HTML, headers=headers)


def _line(file: Path, path: str) -> str:
    mail = message_from_bytes(file.read_bytes(), _class=EmailMessage, policy=policy.default)
    to, subject = _header(mail, "To"), _header(mail, "Subject") or "(no subject)"
    link = f'<a href="{path}/mails/{file.stem}">{subject}</a>'
    return f"<li>{link}<br><span>{_date(mail)} to {to}</span></li>"


def _read(folder: Path, name: str) -> EmailMessage:
    file = folder / f"{name}.eml"
    if not _NAME.fullmatch(name) or not file.is_file():
        raise NotFoundException("There is no such mail.")
    return message_from_bytes(file.read_bytes(), _class=EmailMessage, policy=policy.default)


def _header(mail: EmailMessage, name: str) -> str:
    """A header for HTML; empty if there is none."""
    return escape(str(mail[name] or ""))


def _date(mail: EmailMessage) -> str:
    date = mail["Date"]
    sent = date.datetime if isinstance(date, DateHeader) else None
    return f"{sent:%Y-%m-%d %H:%M:%S}" if sent else ""


def _content(mail: EmailMessage, kind: str) -> str | None:
    part = mail.get_body((kind,))
    if part is None:
        return None
    content = part.get_payload(decode=True)
    return content.decode(errors="replace") if isinstance(content, bytes) else ""
