"""`check` with a database."""

import pytest

from support.database import address_of_nothing


@pytest.mark.parametrize("options", [[], ["--deploy"]])
def test_an_unreachable_database_is_an_error(settings, invoke, monkeypatch, tmp_path, options):
    monkeypatch.setenv("DATABASE_URL", address_of_nothing(tmp_path))
    result = invoke("check", *options)
    assert result.exit_code == 1
    assert "error: The database cannot be reached" in result.stdout
    assert "canary" not in result.output


@pytest.mark.usefixtures("step")
def test_pending_migrations_are_an_error(settings, invoke, monkeypatch, fresh_database):
    monkeypatch.setenv("DATABASE_URL", fresh_database)
    result = invoke("check")
    assert result.exit_code == 1
    assert "pending: run `db upgrade`" in result.stdout
    assert invoke("db", "upgrade").exit_code == 0
    assert invoke("check").exit_code == 0


def test_a_database_that_a_newer_release_migrated_is_a_warning(
    settings, invoke, monkeypatch, fresh_database, versions
):
    monkeypatch.setenv("DATABASE_URL", fresh_database)
    assert invoke("db", "revision", "--empty", "-m", "newer").exit_code == 0
    assert invoke("db", "upgrade").exit_code == 0
    newest = max(versions.glob("*_newer.py"))
    newest.unlink()
    result = invoke("check")
    assert result.exit_code == 0
    assert "warning: The database is at revision" in result.stdout
    # The newer release's migration cannot be reverted without its file.
    result = invoke("db", "revision", "-m", "next")
    assert result.exit_code == 1
    assert "another release has migrated it" in result.stderr
