"""Updates of generated projects that lose no line that a person wrote.

`update` is the function; `python -m updating` is the command around it. Both commands that people
type, the project's `make update` and Copier's own `copier update`, end here.
"""
