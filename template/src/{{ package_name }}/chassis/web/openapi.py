"""OpenAPI document with this service's error responses (problem details)."""

from dataclasses import dataclass
from typing import Any

from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.spec import OpenAPI

from .errors import PROBLEM_JSON

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
