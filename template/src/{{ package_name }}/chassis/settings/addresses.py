"""Addresses of backing services, which are settings."""

import re
from collections.abc import Collection, Mapping
from urllib.parse import parse_qsl

from pydantic import SecretStr

# A password may contain any character but "@".
_ADDRESS = re.compile(
    r"(?P<scheme>\w+)(?:\+\w+)?://"
    r"(?:(?P<user>[^:/@]*)(?::(?P<password>[^@]*))?@)?"
    r"(?P<hosts>[^/?@]*)(?P<path>/[^?]*)?(?:\?(?P<query>.*))?",
    re.DOTALL,
)
_HOST = re.compile(r"(?:\[[0-9A-Fa-f:.%]+\]|[^\[\]:\s]*)(?::(?P<port>\d*))?")
_MAX_PORT = 65_535


def check_address(
    address: SecretStr,
    form: str,
    *,
    schemes: Collection[str] = (),
    choices: Mapping[str, Collection[str]] | None = None,
) -> SecretStr:
    """Check the address of a server.

    Args:
        address: The address.
        form: How it is written, such as `https://host`.
        schemes: Its schemes; any if there are none.
        choices: Values of options by the options' names.

    Returns:
        The address.

    Raises:
        ValueError: If it is invalid. The message contains no part of it.
    """
    found = _ADDRESS.fullmatch(address.get_secret_value())
    if found is None:
        raise ValueError(f"Invalid address: write it as {form}; in a password, write @ as %40.")
    if schemes and found["scheme"] not in schemes:
        beginnings = " or ".join(f"{scheme}://" for scheme in schemes)
        raise ValueError(f"Invalid address: begin it with {beginnings}.")
    for host in found["hosts"].split(","):
        parts = _HOST.fullmatch(host)
        if parts is None or not 1 <= int(parts["port"] or 1) <= _MAX_PORT:
            raise ValueError(
                f"Invalid host or port: write the address as {form}; "
                "in a password, write @ / : [ and ] as %40 %2F %3A %5B and %5D."
            )
    for name, value in parse_qsl(found["query"] or ""):
        known = (choices or {}).get(name)
        if known is not None and value not in known:
            raise ValueError(f"Invalid value of the option {name}: use {' or '.join(known)}.")
    return address
