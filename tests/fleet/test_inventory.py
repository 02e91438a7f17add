"""Valid inventories, and messages about invalid ones."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from packaging.version import Version

from twelvestar.errors import Problem
from twelvestar.fleet.inventory import matches, read_inventory

WHOLE = """
template = "https://github.com/acme/twelvestar"
template_token = "env:TEMPLATE_TOKEN"
sources = ["gh:acme/twelvestar"]

[defaults]
branch = "template-{release}"
labels = ["template"]
draft = "conflicts"
author = "Platform <platform@acme.example>"

[[forge]]
kind = "github"
url = "https://git.acme.example"
token = "env:FLEET_GITHUB_TOKEN"
find = [{ org = "acme", topic = "litestar" }]
exclude = ["acme/legacy-*"]

[[forge]]
kind = "git"
repos = ["ssh://git.example.org/a.git"]

[[forge]]
kind = "folder"
glob = "~/src/*"

[[wave]]
name = "canary"
only = ["acme/pilot-*"]
then = { merged = "80%", within = "7d", failed = "0%" }

[[repo]]
name = "acme/pay"
pin = "<1.6"
reason = "freeze until May"
until = 2027-05-01
"""
FORGE = '[[forge]]\nkind = "git"\nrepos = ["a.git"]\n'


def written(folder: Path, text: str) -> Path:
    path = folder / "fleet.toml"
    path.write_text(text)
    return path


def test_all_keys_are_read(tmp_path: Path) -> None:
    inventory = read_inventory(written(tmp_path, WHOLE))
    assert [place.kind for place in inventory.forge] == ["github", "git", "folder"]
    assert inventory.wave[0].then.merged == 0.8
    assert inventory.wave[0].then.within.days == 7  # type: ignore[union-attr]
    assert inventory.branch(Version("1.6.0")) == "template-1.6.0"
    assert inventory.branch(Version("1.6.0"), "services/pay") == "template-1.6.0-services-pay"
    assert [inventory.wave_of(name) for name in ("acme/pilot-1", "acme/pay")] == [0, 1]


def test_a_pin_ends_on_its_day(tmp_path: Path) -> None:
    rule = read_inventory(written(tmp_path, WHOLE)).repo[0]
    new, old = Version("1.6.0"), Version("1.5.0")
    assert rule.keeps_from(new, date(2027, 5, 1))
    assert not rule.keeps_from(new, date(2027, 5, 2))
    assert not rule.keeps_from(old, date(2027, 1, 1))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('templat = "x"\n' + FORGE, "there is no key templat: did you mean template?"),
        (FORGE, "template: field required."),
        ('template = "x"\n', "forge: field required."),
        ('template = "x"\nforge = []\n', "forge: tuple should have at least 1 item"),
        ('template = "x"\n[[forge]]\nkind = "svn"\n', "forge[1].kind: input should be 'github'"),
        (
            'template = "x"\n[[forge]]\nkind = "git"\nrepo = ["a"]\n',
            "there is no key forge[1].repo: did you mean repos?",
        ),
        (
            'template = "x"\n[[forge]]\nkind = "github"\ntoken = "ghp_secret"\nrepos = ["a/b"]\n',
            'forge[1]: the inventory must not contain a token: write token = "env:NAME"',
        ),
        ('template = "x"\n[[forge]]\nkind = "github"\nrepos = ["a/b"]\n', 'token = "env:NAME"'),
        (
            'template = "x"\n[[forge]]\nkind = "gitea"\ntoken = "env:T"\nrepos = ["a/b"]\n',
            'needs url = "https://host"',
        ),
        ('template = "x"\n[[forge]]\nkind = "folder"\n', 'needs glob = "~/src/*"'),
        (
            f'template = "x"\n{FORGE}[[wave]]\nname = "a"\nonly = ["*"]\nthen = {{ merged = 80 }}',
            'wave[1].then.merged: write a percentage such as "80%".',
        ),
        (
            f'template = "x"\n{FORGE}[[repo]]\nname = "a"\npin = "below 2"\n',
            'repo[1].pin: write a range of releases such as "<1.6".',
        ),
        (
            f'template = "x"\n[defaults]\nbranch = "template"\n{FORGE}',
            'defaults: write a branch such as "template-{release}".',
        ),
        ("template = \n", "cannot be read"),
    ],
)
def test_an_invalid_inventory_gets_a_sentence_with_the_key(
    tmp_path: Path, text: str, sentence: str
) -> None:
    with pytest.raises(Problem) as caught:
        read_inventory(written(tmp_path, text))
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "ghp_secret" not in str(caught.value)


def test_a_missing_inventory_is_explained(tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"There is no .*fleet\.toml: write one as docs/fleet\.md"):
        read_inventory(tmp_path / "fleet.toml")


def test_patterns_ignore_case_and_match_slashes() -> None:
    assert matches("Acme/Pay", ("acme/*",))
    assert matches("group/sub/pay", ("group/*",))
    assert not matches("other/pay", ("acme/*",))
