"""Processes and backing services for `dev` and the tests; not used in production."""
