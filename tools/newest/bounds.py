"""Requirements that hold newer versions of packages back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from .project import Project

_OUTDATED = re.compile(r"([\w.-]+)(?:\[[^\]]*\])? v(\S+).*\(latest: v(\S+?)\)")
UNKNOWN = "a supported Python, or another version of a package"


@dataclass(frozen=True, slots=True)
class Held:
    """A package of which a newer version exists.

    Attributes:
        package: Its name.
        version: The locked version.
        newest: The newest version.
        by: Requirements that exclude it, such as `this project: granian<2.9`.
    """

    package: str
    version: str
    newest: str
    by: tuple[str, ...]


def held_back(project: Project) -> list[Held]:
    """Find packages that are not the newest, and the requirements that prevent it.

    Args:
        project: A project with installed packages.
    """
    outdated = {found[0]: found for found in _OUTDATED.findall(project.outdated_tree())}
    requirements = list(_requirements(project)) if outdated else []
    return [
        Held(name, version, newest, _excluding(name, newest, requirements) or (UNKNOWN,))
        for name, version, newest in outdated.values()
    ]


def _excluding(
    name: str, version: str, requirements: list[tuple[str, Requirement]]
) -> tuple[str, ...]:
    return tuple(
        f"{who}: {requirement}"
        for who, requirement in requirements
        if canonicalize_name(requirement.name) == canonicalize_name(name)
        and not requirement.specifier.contains(version, prereleases=True)
    )


def _requirements(project: Project) -> Iterator[tuple[str, Requirement]]:
    declared = project.declared()
    groups = declared["dependency-groups"].values()
    for wants in (declared["project"]["dependencies"], *groups):
        for want in wants:
            if isinstance(want, str):
                yield "this project", Requirement(want)
    for distribution in project.distributions():
        for want in distribution.requires or []:
            yield distribution.name, Requirement(want)
