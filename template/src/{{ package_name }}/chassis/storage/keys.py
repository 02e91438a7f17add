"""Keys: the names of objects, the same wherever these are kept."""

import re

KEY_BYTES = 1024
# File systems bound a name more tightly than buckets do.
SEGMENT_BYTES = 200

# What a folder calls an object that is not there in full yet.
_STAGED = re.compile(r"#\d+$")


class InvalidKey(ValueError):
    """No object can have this key."""

    def __init__(self) -> None:
        super().__init__(
            "This is no key of an object: write printable segments with single slashes between "
            "them, none of them . or .., without backslashes and without # and digits at the end, "
            f"at most {SEGMENT_BYTES} bytes each and {KEY_BYTES} in all."
        )


def checked(key: str) -> str:
    """Refuse a key that leads elsewhere, or that not every storage can keep.

    Args:
        key: The key, as somebody wrote it.

    Returns:
        The same key.

    Raises:
        InvalidKey: When no object can have it.
    """
    # What cannot be printed cannot always be encoded either, so this comes first.
    if not key.isprintable() or "\\" in key or _STAGED.search(key):
        raise InvalidKey
    for segment in key.split("/"):
        if segment in {"", ".", ".."} or len(segment.encode()) > SEGMENT_BYTES:
            raise InvalidKey
    if len(key.encode()) > KEY_BYTES:
        raise InvalidKey
    return key
