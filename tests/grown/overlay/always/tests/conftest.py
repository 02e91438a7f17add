"""Fixtures of your own; those of the chassis come from `support`."""

import os

import pytest

pytest_plugins = ["support.fixtures"]

# Settings without a default, for everything that the tests start.
OWN = {"DEPOT": "north"}
os.environ.update(OWN)


@pytest.fixture(scope="session")
def addresses(addresses):
    """Variables that every process of the tests gets."""
    return {**addresses, **OWN}
