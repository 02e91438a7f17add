"""Migrations: a module for each release whose update needs more than a merge.

The modules are named after their releases. Their functions run in the order of the releases, in
updates from an earlier release to that one or a later one.
"""
