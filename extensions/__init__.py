"""Jinja extensions of the template, loaded by path in `copier.yml`.

The modules do not import each other. An update loads the extensions of two releases into one
process under the same module names, so an import could get the module of the other release.
"""
