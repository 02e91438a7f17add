"""The report of the fleet, as text, JSON and JUnit."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree

from packaging.version import Version

from ..template import Release
from .inventory import Inventory
from .journal import Journal, Line
from .states import DONE, MEANINGS, State
from .visible import visible

FORM = 1
_CONFLICTS = 20
_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One service.

    Attributes:
        key: Its key in the journal.
        name: Its display name.
        kind: Kind of its forge, `git` or `folder`.
        wave: Name of its wave; empty for the rest.
        state: Its state.
        why: A message with the reason.
        old: Its current release, or its recorded name of the commit.
        behind: Number of newer releases; None if unknown.
        days: Days since the first newer release; None if unknown.
        conflicts: Files in conflict, as `path:line`.
        files: Number of files that the update changes.
        url: Page of its pull request; empty for none.
        draft: Whether that is a draft.
        checks: Its checks and reviews; empty if not queried.
        drift: Template-owned files with local changes; None if not checked.
        answers: Its answers.
        seconds: Duration of its update, in s.
        cpu: CPU time of its update, in s.
        last: When this was written, in ISO 8601.
    """

    key: str
    name: str
    kind: str
    wave: str
    state: State
    why: str
    old: str
    behind: int | None
    days: int | None
    conflicts: tuple[str, ...]
    files: int
    url: str
    draft: bool
    checks: str
    drift: tuple[str, ...] | None
    answers: dict[str, Any]
    seconds: float
    cpu: float
    last: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetReport:
    """The states of all services for one release.

    Attributes:
        form: Version of this document's format.
        template: Location of the template.
        release: The release.
        released: When it was released, in ISO 8601.
        made: When the report was written, in ISO 8601.
        counts: Services by state, in the order of states.
        versions: Number of services by current release.
        conflicting: Template files with the most conflicts, and the number of services of each.
        rows: The services, by name.
    """

    form: int
    template: str
    release: str
    released: str
    made: str
    counts: dict[str, int]
    versions: dict[str, int]
    conflicting: dict[str, int]
    rows: tuple[Row, ...]

    def to_json(self) -> str:
        """The report as a JSON document."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False)

    def to_text(self) -> str:
        """The report as text."""
        title = f"Template {self.release}: {_number(len(self.rows), 'service')}."
        parts = [title, *self._counts()]
        for row in self.rows:
            if not (row.why or row.conflicts or row.url or row.checks):
                continue
            url = f" {visible(row.url)}" if row.url else ""
            parts.append(f"{visible(row.name)}: {row.state}{url}")
            if reason := "; ".join(filter(None, (row.why.removesuffix("."), row.checks))):
                parts.append(f"  {visible(reason)}.")
            parts += [f"  {visible(place)}" for place in row.conflicts[:_SHOWN]]
            if (more := len(row.conflicts) - _SHOWN) > 0:
                parts.append(f"  ... and {more} more places")
        if self.conflicting:
            parts.append("Template files with the most conflicts:")
            parts += [f"  {count:4}  {visible(path)}" for path, count in self.conflicting.items()]
        return "\n".join(parts)

    def versions_text(self) -> str:
        """The current releases of services, as text."""
        lines = [f"  {count:5}  {visible(version)}" for version, count in self.versions.items()]
        behind = [row.behind for row in self.rows if row.behind]
        days = [row.days for row in self.rows if row.days]
        if behind:
            lines.append(
                f"{len(behind)} services are behind: by up to {max(behind)} releases and "
                f"{max(days, default=0)} days."
            )
        drifted = sum(1 for row in self.rows if row.drift)
        if any(row.drift is not None for row in self.rows):
            lines.append(f"Services with local changes in template-owned files: {drifted}.")
        return "\n".join(["Releases:", *lines])

    def to_junit(self) -> str:
        """The report as JUnit XML: services with conflicts are failures, failed ones errors."""
        bad = {State.FAILED: "error", State.REFUSED: "failure"}
        suite = ElementTree.Element("testsuite", name=f"template {self.release}")
        kinds: Counter[str] = Counter()
        for row in self.rows:
            case = ElementTree.SubElement(
                suite,
                "testcase",
                classname=visible(row.kind),
                name=visible(row.name),
                time=f"{row.seconds:.3f}",
            )
            message = visible(row.why) or MEANINGS[row.state]
            kind = bad.get(row.state) or ("failure" if row.conflicts else "")
            if kind:
                kinds[kind] += 1
                found = ElementTree.SubElement(case, kind, message=message)
                found.text = "\n".join(visible(place) for place in row.conflicts)
            elif row.state not in DONE and not row.files:
                kinds["skipped"] += 1
                ElementTree.SubElement(case, "skipped", message=message)
        suite.set("tests", str(len(self.rows)))
        suite.set("failures", str(kinds["failure"]))
        suite.set("errors", str(kinds["error"]))
        suite.set("skipped", str(kinds["skipped"]))
        ElementTree.indent(suite)
        return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"

    def _counts(self) -> list[str]:
        width = max((len(state) for state in self.counts), default=0)
        return [
            f"  {count:5}  {state:{width}}  {MEANINGS[State(state)]}"
            for state, count in self.counts.items()
        ]


def make_report(
    journal: Journal, inventory: Inventory, template: str, releases: Sequence[Release], to: Release
) -> FleetReport:
    """Make the report from the journal.

    Args:
        journal: The journal.
        inventory: The inventory.
        template: Location of the template.
        releases: Its releases, lowest first.
        to: The release to report on.
    """
    lines = journal.lines(str(to.version))
    services = journal.services()
    rows = [
        _row(line, inventory, releases) for line in lines if not services or line.key in services
    ]
    rows.sort(key=lambda row: row.name)
    counts = Counter(row.state for row in rows)
    conflicting = Counter(
        path
        for row in rows
        for path in {in_template(_file(place), row.answers) for place in row.conflicts}
    )
    versions = Counter(row.old for row in rows if row.old)
    return FleetReport(
        form=FORM,
        template=template,
        release=str(to.version),
        released=to.made.isoformat(),
        made=datetime.now(UTC).isoformat(timespec="seconds"),
        counts={state.value: counts[state] for state in State if counts[state]},
        versions=dict(sorted(versions.items(), key=lambda each: _order(each[0]), reverse=True)),
        conflicting=dict(conflicting.most_common(_CONFLICTS)),
        rows=tuple(rows),
    )


def in_template(path: str, answers: Mapping[str, Any]) -> str:
    """Convert a path in a service to the path in the template, which is the same for all services.

    Args:
        path: Its path in the service.
        answers: The service's answers.
    """
    package = answers.get("package_name")
    own = f"src/{package}/"
    return f"src/{{{{ package_name }}}}/{path[len(own) :]}" if path.startswith(own) else path


def _file(place: str) -> str:
    path, _, line = place.rpartition(":")
    return path if path and line.isdecimal() else place


def _row(line: Line, inventory: Inventory, releases: Sequence[Release]) -> Row:
    about = line.about
    proposal = about.get("proposal") or {}
    has = str(line.release) if line.state in DONE - {State.NEWER} else str(about.get("old", ""))
    newer = _newer(has, releases)
    days = (datetime.now(UTC) - newer[0].made).days if newer else 0
    wave = inventory.wave_of(str(about.get("name", line.key)))
    drift = about.get("drift")
    return Row(
        key=line.key,
        name=str(about.get("name", line.key)),
        kind=str(about.get("kind", "")),
        wave=inventory.wave[wave].name if wave < len(inventory.wave) else "",
        state=line.state,
        why=str(about.get("why", "")),
        old=has,
        behind=None if newer is None else len(newer),
        days=None if newer is None else days,
        conflicts=tuple(about.get("conflicts", ())),
        files=int(about.get("files", 0)),
        url=str(proposal.get("url", "")),
        draft=bool(proposal.get("draft", False)),
        checks=str(about.get("checks", "")),
        drift=None if drift is None else tuple(drift),
        answers=dict(about.get("answers", {})),
        seconds=float(about.get("seconds", 0)),
        cpu=float(about.get("cpu", 0)),
        last=line.last.isoformat(),
    )


def _newer(has: str, releases: Sequence[Release]) -> list[Release] | None:
    try:
        version = Version(has)
    except ValueError:
        return None
    return [each for each in releases if each.version > version and not each.version.is_prerelease]


def _order(text: str) -> Version:
    try:
        return Version(text)
    except ValueError:
        return Version("0")


def _number(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
