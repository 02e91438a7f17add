"""Jinja extensions of the template, loaded by path in `copier.yml`.

Each module stands alone. An update loads the extensions of two releases of the template into one
process under the same module names, so a module that imported a sibling could get the sibling of
the other release.
"""
