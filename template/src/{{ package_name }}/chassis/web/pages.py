"""Pages of a list: their links (RFC 8288), and the response to an invalid one."""

from operator import itemgetter
from typing import Any
from urllib.parse import quote, urlencode

from litestar import Response

from ..db.pages import InvalidPage, Page
from .connections import AnyRequest
from .errors import problem

# Parameters that say which page it is.
_PLACES = {"cursor", "offset"}
# Clients and proxies refuse responses with long headers.
LONGEST_LINK = 1000


def page_links(request: AnyRequest, page: Page[Any]) -> dict[str, str]:
    """Link header of a page: `first`, `prev`, `next` and `last`.

    The links are relative to the host, and keep the other parameters of the request.

    Args:
        request: The request.
        page: The page.

    Returns:
        The header; none if the URL of the request has more than `LONGEST_LINK` characters.
    """
    path = quote(f"{request.scope.get('root_path', '')}{request.scope['path']}")
    # Litestar returns the names in another order in each process.
    sent = sorted(request.query_params.multi_items(), key=itemgetter(0))
    kept = [(name, value) for name, value in sent if name not in _PLACES]
    if len(path) + len(urlencode(kept)) > LONGEST_LINK:
        return {}
    cursors = {"prev": page.prev, "next": page.next, "last": page.last}
    links = {"first": kept}
    links |= {name: [*kept, ("cursor", cursor)] for name, cursor in cursors.items() if cursor}
    return {
        "Link": ", ".join(
            f'<{path}{"?" if query else ""}{urlencode(query)}>; rel="{name}"'
            for name, query in links.items()
        )
    }


def invalid_page(request: AnyRequest, exception: InvalidPage) -> Response[dict[str, object]]:
    """Respond with 400 to an unknown sort or an invalid cursor."""
    return problem(request, 400, str(exception))
