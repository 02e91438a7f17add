"""The report of a fleet in all formats, also with hostile services."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import subprocess
import sys
from dataclasses import fields
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from jsonschema import Draft202012Validator, ValidationError

from tests.fleet.reports import every_state, fleet_report, row
from twelvestar.fleet.journal import Journal
from twelvestar.fleet.page import to_html
from twelvestar.fleet.report import FleetReport, Row, in_template
from twelvestar.fleet.states import DONE, MEANINGS, State

SCHEMA = json.loads(Path("docs/fleet-report.schema.json").read_text())
VALID = Draft202012Validator(SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER)

SCRIPT = "<script>alert(1)</script>"
QUOTES = "\"'><img src=x onerror=alert(2)>"
ACTING = "\x00\x1b[31m\u202e\u2028\udc80\n"
ARABIC = "خدمة الدفع"
LONG = "n" * 10_000
TEXTS = (SCRIPT, QUOTES, "{{ 7 * 7 }}", "</title></style></script>", ARABIC, LONG, "]]>&amp;")

VOID = {"meta", "link", "input", "img", "br", "hr", "base"}
ASKING = {"link", "img", "iframe", "object", "embed", "base", "image", "use", "feimage"}
FETCHING = {"src", "srcset", "poster", "data", "action", "formaction", "background", "ping"}
UNKNOWN = "\N{EN DASH}"


def hostile() -> FleetReport:
    """A report with hostile texts in all fields."""
    rows = []
    for at, text in enumerate(TEXTS):
        rows.append(
            row(
                text,
                kind=text,
                wave=text,
                why=f"Why {text}",
                old=text,
                behind=None,
                days=None,
                conflicts=(f"{text}:1", f"{text}:2"),
                url="javascript:alert(3)",
                draft=True,
                checks=text,
                drift=(text,),
                answers={text: text, "question": text, "number": at},
                state=State.PROPOSED,
            )
        )
    return fleet_report(*rows, row(ACTING, why=ACTING, conflicts=(ACTING,)), template=SCRIPT)


class Reader(HTMLParser):
    """Builds the tree of a page, and requires an end tag for each start tag."""

    def __init__(self) -> None:
        super().__init__()
        self.builder = ElementTree.TreeBuilder()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.builder.start(tag, {name: value or "" for name, value in attrs})
        if tag in VOID:
            self.builder.end(tag)
        else:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.builder.start(tag, {name: value or "" for name, value in attrs})
        self.builder.end(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
        self.builder.end(tag)

    def handle_data(self, data: str) -> None:
        if self.open:
            self.builder.data(data)


class Page:
    """The parsed page of a report."""

    def __init__(self, report: FleetReport) -> None:
        self.written = to_html(report)
        reader = Reader()
        reader.feed(self.written)
        reader.close()
        assert not reader.open
        self.tree: ElementTree.Element = reader.builder.close()
        self.services = [each for each in self.all("tr") if "data-marks" in each.attrib]
        self.rows = [[text_of(cell) for cell in each] for each in self.services]

    def all(self, tag: str) -> list[ElementTree.Element]:
        return list(self.tree.iter(tag))

    def text(self, tag: str) -> str:
        (found,) = self.all(tag)
        return "".join(found.itertext())


def text_of(element: ElementTree.Element) -> str:
    return "".join(element.itertext()).replace("\n", "")


def test_the_schema_and_the_report_have_the_same_fields() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    for found, about in ((SCHEMA, FleetReport), (SCHEMA["$defs"]["row"], Row)):
        names = [field.name for field in fields(about)]
        assert list(found["properties"]) == found["required"] == names
        assert found["additionalProperties"] is False
    assert SCHEMA["$defs"]["state"]["enum"] == list(State)


@pytest.mark.parametrize("report", [hostile(), every_state(), fleet_report()])
def test_the_json_report_fits_the_schema(report: FleetReport) -> None:
    # Encoded like the command does: characters that UTF-8 lacks are escaped.
    text = report.to_json().encode("utf-8", "backslashreplace").decode()
    VALID.validate(json.loads(text))
    assert [each["name"] for each in json.loads(text)["rows"]] == [
        each.name for each in report.rows
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        {"form": 2},
        {"more": 1},
        {"counts": {"gone": 1}},
        {"made": 5},
        {"rows": [{"name": "acme/pay"}]},
    ],
)
def test_the_schema_refuses_invalid_reports(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        VALID.validate({**json.loads(every_state().to_json()), **wrong})


def test_the_text_lists_services_with_details() -> None:
    report = fleet_report(
        row("acme/quiet"),
        row("acme/pay", url="https://git.example.org/1", conflicts=tuple("abcdefg")),
        row("acme/web", state=State.REFUSED, why="Commit uv.lock."),
    )
    assert report.to_text().splitlines() == [
        "Template 1.6.0: 3 services.",
        "      1  refused  its owners have to fix something first",
        "      2  pushed   the update is on a branch",
        "acme/pay: pushed https://git.example.org/1",
        *(f"  {place}" for place in "abcde"),
        "  ... and 2 more places",
        "acme/web: refused",
        "  Commit uv.lock.",
        "Template files with the most conflicts:",
        *(f"     1  {place}" for place in "abcdefg"),
    ]


def test_control_characters_of_services_are_escaped() -> None:
    text = hostile().to_text()
    assert r"\x00\x1b[31m\u202e\u2028\udc80\n: pushed" in text
    assert not set(text) & set(ACTING) - set("[31m\n")
    assert ARABIC in text


@pytest.mark.parametrize("report", [hostile(), every_state(), fleet_report()])
def test_junit_counts_are_those_of_its_entries(report: FleetReport) -> None:
    suite = ElementTree.fromstring(report.to_junit().encode())
    cases = suite.findall("testcase")
    assert int(suite.attrib["tests"]) == len(cases) == len(report.rows)
    for kind, attribute in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
        assert int(suite.attrib[attribute]) == len(suite.findall(f"testcase/{kind}"))
    assert all(len(case) <= 1 for case in cases)


def test_junit_distinguishes_failures_errors_and_skipped() -> None:
    report = fleet_report(
        *(row(state.value, state=state, files=0) for state in State),
        row("conflict", conflicts=("Makefile:3", "Makefile:9"), why="1 file in conflict."),
    )
    suite = ElementTree.fromstring(report.to_junit().encode())
    found = {case.attrib["name"]: case[0] for case in suite if len(case)}
    assert {name for name, kind in found.items() if kind.tag == "error"} == {"failed"}
    assert {name for name, kind in found.items() if kind.tag == "failure"} == {
        "refused",
        "conflict",
    }
    assert found["conflict"].text == "Makefile:3\nMakefile:9"
    assert found["pinned"].attrib["message"] == MEANINGS[State.PINNED]
    assert not found.keys() & DONE


@pytest.mark.parametrize("report", [hostile(), every_state(), fleet_report()])
def test_the_page_loads_no_other_resources(report: FleetReport) -> None:
    page = Page(report)
    assert page.written.startswith("<!doctype html>\n")
    for element in page.tree.iter():
        assert element.tag not in ASKING
        assert not element.attrib.keys() & FETCHING
        assert not [name for name in element.attrib if name.startswith("on") or name == "style"]
    style, script = page.text("style"), page.text("script")
    assert not re.search(r"url\(|@import|//\w", style)
    assert not re.search(r"fetch|XMLHttp|import|eval|innerHTML|https?:", script)


def test_the_page_only_allows_its_own_style_and_script() -> None:
    page = Page(hostile())
    policies = [
        each.attrib["content"]
        for each in page.all("meta")
        if each.get("http-equiv") == "Content-Security-Policy"
    ]
    digests = (hashlib.sha256(page.text(tag).encode()).digest() for tag in ("style", "script"))
    hashes = [base64.b64encode(digest).decode() for digest in digests]
    assert policies == [
        f"default-src 'none'; style-src 'sha256-{hashes[0]}'; script-src 'sha256-{hashes[1]}'; "
        "base-uri 'none'; form-action 'none'"
    ]


def test_hostile_texts_are_escaped_in_the_page() -> None:
    report = hostile()
    page = Page(report)
    assert len(page.rows) == len(report.rows)
    for found, about in zip(page.rows, report.rows[:-1], strict=False):
        service, state, old, behind, days, conflicts, drift, why, *_ = found
        assert service == f"{about.name}{about.kind} · {about.wave}"
        assert state == f"proposeddraft · {about.checks}"
        assert old == about.old
        assert (behind, days, conflicts, drift) == (UNKNOWN, UNKNOWN, "2", "1")
        assert why == (
            f"{about.why}2 places in conflict{''.join(about.conflicts)}1 file changed"
            f"{about.drift[0] if about.drift else ''}"
        )
    assert page.rows[-1][0].startswith(r"\x00\x1b[31m\u202e\u2028\udc80\n")
    assert not set(page.written) & set(ACTING) - set("[31m\n")
    assert "7 * 7" in page.written


@pytest.mark.parametrize(
    ("url", "linked"),
    [
        ("https://git.example.org/acme/pay/pull/1", True),
        ("http://git.example.org/acme/pay/pull/1?a=b&c=%20#d", True),
        ("javascript:alert(1)", False),
        ("JavaScript:alert(1)", False),
        (" javascript:alert(1)", False),
        ("java\nscript:alert(1)", False),
        ("javascript://git.example.org/%0aalert(1)", False),
        ("data:text/html,<script>alert(1)</script>", False),
        ("file:///etc/passwd", False),
        ("//git.example.org/1", False),
        ("https:alert(1)", False),
        ("https://user:secret@git.example.org/1", False),
        ("https://git.example.org/\u202e1", False),
        ("https://[::1", False),
        ("", False),
    ],
)
def test_only_http_urls_become_links(url: str, linked: bool) -> None:
    page = Page(fleet_report(row("acme/pay", url=url), template="/a/template"))
    links = [each.attrib for each in page.all("a")]
    expected = [{"href": url, "rel": "noopener noreferrer"}] if linked else []
    assert links == expected


def test_the_page_is_complete_without_scripts() -> None:
    report = fleet_report(
        row(
            "acme/pay",
            state=State.PROPOSED,
            wave="canary",
            draft=True,
            checks="checks run",
            conflicts=("Makefile:3", "Makefile:9"),
            drift=("Dockerfile", "Makefile"),
            why="1 file in conflict.",
            url="https://git.example.org/1",
            days=1234,
            behind=3,
        ),
        row("acme/web", state=State.CURRENT, old="1.6.0", behind=0, days=0, seconds=0.0, cpu=0.0),
    )
    page = Page(report)
    assert page.rows == [
        [
            "acme/paygit · canary",
            "proposeddraft · checks run",
            "1.5.0",
            "3",
            "1,234",
            "2",
            "2",
            "1 file in conflict.2 places in conflictMakefile:3Makefile:9"
            "2 files changedDockerfileMakefile",
            "0.25",
            "0.12",
        ],
        ["acme/webgit", "current", "1.6.0", "0", "0", "0", UNKNOWN, "", UNKNOWN, UNKNOWN],
    ]
    # Without scripts, the controls for filters are hidden.
    (form,) = page.all("form")
    assert "hidden" in form.attrib
    assert list(page.tree.iter("button")) == list(form.iter("button"))
    (bar,) = (each for each in page.all("svg") if each.get("role") == "img")
    assert bar.attrib["aria-label"] == "1 current, 1 proposed"
    assert page.text("h1") == "Template 1.6.0"


def test_every_state_has_a_colour_a_count_and_a_meaning() -> None:
    page = Page(every_state())
    segments = [each.attrib for each in page.all("rect") if "class" in each.attrib]
    assert len({each["class"] for each in segments}) == len(segments) == len(State)
    style = page.text("style")
    assert all(f".{each['class']} {{ --state:" in style for each in segments)
    begins = [float(each["x"].rstrip("%")) for each in segments]
    assert begins == [5.0 * at for at in range(len(State))]
    legend = {text_of(each) for each in page.all("li")}
    assert legend == {f"1 {state}{MEANINGS[state]}" for state in State}


def test_the_marks_of_services_fit_the_filters() -> None:
    report = fleet_report(
        row("acme/a", answers={"database": "postgresql", "hooks": True, "name": "a"}),
        row("acme/b", answers={"database": "none", "hooks": False, "name": "b"}),
        row("acme/c", answers={"database": "none"}, state=State.FAILED, old="", wave="canary"),
    )
    page = Page(report)
    marks = [each.attrib["data-marks"].split() for each in page.services]
    chosen = {
        text_of(each): [at for at, own in enumerate(marks) if each.attrib["value"] in own]
        for each in page.all("option")
        if each.attrib["value"]
    }
    assert chosen == {
        "pushed (2)": [0, 1],
        "failed (1)": [2],
        "canary (1)": [2],
        "the rest (2)": [0, 1],
        "git (3)": [0, 1, 2],
        "1.5.0 (2)": [0, 1],
        "not known (1)": [2],
        "database=none (2)": [1, 2],
        "database=postgresql (1)": [0],
        "hooks=no (1)": [1],
        "hooks=yes (1)": [0],
        "name=a (1)": [0],
        "name=b (1)": [1],
    }


def test_files_of_all_packages_are_counted_as_the_template_names_them() -> None:
    pay, web = ({"package_name": name} for name in ("pay", "web"))
    assert in_template("src/pay/app.py", pay) == "src/{{ package_name }}/app.py"
    assert in_template("src/payments/app.py", pay) == "src/payments/app.py"
    assert in_template("tests/pay/test_app.py", pay) == "tests/pay/test_app.py"
    assert in_template("src/pay/app.py", {}) == "src/pay/app.py"
    page = Page(
        fleet_report(
            row("acme/pay", answers=pay, drift=("src/pay/app.py", "Makefile")),
            row("acme/web", answers=web, drift=("src/web/app.py",)),
        )
    )
    most = [[text_of(cell) for cell in each][:2] for each in page.all("tr")]
    assert ["src/{{ package_name }}/app.py", "2"] in most
    assert ["Makefile", "1"] in most


def test_releases_by_answer_show_the_most_frequent_ones() -> None:
    rows = [row(f"acme/{at:02}", old=f"1.{at:02}.0", answers={"odd": at % 2}) for at in range(25)]
    page = Page(fleet_report(*rows))
    heads = [[text_of(cell) for cell in each] for each in page.all("tr")]
    releases = [f"1.{at:02}.0" for at in range(24, 4, -1)]
    assert ["Question", "Answer", *releases] in heads
    assert ["5 others", "5"] in [head[:2] for head in heads]
    assert ["odd", "0", *(["1", ""] * 10)] in heads


def test_the_command_writes_every_form(published: Path, newest: str, tmp_path: Path) -> None:
    inventory, state = tmp_path / "fleet.toml", tmp_path / "state"
    inventory.write_text(
        f'template = "{published}"\n[[forge]]\nkind = "folder"\nglob = "{tmp_path}/services/*"\n'
    )
    journal = Journal(state / "journal.sqlite3")
    about = {
        "name": "acme/pay",
        "old": "1.4.0",
        "conflicts": ["src/pay/app.py:3", "src/pay/app.py:19", "docs/a:b"],
        "answers": {"package_name": "pay"},
    }
    journal.write("acme/pay", newest, State.CONFLICTS, about)
    journal.close()
    documents = {form: tmp_path / f"report.{form}" for form in ("html", "json", "junit")}
    options = [text for form, path in documents.items() for text in (f"--{form}", path)]
    command = [sys.executable, "-m", "twelvestar", "fleet", "report"]
    done = subprocess.run(
        [*command, "--inventory", inventory, "--state", state, *options],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"Template {newest}: 1 service.")
    document = json.loads(documents["json"].read_text())
    VALID.validate(document)
    assert document["conflicting"] == {"src/{{ package_name }}/app.py": 1, "docs/a:b": 1}
    assert ElementTree.parse(documents["junit"]).getroot().attrib["tests"] == "1"
    assert "<bdi>acme/pay</bdi>" in documents["html"].read_text()
