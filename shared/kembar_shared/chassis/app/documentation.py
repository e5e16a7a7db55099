"""What the API promises, for programs (`/openapi.json`) and for people (`/docs`), offline."""

from __future__ import annotations

from importlib import resources
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from fastapi.routing import iter_route_contexts

from kembar_shared.chassis import auth, problems
from kembar_shared.chassis.app import answers

_FILES: Final = {
    "swagger-ui.css": ("vendor/swagger-ui/swagger-ui.css", "text/css"),
    "swagger-ui-bundle.js": ("vendor/swagger-ui/swagger-ui-bundle.js", "text/javascript"),
    "start.js": ("start.js", "text/javascript"),
}
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'"
)
_PROBLEM: Final = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "instance", "request_id"],
    "properties": {
        "type": {"type": "string", "description": "`urn:kembar:problem:` and the problem's name."},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "fix": {"type": "string", "description": "What helps."},
        "instance": {"type": "string"},
        "request_id": {"type": "string"},
        "errors": {"type": "array", "items": {"type": "object"}},
    },
}


class DocumentedApp(FastAPI):
    """An app whose schema says who may call each operation, and the form of every problem."""

    def openapi(self) -> dict[str, Any]:
        """Return the schema."""
        if self.openapi_schema is not None:
            return self.openapi_schema
        schema = super().openapi()
        components = schema.setdefault("components", {})
        components["securitySchemes"] = {
            "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
        }
        schemas = components.setdefault("schemas", {})
        schemas["Problem"] = _PROBLEM
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        for context in iter_route_contexts(self.routes):
            operations = schema["paths"].get(context.path_format, {})
            for method in context.methods or ():
                if method.lower() in operations:
                    _describe(operations[method.lower()], auth.access_of(context.endpoint))
        return schema


router = auth.Router(include_in_schema=False)


@router.get("/openapi.json")
@auth.public
def show_schema(request: Request) -> JSONResponse:
    """Show the API's schema."""
    return JSONResponse(request.app.openapi())


@router.get("/docs")
@auth.public
def show_page() -> HTMLResponse:
    """Show the API's schema as a page to try it on."""
    page = _static("docs.html").decode()
    return HTMLResponse(page, headers={"Content-Security-Policy": _POLICY})


@router.get("/docs/{name}")
@auth.public
def show_file(name: str) -> Response:
    """Show a file that the page needs."""
    if name not in _FILES:
        raise problems.NotFound
    path, media_type = _FILES[name]
    return Response(
        _static(path), media_type=media_type, headers={"Cache-Control": "public, max-age=86400"}
    )


def _static(path: str) -> bytes:
    return resources.files("kembar_shared.chassis").joinpath("static", path).read_bytes()


def _describe(operation: dict[str, Any], access: auth.Access) -> None:
    """Add to *operation* who may call it and which problems it may answer."""
    said = operation.setdefault("responses", {})
    said["default"] = _problem("Any other problem")
    said["422"] = _problem("Some values are missing or wrong")
    if access.is_public:
        return
    operation["security"] = [{"bearer": [scope]} for scope in access.scopes] or [{"bearer": []}]
    said["401"] = _problem("No valid token")
    if access.scopes:
        said["403"] = _problem(f"The token lacks the scope {' or '.join(access.scopes)}")
    if access.is_metered:
        said["429"] = _problem("The client asks more often than it may; see Retry-After")


def _problem(description: str) -> dict[str, Any]:
    content = {answers.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {"description": description, "content": content}
