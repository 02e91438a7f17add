"""The page of the OpenAPI document: Swagger UI, whose files come from a package."""

from html import escape
from importlib.resources import files
from typing import Any

import litestar_offline_docs
from litestar import Response, Router, get
from litestar.exceptions import NotFoundException
from litestar.openapi.plugins import OpenAPIRenderPlugin
from litestar.params import FromPath

from .connections import AnyRequest

# Swagger UI sets style attributes, and shows icons from data URLs.
POLICY = (
    "default-src 'none'; connect-src 'self'; img-src 'self' data:; script-src 'self'; "
    "style-src 'self' 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

_TYPES = {"swagger-ui.css": "text/css", "swagger-ui-bundle.js": "text/javascript"}
_START = """\
const page = document.getElementById("page");
SwaggerUIBundle({ domNode: page, url: page.dataset.url, deepLinking: true });
"""
_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="{path}/files/swagger-ui.css">
</head>
<body>
<div id="page" data-url="{path}/openapi.json"></div>
<script src="{path}/files/swagger-ui-bundle.js"></script>
<script src="{path}/files/start.js"></script>
</body>
</html>
"""


class OpenAPIPage(OpenAPIRenderPlugin):
    """Litestar's plugin for the page."""

    def __init__(self) -> None:
        super().__init__(path="/")

    def render(self, request: AnyRequest, openapi_schema: dict[str, Any]) -> bytes:
        """Render the page.

        Args:
            request: The request.
            openapi_schema: The document.
        """
        path = f"{request.scope.get('root_path', '')}{request.scope['path'].rstrip('/')}"
        title = openapi_schema["info"]["title"]
        return _PAGE.format(title=escape(title), path=escape(path)).encode()

    def receive_router(self, router: Router) -> None:
        """Add the files of the page.

        Args:
            router: Router of the page.
        """
        router.register(page_file)


@get("/files/{name:str}", include_in_schema=False, sync_to_thread=True)
def page_file(name: FromPath[str]) -> Response[bytes]:
    """Return a file of the page."""
    if name == "start.js":
        return Response(_START.encode(), media_type="text/javascript")
    if name not in _TYPES:
        raise NotFoundException("There is no such file.")
    content = (files(litestar_offline_docs) / "static" / name).read_bytes()
    return Response(content, media_type=_TYPES[name], headers={"Cache-Control": "max-age=86400"})
