"""V. Build, release, run: clients see which release answers them."""

import pytest

from support.web import get


@pytest.fixture
def name(release, deployed):
    """Version and commit of what runs."""
    return f"{release.version}+{deployed.environment['GIT_SHA'][:12]}"


@pytest.mark.parametrize("path", ["/health/startup", "/health/live", "/health/ready"])
def test_health_names_version_and_commit(deployed, name, path):
    assert get(deployed.processes["web"], path).json()["release"] == name


def test_api_description_names_version_and_commit(deployed, name):
    document = get(deployed.processes["web"], "/schema/openapi.json").json()
    assert document["info"]["version"] == name
