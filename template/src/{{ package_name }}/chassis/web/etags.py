"""ETags: which version of a resource a response has, and which one a request is about."""

import re
from hashlib import sha256

import msgspec
from litestar.exceptions import HTTPException
from litestar.status_codes import HTTP_412_PRECONDITION_FAILED

# An ETag without the `W/` of a weak one.
_TAG = re.compile(r'"[\x21\x23-\x7e\x80-\xff]*"')


class PreconditionFailed(HTTPException):
    """The resource is not in the version that a request is about."""

    status_code = HTTP_412_PRECONDITION_FAILED


def etag_of(content: object) -> str:
    """ETag of a resource: equal contents have equal ones.

    Args:
        content: What a response contains, such as a `msgspec.Struct`.
    """
    return f'"{sha256(msgspec.json.encode(content)).hexdigest()[:32]}"'


def require_match(if_match: str | None, etag: str) -> None:
    """Refuse a change of a version that the client has not seen.

    The row must be locked (`chassis.db.rows`), or another request can change it in between.

    Args:
        if_match: If-Match header of the request; None if it has none.
        etag: ETag of the resource as it is now.

    Raises:
        PreconditionFailed: If the header names another version.
    """
    if if_match is not None and not mentions(if_match, etag):
        raise PreconditionFailed("It was changed in the meantime: read it again, then change it.")


def mentions(header: str, etag: str) -> bool:
    """Whether an If-Match or If-None-Match header names a version.

    Weak ETags count in both: a proxy that compresses a response makes its ETag weak, and it still
    identifies the version.

    Args:
        header: The header: `*`, or ETags by commas.
        etag: ETag of the resource as it is now.
    """
    return header.strip() == "*" or etag.removeprefix("W/") in _TAG.findall(header)
