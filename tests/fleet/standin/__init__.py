"""A stand-in for GitHub, GitLab and Gitea, with real git, on loopback.

`Standin` starts and drives it:

    with Standin(folder) as forge:
        forge.add("acme/pay", repository)
        client = make_forge("github", forge.url("github"), "env:TOKEN")
        ...
        assert [pull.state for pull in forge.pulls("acme/pay")] == ["open"]
"""

from .driver import Pull, Standin

__all__ = ["Pull", "Standin"]
