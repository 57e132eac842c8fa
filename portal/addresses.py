"""Which addresses the portal may speak to: pure rules about an IP address (security design, section 3).

`free`: anybody entered it, so public addresses only. `named`: an administrator entered it, so the house's own networks too.
Neither ever reaches a cloud's metadata or host service, link-local, multicast, reserved or tunnelled private addresses.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Literal

Kind = Literal["named", "free"]
Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


def _networks(*texts: str) -> tuple[Network, ...]:
    return tuple(ip_network(text) for text in texts)


# The house's own: loopback, private, carrier NAT, unique local.
OWN = _networks("127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
NEVER = _networks(
    "169.254.0.0/16",  # link-local; 169.254.169.254 is the metadata service of most clouds
    "fe80::/10",
    "fec0::/10",  # site-local, which `ipaddress` calls global
    "fd00:ec2::/32",  # metadata services inside unique local space
    "fd20:ce::/32",
    "100.100.100.200/32",  # metadata inside carrier NAT space
    "168.63.129.16/32",  # a cloud's host service on an address that looks public
    "192.0.0.0/24",
    "192.88.99.0/24",  # the anycast relay of 6to4
    "198.18.0.0/15",  # benchmarking
    "0.0.0.0/8",  # "this host"
    "240.0.0.0/4",
)
NAT64 = _networks("64:ff9b::/96", "64:ff9b:1::/48")
COMPATIBLE = ip_network("::/96")


def parse(text: str) -> Address:
    """The address, without its zone (`fe80::1%eth0`); an IPv4 address written in IPv6 (`::ffff:10.0.0.1`) as IPv4, for that is where it leads.

    Raises: ValueError.
    """
    address = ip_address(text.partition("%")[0])
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def may_reach(text: str, kind: Kind) -> bool:
    """May we connect to this address? False for what is no address."""
    try:
        address = parse(text)
    except ValueError:
        return False
    carried = _carried(address)
    if carried is not None:
        return _is_public(carried)  # a tunnel into a private network is nobody's ordinary target
    return _is_public(address) or (kind == "named" and _is_own(address))


def _is_public(address: Address) -> bool:
    return address.is_global and not address.is_multicast and not address.is_reserved and not _within(address, NEVER)


def _is_own(address: Address) -> bool:
    return _within(address, OWN) and not _within(address, NEVER)


def _carried(address: Address) -> IPv4Address | None:
    """The IPv4 address inside a 6to4, Teredo, NAT64 or IPv4-compatible one. `::` and `::1` are neither."""
    if not isinstance(address, IPv6Address):
        return None
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if _within(address, NAT64) or (address in COMPATIBLE and int(address) > 1):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return None


def _within(address: Address, networks: tuple[Network, ...]) -> bool:
    return any(address.version == network.version and address in network for network in networks)
