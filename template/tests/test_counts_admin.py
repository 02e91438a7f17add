"""The admin commands for counts."""

import csv

import pytest

from support.processes import until


@pytest.fixture
def counted(invoke, start, tmp_path):
    """Enqueue a count, and return its key."""
    file = tmp_path / "text"
    file.write_text("two litres of milk, and two loaves")
    made = invoke("admin", "create", str(file))
    assert made.exit_code == 0
    key = made.stdout.strip()
    worker = start("worker")
    until(lambda: key in invoke("admin", "export").stdout, what=f"the count of {worker}")
    return key


def test_counts_are_created_exported_and_deleted(invoke, counted, tmp_path):
    file = tmp_path / "counts.csv"
    to_stdout, to_file = invoke("admin", "export"), invoke("admin", "export", "--output", str(file))
    assert (to_stdout.exit_code, to_file.exit_code) == (0, 0)
    table = list(csv.DictReader(to_stdout.stdout.splitlines()))
    assert table == [{"key": counted, "total": "7", "distinct": "6"}]
    with file.open(newline="") as stream:
        assert list(csv.DictReader(stream)) == table

    assert invoke("admin", "cleanup").stdout == "0 deleted\n"
    assert invoke("admin", "cleanup", "--days", "0").stdout == "1 deleted\n"
    assert invoke("admin", "export").stdout.splitlines() == ["key,total,distinct"]


def test_create_rejects_a_missing_file(invoke, tmp_path):
    done = invoke("admin", "create", str(tmp_path / "missing"))
    assert done.exit_code == 2
    assert "does not exist" in done.stderr
