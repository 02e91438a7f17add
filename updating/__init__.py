"""Updates of generated projects that preserve people's changes.

`update` is the function, and `python -m updating` its command line. Both `make update` of a project
and `copier update` use it.
"""
