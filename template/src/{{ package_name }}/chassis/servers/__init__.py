"""Backing services from development dependencies, for `dev` and for the tests.

Production never starts these: there, backing services are attached by their addresses.
"""
