"""The clients by kind of forge; a separate module, because importing HTTP takes memory."""

from __future__ import annotations

from collections.abc import Callable

from .base import Forge
from .gitea import Gitea
from .github import GitHub
from .gitlab import GitLab
from .limits import Throttle
from .pagure import Pagure

KINDS: dict[str, Callable[[str, str, Throttle], Forge]] = {
    "github": GitHub,
    "gitlab": GitLab,
    "gitea": Gitea,
    "pagure": Pagure,
}
