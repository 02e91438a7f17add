"""Fixtures of your own; those of the chassis come from `support`."""

pytest_plugins = ["support.fixtures"]
