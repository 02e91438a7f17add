"""OpenAPI document with this service's error responses (problem details), and its page."""

from dataclasses import dataclass
from typing import Any

from litestar import Router
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import YamlRenderPlugin
from litestar.openapi.spec import OpenAPI, Server

from ..settings import ChassisSettings
from .errors import PROBLEM_JSON
from .openapi_page import POLICY, OpenAPIPage

PATH = "/schema"

# RFC 9457 with additional members of this service.
_PROBLEM = {
    "type": "object",
    "title": "Problem",
    "description": "Problem details of RFC 9457.",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "request_id": {"type": ["string", "null"]},
        "errors": {"type": "array", "items": {}},
        "traceback": {"type": "string"},
    },
    "required": ["type", "title", "status", "detail", "instance", "request_id"],
}


def describe(settings: ChassisSettings, title: str) -> OpenAPIConfig | None:
    """Configuration of the OpenAPI document and its page.

    Args:
        settings: Settings of this process.
        title: Display name of the service.

    Returns:
        The configuration; None in production without SCHEMA_PUBLIC.
    """
    if settings.production and not settings.schema_public:
        return None
    return Description(
        title=title,
        version=settings.release,
        servers=[Server(url=settings.path_prefix or "/")],
        render_plugins=[OpenAPIPage(), YamlRenderPlugin()],
        openapi_router=Router(
            PATH,
            route_handlers=[],
            response_headers={"Content-Security-Policy": POLICY},
            include_in_schema=False,
            dto=None,
            return_dto=None,
        ),
    )


class Description(OpenAPIConfig):
    """Litestar's OpenAPI configuration with this service's errors."""

    def to_openapi_schema(self) -> OpenAPI:
        """Create the document; Litestar adds the paths later."""
        plain = super().to_openapi_schema()
        return _Document(**{name: getattr(plain, name) for name in plain.__dataclass_fields__})


@dataclass
class _Document(OpenAPI):
    def to_schema(self) -> dict[str, Any]:
        document = super().to_schema()
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        schemas["Problem"] = _PROBLEM
        for path in document.get("paths", {}).values():
            for operation in path.values():
                # Litestar documents content for 204 responses, which have none.
                operation["responses"].get("204", {}).pop("content", None)
                _document_errors(operation["responses"])
        return document


def _document_errors(responses: dict[str, Any]) -> None:
    for status, response in responses.items():
        schemas = [content["schema"] for content in response.get("content", {}).values()]
        # Replace Litestar's own error format, which this service does not use.
        if any("status_code" in schema.get("properties", {}) for schema in schemas):
            responses[status] = _problem(response["description"])
    responses["default"] = _problem("Any other error")


def _problem(description: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": description, "content": {PROBLEM_JSON: {"schema": schema}}}
