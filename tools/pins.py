"""`make pins`: pin the newest releases of actions and images, and record them.

An action is pinned by the commit of its newest version, an image by the digest of its tag, and uv
by the version in requirements/dev.txt. Releases of the last week are not taken, because a stolen
account is usually discovered within days. If something cannot be looked up, no file changes.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from packaging.version import Version

ROOT = Path(__file__).parents[1]
RECORD = Path("requirements/pins.toml")
FILES = (
    ".github/workflows/*.yml",
    "docs/examples/fleet/*.yml",
    "template/.github/workflows/*",
    "template/.gitlab-ci.yml.jinja",
    "template/Dockerfile.jinja",
    "template/scripts/scan_image.sh",
)
USES = re.compile(r"uses: (?P<name>[\w-]+/[\w.-]+)(?P<path>[\w./-]*)@\S+(?: # v\S+)?")
UV = re.compile(r"(?P<before>astral/uv:|setup-uv@.*\n\s+with:\n\s+version: )\d+\.\d+\.\d+")
LOCKED_UV = re.compile(r"^uv==(\S+)", re.MULTILINE)
RELEASE_TAG = re.compile(
    r"^(?P<commit>\w+)\trefs/tags/v(?P<version>\d+\.\d+\.\d+)(\^\{\})?$", re.MULTILINE
)
MINIMUM_AGE = timedelta(days=7)
HEADER = """\
# What is pinned in workflows and scripts, and when it was released; written by
# `make pins`. An image with a version follows the releases of the repository of the same name.
"""


class PinError(Exception):
    """Something could not be looked up."""


@dataclass(frozen=True)
class Action:
    """A GitHub action: its version, and the commit of that version with its day."""

    version: str
    commit: str
    date: date


@dataclass(frozen=True)
class Image:
    """An image: its digest, the day of its creation, and its version if that is its tag."""

    digest: str
    date: date
    version: str = ""

    def reference(self, name: str) -> str:
        """The image as Docker takes it.

        Args:
            name: Name of the image, with its tag unless that is the version.
        """
        return f"{name}:v{self.version}@{self.digest}" if self.version else f"{name}@{self.digest}"


@dataclass(frozen=True)
class Pins:
    """Everything that is pinned, and the day on which it was looked up."""

    refreshed: date
    actions: dict[str, Action]
    images: dict[str, Image]

    @classmethod
    def read(cls, root: Path = ROOT) -> Pins:
        """Read the record.

        Args:
            root: Folder of the repository.
        """
        record = tomllib.loads((root / RECORD).read_text())
        return cls(
            record["refreshed"],
            {name: Action(**each) for name, each in record["actions"].items()},
            {name: Image(**each) for name, each in record["images"].items()},
        )

    def oldest(self) -> tuple[str, date]:
        """Find the name and the day of the oldest pin."""
        days = {name: each.date for name, each in (self.actions | self.images).items()}
        name = min(days, key=lambda name: days[name])
        return name, days[name]

    def text(self) -> str:
        """Write the record as TOML."""
        lines = [f"{HEADER}refreshed = {self.refreshed}"]
        for title, pins in (("actions", self.actions), ("images", self.images)):
            lines += ["", f"[{title}]"]
            for name, pin in sorted(pins.items()):
                values = ", ".join(
                    f"{key} = {value if isinstance(value, date) else json.dumps(value)}"
                    for key, value in vars(pin).items()
                    if value
                )
                lines.append(f'"{name}" = {{ {values} }}')
        return "\n".join(lines) + "\n"


def main() -> int:
    """Run the command, and return its exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, default=ROOT, help="folder of the repository")
    parser.add_argument(
        "--forge", default="https://github.com", help="URL of the forge of the actions"
    )
    parser.add_argument(
        "--keep-images", action="store_true", help="need no Docker, and keep the images"
    )
    options = parser.parse_args()
    root, today = options.root, datetime.now(UTC).date()
    try:
        pins = refreshed(root, options.forge, today, keep_images=options.keep_images)
    except PinError as error:
        print(f"Nothing was changed: {error}", file=sys.stderr)
        return 1
    for path in pinned_files(root):
        path.write_text(applied(path.read_text(), pins, uv_version(root)))
    (root / RECORD).write_text(pins.text())
    name, day = pins.oldest()
    print(f"The oldest pin is {name}, released on {day}, {(today - day).days} days ago.")
    return 0


def refreshed(root: Path, forge: str, today: date, *, keep_images: bool = False) -> Pins:
    """Look up the newest release of everything that is pinned.

    Args:
        root: Folder of the repository.
        forge: URL of the forge, without the name of a repository.
        today: The day of the lookup.
        keep_images: Whether images stay the same.

    Returns:
        The new pins.

    Raises:
        PinError: If a release or an image could not be looked up.
    """
    texts = [path.read_text() for path in pinned_files(root)]
    names = {found["name"] for text in texts for found in USES.finditer(text)}
    images = Pins.read(root).images
    return Pins(
        today,
        {name: newest_release(forge, name, today) for name in sorted(names)},
        images
        if keep_images
        else {name: newest_image(forge, name, image, today) for name, image in images.items()},
    )


def pinned_files(root: Path) -> Iterator[Path]:
    """Find the files that contain pins.

    Args:
        root: Folder of the repository.
    """
    for pattern in FILES:
        yield from sorted(root.glob(pattern))


def uv_version(root: Path) -> str:
    """Read the version of uv that the development tools have.

    Args:
        root: Folder of the repository.
    """
    found = LOCKED_UV.search((root / "requirements" / "dev.txt").read_text())
    assert found
    return found[1]


def applied(text: str, pins: Pins, uv: str) -> str:
    """Replace the pins in a file.

    Args:
        text: Content of the file.
        pins: The pins.
        uv: Version of uv.
    """

    def action(found: re.Match[str]) -> str:
        pin = pins.actions[found["name"]]
        return f"uses: {found['name']}{found['path']}@{pin.commit} # v{pin.version}"

    text = USES.sub(action, text)
    for name, image in pins.images.items():
        tag = r":v[\d.]+" if image.version else ""
        pinned = rf"(?<![\w/.]){re.escape(name)}{tag}(@sha256:[0-9a-f]{{64}})?(?![\w.:@-])"
        text = re.sub(pinned, image.reference(name), text)
    return UV.sub(rf"\g<before>{uv}", text)


def newest_release(forge: str, name: str, today: date) -> Action:
    """Look up the newest version of a repository that is old enough.

    Args:
        forge: URL of the forge.
        name: Owner and name of the repository.
        today: The day of the lookup.

    Raises:
        PinError: If the forge does not answer, or there is no such version.
    """
    url = f"{forge}/{name}"
    listed = _output("git", "ls-remote", "--tags", url)
    # The commit of an annotated tag comes after the tag itself.
    commits = {found["version"]: found["commit"] for found in RELEASE_TAG.finditer(listed)}
    for version in sorted(commits, key=Version, reverse=True):
        day = _day_of_commit(url, commits[version])
        if today - day >= MINIMUM_AGE:
            return Action(version, commits[version], day)
    raise PinError(f"{url} has no version that is older than a week.")


def newest_image(forge: str, name: str, image: Image, today: date) -> Image:
    """Pull an image, and look up its digest.

    Args:
        forge: URL of the forge.
        name: Name of the image, with its tag unless that is the version.
        image: What is pinned now.
        today: The day of the lookup.

    Raises:
        PinError: If Docker cannot pull it.
    """
    version = newest_release(forge, name, today).version if image.version else ""
    tagged = f"{name}:v{version}" if version else name
    _output("docker", "pull", "--quiet", tagged)
    [found] = json.loads(_output("docker", "image", "inspect", tagged))
    repository = tagged.rpartition(":")[0]
    # Only the digest of this repository: an image may have come from several.
    digests = [
        each.rpartition("@")[2]
        for each in found["RepoDigests"]
        if each.startswith(f"{repository}@")
    ]
    if not digests:
        raise PinError(f"Docker says no digest of {tagged}.")
    return Image(digests[0], datetime.fromisoformat(found["Created"]).date(), version)


def _day_of_commit(url: str, commit: str) -> date:
    with tempfile.TemporaryDirectory() as folder:
        git = ("git", "-C", folder)
        _output(*git, "init", "--quiet", "--bare")
        _output(*git, "fetch", "--quiet", "--depth", "1", "--filter", "tree:0", url, commit)
        return date.fromisoformat(_output(*git, "log", "-1", "--format=%cs", "FETCH_HEAD").strip())


def _output(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except FileNotFoundError:
        raise PinError(f"install {command[0]}, or see --help.") from None
    except subprocess.CalledProcessError as error:
        said = (error.stderr.strip().splitlines() or ["no output"])[-1]
        raise PinError(f"{' '.join(command)}: {said}") from None
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
