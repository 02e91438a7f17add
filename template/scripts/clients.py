"""Generate typed clients of the API from build/clients/openapi.json.

`scripts/clients.py typescript python` writes both into build/clients/. The versions of the
generators are exact, so that the same API gives the same clients on every machine.
"""

import json
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

OPENAPI_TYPESCRIPT = "7.13.0"
OPENAPI_FETCH = "0.17.0"
TYPESCRIPT = "5.9.3"
OPENAPI_PYTHON_CLIENT = "0.29.1"

PROJECT = Path(__file__).resolve().parents[1]
FOLDER = PROJECT / "build" / "clients"
DOCUMENT = FOLDER / "openapi.json"

INDEX = """\
import createOpenApiClient, { type Client, type ClientOptions } from "openapi-fetch";
import type { paths } from "./schema.js";

export type * from "./schema.js";

/** Create a client of the service at `baseUrl`. */
export function createClient(options: ClientOptions): Client<paths> {
  return createOpenApiClient<paths>(options);
}
"""
COMPILER = {
    "strict": True,
    "target": "ES2022",
    "lib": ["ES2022", "DOM"],
    "types": [],
    "module": "NodeNext",
    "declaration": True,
    "rootDir": "src",
    "outDir": "dist",
}


def main() -> int:
    """Generate the clients that the arguments name, and return an exit status."""
    languages = sys.argv[1:]
    generators = {"typescript": generate_typescript, "python": generate_python}
    if not languages or not set(languages) <= generators.keys():
        return refuse("Usage: scripts/clients.py [typescript] [python]")
    if not DOCUMENT.exists():
        return refuse("build/clients/openapi.json is missing: run `make clients`, which writes it.")
    name = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["name"]
    return max(generators[language](name) for language in languages)


def generate_typescript(name: str) -> int:
    """Write an npm package: the types of the API, and a client that has them.

    Args:
        name: Name of the service.
    """
    npx = shutil.which("npx")
    if npx is None:
        return refuse("npx is missing: install Node.js 20 or newer, which contains it.")
    client = FOLDER / "typescript"
    package = {
        "name": f"{name}-client",
        "private": True,
        "type": "module",
        "main": "dist/index.js",
        "types": "dist/index.d.ts",
        "files": ["dist"],
        "scripts": {"prepare": "tsc"},
        "dependencies": {"openapi-fetch": OPENAPI_FETCH},
        "devDependencies": {"typescript": TYPESCRIPT},
    }
    write(client / "package.json", as_json(package))
    write(client / "tsconfig.json", as_json({"compilerOptions": COMPILER, "include": ["src"]}))
    write(client / "src" / "index.ts", INDEX)
    return run(
        *(npx, "--yes", "--package", f"openapi-typescript@{OPENAPI_TYPESCRIPT}"),
        *("--package", f"typescript@{TYPESCRIPT}", "--", "openapi-typescript", str(DOCUMENT)),
        *("--root-types", "--root-types-no-schema-prefix", "--default-non-nullable=false"),
        *("--output", str(client / "src" / "schema.ts")),
    )


def generate_python(name: str) -> int:
    """Write a Python package, with a module for each operation.

    Args:
        name: Name of the service.
    """
    package = f"{name}-client"
    module = package.replace("-", "_").replace(".", "_")
    names = FOLDER / "python.json"
    write(names, as_json({"project_name_override": package, "package_name_override": module}))
    return run(
        *("uv", "tool", "run", "--from", f"openapi-python-client=={OPENAPI_PYTHON_CLIENT}"),
        *("openapi-python-client", "generate", "--path", str(DOCUMENT), "--config", str(names)),
        *("--output-path", str(FOLDER / "python"), "--meta", "uv", "--overwrite"),
        "--fail-on-warning",
    )


def run(*command: str) -> int:
    """Run a generator, and return its exit status."""
    status = subprocess.run(command, cwd=PROJECT, check=False).returncode
    return refuse(f"{Path(command[0]).name} ended with status {status}.") if status else 0


def as_json(content: object) -> str:
    """Format a file that tools read."""
    return json.dumps(content, indent=2) + "\n"


def write(path: Path, content: str) -> None:
    """Write a file, and create its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")


def refuse(sentence: str) -> int:
    """Print an error, and return its exit status."""
    print(sentence, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
