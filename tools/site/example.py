"""The complete service, whose documents are shown as an example."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.rendering import answer_sets, export, render

_INSERT = """
import sys
from pathlib import Path
from scripts.docs import PLACE, on_page_markdown

for path in Path("docs").rglob("*.md"):
    if PLACE in (text := path.read_text()):
        path.write_text(on_page_markdown(text))
"""


def generate(scratch: Path) -> Path:
    """Generate it, with the table of settings in its documents.

    Args:
        scratch: An empty folder.
    """
    project = render(export(scratch / "template"), scratch / "project", answer_sets()["complete"])
    environment = {**os.environ, "PYTHONPATH": f"{project / 'src'}{os.pathsep}{project}"}
    subprocess.run([sys.executable, "-c", _INSERT], cwd=project, env=environment, check=True)
    return project
