"""Follow the template: fetch it, and let its own update program do the work.

Run it with `uv run scripts/update.py` or `pipx run scripts/update.py`; `--help` shows its options.
"""

# /// script
# requires-python = ">=3.11"
# dependencies = [
#     "copier>=9.19.1,<10",
#     "copier-template-extensions>=0.3.4",
#     "jinja2-time>=0.2",
#     "plumbum>=2.0",
#     "tomlkit>=0.15",
# ]
# ///

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

PROJECT = Path(__file__).resolve().parents[1]
ANSWERS = ".copier-answers.yml"
UNREADABLE = (OSError, TypeError, KeyError, UnicodeDecodeError, yaml.YAMLError)
SHORTCUTS = {"gh:": "https://github.com/", "gl:": "https://gitlab.com/"}


def main() -> int:
    """Run the template's update program on this project, and return its exit status."""
    arguments = sys.argv[1:]
    try:
        answers = yaml.safe_load((PROJECT / ANSWERS).read_text(encoding="utf-8"))
        source = str(answers["_src_path"])
    except UNREADABLE:
        return refuse(f"{ANSWERS} is missing or broken: restore it from an earlier commit.")
    if "--template" in arguments[:-1]:
        source = arguments[arguments.index("--template") + 1]
    for shortcut, host in SHORTCUTS.items():
        if source.startswith(shortcut):
            source = f"{host}{source.removeprefix(shortcut)}.git"
    with tempfile.TemporaryDirectory(prefix="template-") as folder:
        clone = ["git", "clone", "--quiet", "--", source, folder]
        try:
            subprocess.run(clone, check=True)
        except FileNotFoundError:
            return refuse("git is not installed: install it, and update again.")
        except subprocess.CalledProcessError:
            return refuse(f"The template could not be fetched from {source}; git says why above.")
        program = [sys.executable, "-m", "updating", str(PROJECT), *arguments]
        # The last one counts.
        program += ["--template", folder]
        environment = {**os.environ, "PYTHONPATH": folder}
        return subprocess.run(program, env=environment, check=False).returncode


def refuse(sentence: str) -> int:
    """Say what is wrong, and return the exit status for it."""
    print(sentence, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
