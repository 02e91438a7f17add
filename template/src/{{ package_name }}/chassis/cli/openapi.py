"""`openapi`: write the OpenAPI document, from which clients are generated."""

from pathlib import Path
from typing import Annotated, Any

import typer


def openapi(
    file: Annotated[
        Path | None, typer.Argument(help="File to write; without it, print the document.")
    ] = None,
    yaml: Annotated[bool, typer.Option("--yaml", help="Write YAML instead of JSON.")] = False,
) -> None:
    """Write the OpenAPI document; this needs no backing service, and no secret."""
    import msgspec
    from litestar.serialization import get_serializer

    from ..current import current
    from ..web.asgi import create_app
    from .process import begin, fail

    service = current()
    cls = service.settings_class()
    # Defaults, so that the document is the same on every machine, and has every route.
    values: dict[str, Any] = {"sign_up": True} if "sign_up" in cls.model_fields else {}
    settings = cls.model_construct(**values)
    begin("admin", stream="stderr", settings=settings)
    document = msgspec.to_builtins(
        create_app(service, settings).openapi_schema.to_schema(), enc_hook=get_serializer()
    )
    if yaml:
        content = msgspec.yaml.encode(document)
    else:
        content = msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"
    if file is None:
        typer.echo(content, nl=False)
        return
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    except OSError as error:
        fail(f"Cannot write {file} ({error.strerror}): name a file that you may write.")
