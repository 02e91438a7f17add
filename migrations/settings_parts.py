"""Splits chassis/settings.py, as it was up to 1.6.0, into its new files."""

from __future__ import annotations

import ast
import builtins
from collections import defaultdict

COMPOSITION = "__init__.py"

# Names that were defined in the file, by their new modules.
CONTENTS = {
    # Each part now has its own version of these, so edits of them are conflicts.
    COMPOSITION: "_refuse_defaults_in_production",
    "base.py": "model_config",
    "types.py": "Port PortOrZero Positive NotNegative",
    "distribution.py": "distribution_version",
    "loading.py": "S load_settings",
    "example.py": "env_example _type_name",
    "parts/core.py": """
        environment debug git_sha build_time log_level log_format shutdown_seconds
        production release
    """,
    "parts/web.py": """
        host port web_processes request_max_bytes trusted_proxies _refuse_what_is_no_network
    """,
    "parts/database.py": "database_url",
    "parts/database_pool.py": "database_pool_size",
    "parts/cache_memory.py": "cache_max_entries",
    "parts/redis.py": "redis_url",
    "parts/worker.py": """
        health_host health_port job_queue job_concurrency job_heartbeat_seconds job_result_seconds
        job_failed_seconds
    """,
    "parts/jobs_page.py": "PASSWORD_LENGTH jobs_page_password",
    "parts/storage.py": """
        storage_url s3_endpoint s3_region s3_access_key_id s3_secret_access_key
        _refuse_what_is_no_place
    """,
    "parts/secrets.py": "settings_customise_sources",
    "parts/secrets_files.py": "secrets_dir",
    "parts/secrets_vault.py": """
        vault_addr vault_token vault_token_file vault_namespace vault_mount vault_path
    """,
    "parts/secrets_aws.py": "aws_secret_id aws_region aws_endpoint_url",
    "parts/secrets_gcp.py": "gcp_secret_name gcp_endpoint_url",
    "parts/secrets_azure.py": "azure_key_vault_url azure_secret_name",
    "parts/prometheus.py": "metrics_host metrics_port",
    "parts/sentry.py": "sentry_dsn _refuse_malformed_dsn _is_dsn",
    "parts/tracing.py": """
        otel_exporter_otlp_endpoint otel_exporter_otlp_headers otel_traces_sampler_arg
        _refuse_what_is_no_collector _refuse_malformed_headers
    """,
    "parts/login.py": "sign_up login_attempts login_attempts_per_address login_window_seconds",
    "parts/session.py": "session_idle_seconds session_seconds",
    "parts/jwt.py": """
        JWT_KEY_LENGTH jwt_keys jwt_issuer jwt_audience access_token_seconds refresh_token_seconds
        _refuse_short_keys keys_of
    """,
    "parts/http_client.py": """
        http_connect_seconds http_silence_seconds http_total_seconds http_retries http_proxy_url
        _refuse_what_is_no_proxy
    """,
}
_PLACES = {name: place for place, names in CONTENTS.items() for name in names.split()}


def edited_pieces(rendered: str, project: str) -> dict[str, tuple[str, str]]:
    """Find the pieces of chassis/settings.py that a project has edited.

    An addition moves with the statement before it.

    Args:
        rendered: The file as the template made it.
        project: The file as the project has it.

    Returns:
        Both versions of each edited piece, by its new file. Empty if an edit needs the whole file,
        such as an import, or if it adds or removes a name that other modules may import.
    """
    try:
        trees = [ast.parse(text) for text in (rendered, project)]
    except SyntaxError:
        return {}
    names, own_names = (_bound_in(tree.body) for tree in trees)
    if own_names != names:
        return {}
    before, after = _cut(rendered, trees[0]), _cut(project, trees[1])
    edited = {}
    for place in sorted({*before, *after}):
        base, ours = before.get(place, []), after.get(place, [])
        # Blank lines around a statement do not count as edits: they depend on the one before.
        if [text.strip() for _, text in base] == [text.strip() for _, text in ours]:
            continue
        known = {*dir(builtins), *_names(base)}
        bound = _bound_in([statement for statement, _ in ours])
        if place == COMPOSITION or not base or not _names(ours) <= known | bound:
            return {}
        edited[place] = _text(base), _text(ours)
    return edited


_Piece = tuple[ast.stmt, str]


def _cut(source: str, tree: ast.Module) -> dict[str, list[_Piece]]:
    lines = source.splitlines(keepends=True)
    pieces: dict[str, list[_Piece]] = defaultdict(list)
    place, done = COMPOSITION, 0
    statements = list(_statements(tree))
    for number, (statement, end) in enumerate(statements, start=1):
        # Comments at the end of the file belong to its last statement.
        end = len(lines) if number == len(statements) else end
        place = next((_PLACES[name] for name in _bound(statement) if name in _PLACES), place)
        if isinstance(statement, ast.ClassDef | ast.Import | ast.ImportFrom):
            place = COMPOSITION
        pieces[place].append((statement, "".join(lines[done:end])))
        done = end
    return pieces


def _statements(tree: ast.Module) -> list[tuple[ast.stmt, int]]:
    """The statements of the module and of its settings class, with the line where each ends."""
    found: list[tuple[ast.stmt, int]] = []
    for statement in tree.body:
        if isinstance(statement, ast.ClassDef) and statement.name == "ChassisSettings":
            # The class itself is its head; its docstring is the first statement of its body.
            found.append((statement, statement.body[0].lineno - 1))
            found += [(inner, inner.end_lineno or inner.lineno) for inner in statement.body]
        else:
            found.append((statement, statement.end_lineno or statement.lineno))
    return found


def _bound_in(statements: list[ast.stmt]) -> set[str]:
    return {name for statement in statements for name in _bound(statement)}


def _bound(statement: ast.stmt) -> set[str]:
    match statement:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return {name}
        case ast.AnnAssign(target=ast.Name(id=name)):
            return {name}
        case ast.Assign(targets=targets):
            return {target.id for target in targets if isinstance(target, ast.Name)}
        case _:
            return set()


def _names(pieces: list[_Piece]) -> set[str]:
    return {
        node.id
        for statement, _ in pieces
        for node in ast.walk(statement)
        if isinstance(node, ast.Name)
    }


def _text(pieces: list[_Piece]) -> str:
    return "".join(text for _, text in pieces)
