"""Mail from Jinja templates in the service's package."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import (
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    StrictUndefined,
    select_autoescape,
)
from jinja2.exceptions import TemplateNotFound

from .message import Message

if TYPE_CHECKING:
    from jinja2 import BaseLoader

_CHASSIS = Path(__file__).parents[1]
# The service's folder comes first, so that it can replace templates of the chassis.
FOLDERS = (
    _CHASSIS.with_name("mail"),
    _CHASSIS / "mail" / "defaults",
    _CHASSIS / "auth" / "mails",
)


class Templates:
    """The templates of the service's mail.

    A mail `welcome` has `welcome.subject.txt` and `welcome.txt`, and may have `welcome.html`. In
    HTML, values are escaped. A value that is missing is an error.

    Args:
        title: Value of `service` in all templates.
        loader: Loads the templates; by default, from `FOLDERS`, of which some may be missing.
    """

    def __init__(self, title: str, loader: BaseLoader | None = None) -> None:
        self._environment = Environment(
            loader=loader or ChoiceLoader([FileSystemLoader(folder) for folder in FOLDERS]),
            autoescape=select_autoescape(["html"]),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        self._environment.globals["service"] = title

    def render(self, name: str, context: Mapping[str, object]) -> Message:
        """Render a mail.

        Args:
            name: Name of the mail.
            context: Values for its templates.

        Raises:
            TemplateNotFound: If it has no subject or no text.
            UndefinedError: If a template uses a value that the context does not have.
        """
        return Message(
            subject=self._rendered(f"{name}.subject.txt", context),
            text=self._rendered(f"{name}.txt", context),
            html=self._html(name, context),
        )

    def _html(self, name: str, context: Mapping[str, object]) -> str:
        file = f"{name}.html"
        try:
            template = self._environment.get_template(file)
        except TemplateNotFound as error:
            # Not a template that this one includes or extends.
            if error.name == file:
                return ""
            raise
        return template.render(context)

    def _rendered(self, file: str, context: Mapping[str, object]) -> str:
        return self._environment.get_template(file).render(context)
