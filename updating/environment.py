"""The environment of the programs that an update runs."""

from __future__ import annotations

from collections.abc import Mapping

# The output of `git rev-parse --local-env-vars`, without configuration: git sets these variables
# for its hooks, and with them every git command uses the hook's repository. The others change how
# git reads paths and creates repositories.
_PLACES = {
    f"GIT_{name}"
    for name in (
        *("ALTERNATE_OBJECT_DIRECTORIES", "COMMON_DIR", "CONFIG", "DIR", "GRAFT_FILE"),
        *("IMPLICIT_WORK_TREE", "INDEX_FILE", "INTERNAL_SUPER_PREFIX", "NAMESPACE"),
        *("NO_REPLACE_OBJECTS", "OBJECT_DIRECTORY", "PREFIX", "QUARANTINE_PATH"),
        *("REPLACE_REF_BASE", "SHALLOW_FILE", "WORK_TREE"),
        *("DEFAULT_HASH", "GLOB_PATHSPECS", "ICASE_PATHSPECS", "LITERAL_PATHSPECS"),
        "NOGLOB_PATHSPECS",
    )
}


def without_places(variables: Mapping[str, str]) -> dict[str, str]:
    """Remove variables that point git to another repository.

    Args:
        variables: The environment.
    """
    return {name: value for name, value in variables.items() if name not in _PLACES}
