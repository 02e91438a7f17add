"""Pages that links in mails open, unless LINKS_URL leads to pages of your own.

The secret is in the part of the address after the #, which browsers do not send. Opening a page
changes nothing, because programs that scan mail open links, too: the user presses a button.
"""

from html import escape
from importlib.resources import files
from typing import NamedTuple

from litestar import MediaType, Response, Router, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from ...auth.links import Purpose
from ...auth.passwords import MAX_LENGTH, MIN_LENGTH
from ...settings import ChassisSettings

PATH = "/auth/links"

_TYPES = {"links.js": "text/javascript", "links.css": "text/css"}


class _Page(NamedTuple):
    """Words of a page, and the route that uses the link."""

    heading: str
    text: str
    button: str
    done: str
    action: str


_PAGES = {
    Purpose.RESET: _Page(
        heading="Choose a new password",
        text="All your logins end, and you log in with the new password.",
        button="Change the password",
        done="Your password is changed. You can log in with it now.",
        action="/auth/password-reset/confirm",
    ),
    Purpose.VERIFY_EMAIL: _Page(
        heading="Confirm your e-mail address",
        text="Confirm that you have received our mail.",
        button="Confirm",
        done="Your e-mail address is confirmed.",
        action="/auth/email/verification/confirm",
    ),
    Purpose.CREATE_ACCOUNT: _Page(
        heading="Create your account",
        text="Choose a password for your account.",
        button="Create the account",
        done="Your account is ready. You can log in now.",
        action="/auth/invitations/accept",
    ),
    Purpose.LEAVE_EMAIL: _Page(
        heading="Change your e-mail address",
        text="Confirm that your account gets another e-mail address.",
        button="Confirm the change",
        done="Confirmed. The address changes as soon as the new one has confirmed, too.",
        action="/auth/email/change/confirm",
    ),
    Purpose.CHANGE_EMAIL: _Page(
        heading="Confirm your new e-mail address",
        text="Confirm that this is the new e-mail address of your account.",
        button="Confirm the new address",
        done="Confirmed. The address changes as soon as the old one has confirmed, too.",
        action="/auth/email/change/confirm",
    ),
}
_WITH_PASSWORD = {Purpose.RESET, Purpose.CREATE_ACCOUNT}
_CHANGED = "Your e-mail address is changed."
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def link_pages(settings: ChassisSettings, title: str) -> Router:
    """Create the routes of the pages.

    Args:
        settings: Settings with the path prefix.
        title: Display name of the service.
    """
    folder = files(__package__).joinpath("pages")
    assets = {name: folder.joinpath(name).read_bytes() for name in _TYPES}
    layout = folder.joinpath("links.html").read_text("utf-8")
    pages = {
        purpose.value: _page(layout, purpose, title=title, prefix=settings.path_prefix)
        for purpose in Purpose
    }

    @get("/{name:str}", media_type=MediaType.HTML)
    async def page(name: FromPath[str]) -> Response[bytes]:
        """Return a page, or a file of it."""
        if name in assets:
            return Response(assets[name], media_type=_TYPES[name])
        if name not in pages:
            raise NotFoundException("There is no such page.")
        return Response(pages[name], media_type=MediaType.HTML)

    return Router(PATH, route_handlers=[page], response_headers=_HEADERS, include_in_schema=False)


def _page(layout: str, purpose: Purpose, *, title: str, prefix: str) -> bytes:
    page = _PAGES[purpose]
    words = page._asdict() | {
        "service": title,
        "changed": _CHANGED,
        "action": prefix + page.action,
        "assets": prefix + PATH,
        "least": str(MIN_LENGTH),
        "most": str(MAX_LENGTH),
    }
    for name, word in words.items():
        layout = layout.replace(f"[[{name}]]", escape(word))
    fields = "" if purpose in _WITH_PASSWORD else " hidden disabled"
    return layout.replace("[[hidden]]", fields).encode()
