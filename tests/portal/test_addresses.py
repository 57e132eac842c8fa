"""Which addresses may be reached: the table of the security design, as it stands there and with its spellings."""

from __future__ import annotations

import pytest

from portal.addresses import may_reach

PUBLIC = ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
OWN = [
    *["127.0.0.1", "127.255.255.254", "::1", "10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.0.1"],
    *["fc00::1", "fd12:3456::1", "100.64.0.1", "100.127.255.254", "::ffff:127.0.0.1", "::ffff:10.0.0.1"],
]
NOBODYS = [
    *["0.0.0.0", "::", "::ffff:169.254.169.254", "198.18.0.1", "198.19.255.255", "169.254.169.254", "fd00:ec2::254", "fe80::1", "fe80::1%eth0"],
    *["64:ff9b::a9fe:a9fe", "64:ff9b::7f00:1", "64:ff9b:1::a00:1", "2002:7f00:1::", "2002:a9fe:a9fe::", "::127.0.0.1", "::10.0.0.1"],
    *["2001:0:4136:e378:8000:63bf:80ff:fffe", "224.0.0.1", "239.255.255.250", "ff02::1", "fec0::1", "168.63.129.16", "100.100.100.200"],
    *["255.255.255.255", "240.0.0.1", "192.0.2.1", "198.51.100.7", "203.0.113.9", "2001:db8::1", "192.0.0.192", "192.88.99.1"],
]


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_anybodys(address):
    assert may_reach(address, "free")
    assert may_reach(address, "named")


@pytest.mark.parametrize("address", OWN)
def test_the_houses_own_networks_are_for_targets_that_an_administrator_named(address):
    assert not may_reach(address, "free")
    assert may_reach(address, "named")


@pytest.mark.parametrize("address", NOBODYS)
def test_metadata_link_local_multicast_and_tunnels_into_private_networks_are_never_reached(address):
    assert not may_reach(address, "free")
    assert not may_reach(address, "named")


@pytest.mark.parametrize("text", ["", "localhost", "2130706433", "0x7f.1", "127.1", "127.0.0.1:80", "[::1]", "1.2.3.4.5"])
def test_what_is_no_address_is_not_reached(text):
    assert not may_reach(text, "named")
