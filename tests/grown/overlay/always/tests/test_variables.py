"""Settings of the depot: how they are given, and what is said of wrong ones."""

import pytest
from pydantic import SecretStr

from orbit.settings import Settings
from orbit.variables import Currency

from support.processes import run
from support.source import PROJECT

VALUES = {
    "LABEL_FOLDER": "/srv/labels",
    "LABEL_FOOTER": "Thank you",
    "CURRENCY": "CHF",
    "COUNTRIES": '["DE", "CH"]',
    "MAIL": '{"host": "mail.example.org", "port": 587}',
    "SURCHARGES": '{"CH": 7}',
}


def shown(environment, **variables):
    """Run `config`, and read the settings that it prints."""
    done = run("config", environment={**environment, **variables})
    assert done.returncode == 0, done.stderr
    return dict(line.split("=", 1) for line in done.stdout.splitlines())


def test_every_kind_is_read_from_the_environment(environment, monkeypatch):
    for name, value in {**environment, **VALUES}.items():
        monkeypatch.setenv(name, value)
    settings = Settings(_env_file=None)
    assert str(settings.label_folder) == "/srv/labels"
    assert settings.label_footer == "Thank you"
    assert settings.currency is Currency.CHF
    assert settings.countries == ["DE", "CH"]
    assert (settings.mail.host, settings.mail.port) == ("mail.example.org", 587)
    assert settings.surcharges == {"CH": 7}


def test_a_nested_setting_has_a_variable_for_each_field(environment):
    settings = shown(environment, MAIL__HOST="mail.example.org")
    assert settings["MAIL__HOST"] == "mail.example.org"


def test_a_list_is_given_by_commas(environment):
    assert "CH" in shown(environment, COUNTRIES="DE,CH")["COUNTRIES"]


def test_config_shows_values_as_they_are_set(environment):
    settings = shown(environment)
    assert settings["CURRENCY"] == "EUR"
    assert settings["LABEL_FOOTER"] == ""


def test_a_copy_of_the_example_file_changes_nothing(environment, tmp_path):
    before = shown(environment)
    text = (PROJECT / ".env.example").read_text()
    lines = [line.removeprefix("#") if "=" in line else line for line in text.splitlines()]
    (tmp_path / ".env").write_text("\n".join(lines) + "\n")
    done = run("config", environment=environment, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert dict(line.split("=", 1) for line in done.stdout.splitlines()) == before


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CURRENCY", "canary"),
        ("LABEL_COPIES", "canary"),
        ("COUNTRIES", "[canary"),
        ("MAIL", '{"port": "canary"}'),
        ("MAIL__PORT", "canary"),
        ("SURCHARGES", '{"CH": "canary"}'),
    ],
)
def test_a_wrong_value_ends_with_one_line(environment, name, value):
    done = run("config", environment={**environment, name: value})
    assert done.returncode == 2
    assert done.stderr.startswith(name.partition("__")[0])
    assert done.stderr.count("\n") == 1
    assert "canary" not in done.stdout + done.stderr


def test_a_missing_setting_ends_with_one_line(environment, tmp_path):
    without = {name: value for name, value in environment.items() if name != "DEPOT"}
    done = run("config", environment=without, folder=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert done.stderr.startswith("DEPOT: ")


def test_production_refuses_the_token_for_development(environment):
    done = run("check", "--deploy", environment=environment)
    assert done.returncode == 1
    assert "CARRIER_TOKEN has its default value" in done.stdout
    assert "for-development" not in done.stdout + done.stderr


def test_a_production_in_which_nothing_is_wrong_passes(environment):
    secrets = {
        name.upper(): "x" * 32
        for name, field in Settings.model_fields.items()
        if isinstance(field.default, SecretStr) and field.default.get_secret_value()
    }
    production = {**secrets, **environment, "ENVIRONMENT": "production"}
    done = run("check", "--deploy", environment=production)
    errors = [line for line in done.stdout.splitlines() if line.startswith("error: ")]
    # Databases of tests have passwords that everyone tries.
    assert [error for error in errors if "DATABASE_URL" not in error] == [], done.stderr
