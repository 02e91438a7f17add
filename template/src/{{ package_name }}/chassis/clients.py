"""Addresses of clients, as limits count them."""

from ipaddress import IPv6Address, ip_address

IPV6_PREFIX = 64


def client_group(address: str) -> str:
    """Group IPv6 clients by /64: a client can pick any address in it.

    Args:
        address: Network address of the client.

    Returns:
        The first address of the group, or the address of an IPv4 client.
    """
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return address
    return str(parsed.ipv4_mapped or IPv6Address(int(parsed) >> IPV6_PREFIX << IPV6_PREFIX))
