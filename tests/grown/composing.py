"""The edits by which a team adds its files from `overlay/` to the generated files.

Only this module depends on how `app.py` passes things to the chassis.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

# By layer of the overlay: functions of app.py, and the entries to add to the lists they return.
APP = {
    "always": [("routes", ".web.depot", "router")],
    "database": [("routes", ".web.parcels", "ParcelController")],
    "users": [("routes", ".web.claims", "ClaimController")],
    "worker": [
        ("routes", ".web.quotes", "QuoteController"),
        ("jobs", ".jobs.parcels", "quote"),
        ("jobs", ".jobs.parcels", "refresh_rates"),
        ("jobs", ".jobs.parcels", "print_label"),
        ("jobs", ".jobs.parcels", "close_day"),
    ],
}
# By layer: modules whose models the migrations are compared with.
MODELS = {
    "database": "from .parcels import Parcel as Parcel",
    "users": "from .claims import Claim as Claim",
}
SERVICE = "service = Service("
# Functions of the overlay's extending.py that `Service` takes.
EXTENSIONS = (
    "middleware",
    "plugins",
    "lifespans",
    "exception_handlers",
    "resources",
    "checks",
    "log_processors",
    "processes",
)
PROCFILE = "clock: exec {name} admin depot clock\n"


def compose(project: Path, package: str, layers: Sequence[str]) -> None:
    """Edit the files of a generated project that its overlay does not replace.

    Args:
        project: The project.
        package: Name of its package.
        layers: Layers of the overlay.
    """
    source = project / "src" / package
    for layer in layers:
        for function, module, name in APP.get(layer, []):
            edit(source / "app.py", partial(returned, function=function, module=module, name=name))
        if line := MODELS.get(layer):
            edit(source / "db" / "models.py", partial(below, start="from ..chassis.db", line=line))
    edit(source / "app.py", with_admin_group)
    # Releases before 1.7.0 cannot be extended with the rest.
    if SERVICE in (source / "app.py").read_text():
        edit(source / "app.py", with_extensions)
    edit(source / "settings.py", with_settings)
    procfile = project / "Procfile"
    if procfile.exists():
        command = re.search(r"^web: exec (\S+)", procfile.read_text(), re.MULTILINE)
        assert command
        edit(procfile, lambda text: text + PROCFILE.format(name=command[1]))


def edit(path: Path, change: Callable[[str], str]) -> None:
    """Change a file.

    Args:
        path: The file.
        change: Converts its old text to the new one.
    """
    before = path.read_text()
    after = change(before)
    assert after != before, f"nothing to edit in {path.name}"
    path.write_text(after)


def returned(text: str, *, function: str, module: str, name: str) -> str:
    """Add something to the list that a function of app.py returns.

    Args:
        text: Text of app.py.
        function: The function.
        module: Where to import it from.
        name: Its name.
    """
    pattern = rf"(def {function}\(.*?)(\n\n    return \[)([^]]*)\]"
    new = rf"\g<1>\n    from {module} import {name}\g<2>\g<3>, {name}]"
    return re.sub(pattern, new, text, count=1, flags=re.DOTALL)


def below(text: str, *, start: str, line: str) -> str:
    """Add a line below the first one with a certain beginning.

    Args:
        text: Text of the file.
        start: Beginning of that line.
        line: The line to add.
    """
    return re.sub(rf"^({re.escape(start)}.*)$", rf"\1\n{line}", text, count=1, flags=re.MULTILINE)


def with_admin_group(text: str) -> str:
    """Add a group of admin commands.

    Args:
        text: Text of app.py.
    """
    new = """
    from .cli.depot import depot

    \\1.add_typer(depot, name="depot")
    return \\1
"""
    return re.sub(r"\n\n    return (\w+\.admin)\n", new, text)


def with_extensions(text: str) -> str:
    """Pass the service's extensions to the chassis.

    Args:
        text: Text of app.py.
    """
    handed = "".join(f"    {name}=extending.{name},\n" for name in EXTENSIONS)
    text = text.replace("    admin=admin,\n", f"    admin=admin,\n{handed}")
    return text.replace("from .chassis.service", "from . import extending\nfrom .chassis.service")


def with_settings(text: str) -> str:
    """Add the settings of the depot.

    Args:
        text: Text of settings.py.
    """
    text = text.replace("ChassisSettings, ", "").replace("(ChassisSettings)", "(DepotSettings)")
    return below(text, start="from .chassis.settings", line="from .variables import DepotSettings")
