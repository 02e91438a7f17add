"""Edits that a page shows as Python code, in which `...` stands for existing code."""

from __future__ import annotations

import ast

Named = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def edited(source: str, block: str) -> str:
    """Apply a block to a file.

    Args:
        source: Text of the file.
        block: Imports, and definitions that replace those of the same name, are new, or add to
            them: to the fields of a class, to the imports and the returned list of a function, or
            to the arguments of a call.
    """
    for node in ast.parse(block).body:
        match node:
            case ast.ImportFrom():
                source = _with_import(source, node)
            case ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef():
                source = _with_definition(source, node, block)
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call() as call):
                source = _with_arguments(source, name, call)
            case _:
                raise AssertionError(f"a page cannot show this as an edit: {ast.unparse(node)}")
    return source


def _with_import(source: str, node: ast.ImportFrom) -> str:
    body = ast.parse(source).body
    there = {
        alias.name
        for each in body
        if isinstance(each, ast.ImportFrom) and (each.module, each.level) == key(node)
        for alias in each.names
    }
    missing = [alias for alias in node.names if alias.name not in there]
    if not missing:
        return source
    node.names = missing
    first = [each for each in body if _is_docstring(each) or _is_future(each)]
    return _inserted(source, first[-1].end_lineno or 0 if first else 0, ["", ast.unparse(node)])


def key(node: ast.ImportFrom) -> tuple[str | None, int]:
    """Module that names are imported from.

    Args:
        node: The import.
    """
    return node.module, node.level


def _with_definition(source: str, node: Named, block: str) -> str:
    body = ast.parse(source).body
    lines = block.splitlines()
    same = [each for each in body if isinstance(each, Named) and each.name == node.name]
    if not same:
        text = lines[_start(node) - 1 : node.end_lineno]
        # Below everything else, but above the value that is built from it.
        value = [each for each in body if isinstance(each, ast.Assign) and _name(each) == "service"]
        if value:
            return _inserted(source, value[0].lineno - 1, [*text, "", ""])
        return _inserted(source, len(source.splitlines()), ["", "", *text])
    [old] = same
    dots = [number for number, each in enumerate(node.body) if _is_dots(each)]
    if not dots:
        kept = source.splitlines()
        kept[_start(old) - 1 : old.end_lineno] = lines[_start(node) - 1 : node.end_lineno]
        return "\n".join(kept) + "\n"
    before, after = node.body[: dots[0]], node.body[dots[0] + 1 :]
    if isinstance(node, ast.ClassDef):
        text = lines[after[0].lineno - 1 : node.end_lineno]
        return _inserted(source, old.end_lineno or 0, ["", *text])
    [returned] = (each for each in old.body if isinstance(each, ast.Return))
    [addition] = (each for each in after if isinstance(each, ast.Return))
    assert isinstance(returned.value, ast.List), "the function returns a list"
    assert isinstance(addition.value, ast.List), "the page shows a list"
    elements = [*returned.value.elts, *(e for e in addition.value.elts if not _is_ellipsis(e))]
    kept = source.splitlines()
    kept[returned.lineno - 1 : returned.end_lineno] = [
        f"    return [{', '.join(map(ast.unparse, elements))}]"
    ]
    [docstring] = (each for each in old.body if _is_docstring(each))
    imports = [f"    {ast.unparse(each)}" for each in before]
    return _inserted("\n".join(kept) + "\n", docstring.end_lineno or 0, imports)


def _with_arguments(source: str, name: str, call: ast.Call) -> str:
    [old] = (each for each in ast.parse(source).body if _name(each) == name)
    assert any(map(_is_ellipsis, call.args)), "the page shows `...` for the other arguments"
    end = (old.end_lineno or 0) - 1
    return _inserted(source, end, [f"    {ast.unparse(keyword)}," for keyword in call.keywords])


def _inserted(source: str, line: int, texts: list[str]) -> str:
    lines = source.splitlines()
    return "\n".join([*lines[:line], *texts, *lines[line:]]) + "\n"


def _start(node: Named) -> int:
    return min([node.lineno, *(each.lineno for each in node.decorator_list)])


def _name(node: ast.stmt) -> str:
    match node:
        case ast.Assign(targets=[ast.Name(id=name)]):
            return name
    return ""


def _is_future(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"


def _is_docstring(node: ast.stmt) -> bool:
    match node:
        case ast.Expr(value=ast.Constant(value=str())):
            return True
    return False


def _is_dots(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and _is_ellipsis(node.value)


def _is_ellipsis(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is Ellipsis
