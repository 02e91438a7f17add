"""Object keys that are valid in buckets and in folders."""

import re

KEY_BYTES = 1024
# File systems limit names more than buckets do.
SEGMENT_BYTES = 200

# Suffix of temporary files in a folder.
_STAGED = re.compile(r"#\d+$")


class InvalidKey(ValueError):
    """The key is invalid."""

    def __init__(self) -> None:
        super().__init__(
            "Invalid object key: use printable segments separated by single slashes, none of them "
            ". or .., without backslashes and without # and digits at the end, "
            f"at most {SEGMENT_BYTES} bytes each and {KEY_BYTES} in total."
        )


def checked(key: str) -> str:
    """Validate a key: reject path traversal, and keys that some storage cannot store.

    Args:
        key: The key.

    Returns:
        The same key.

    Raises:
        InvalidKey: If the key is invalid.
    """
    # First, because unprintable characters such as lone surrogates cannot be encoded below.
    if not key.isprintable() or "\\" in key or _STAGED.search(key):
        raise InvalidKey
    for segment in key.split("/"):
        if segment in {"", ".", ".."} or len(segment.encode()) > SEGMENT_BYTES:
            raise InvalidKey
    if len(key.encode()) > KEY_BYTES:
        raise InvalidKey
    return key
