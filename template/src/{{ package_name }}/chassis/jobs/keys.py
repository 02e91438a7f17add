"""Keys of jobs and batches."""

import secrets

KEY_BYTES = 16


def new_key() -> str:
    """Create a key that cannot be guessed, because URLs of an API can contain it.

    SAQ's own keys contain the time.
    """
    return secrets.token_hex(KEY_BYTES)
