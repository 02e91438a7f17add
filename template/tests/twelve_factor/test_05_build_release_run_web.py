"""V. Build, release, run: clients see which release responds."""

import pytest

from support.web import get


@pytest.fixture
def name(release, deployed):
    """Version, commit and build time of the release."""
    return f"{release.version}+{deployed.environment['GIT_SHA'][:12]}.20260131T120000Z"


@pytest.mark.parametrize("path", ["/health/startup", "/health/live", "/health/ready"])
def test_health_names_version_commit_and_time(deployed, name, path):
    assert get(deployed.processes["web"], path).json()["release"] == name


def test_api_description_names_version_commit_and_time(deployed, name):
    document = get(deployed.processes["web"], "/schema/openapi.json").json()
    assert document["info"]["version"] == name
