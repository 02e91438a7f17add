"""Fixtures of the template's tests."""
