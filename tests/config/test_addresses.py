"""lab/config/addresses.py: properties of address arithmetic."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.config.addresses import AddressRange, is_host_address, parse_ipv4_addresses, parse_pool

ADDRESSES = st.ip_addresses(v=4).map(lambda address: IPv4Address(int(address)))


@st.composite
def ranges(draw: st.DrawFn) -> AddressRange:
    first, last = sorted((draw(ADDRESSES), draw(ADDRESSES)))
    return AddressRange(first, last)


@st.composite
def short_ranges(draw: st.DrawFn) -> AddressRange:
    """Ranges of at most 300 addresses, so that each address can be checked."""
    first = draw(st.integers(0, 2**32 - 301))
    return AddressRange(IPv4Address(first), IPv4Address(first + draw(st.integers(0, 299))))


@st.composite
def networks(draw: st.DrawFn, shortest: int = 8, longest: int = 30) -> IPv4Network:
    prefix = draw(st.integers(shortest, longest))
    return IPv4Network((draw(st.integers(0, 2**prefix - 1)) << (32 - prefix), prefix))


@given(ranges())
def test_text_form_is_parsed_back(addresses: AddressRange) -> None:
    assert AddressRange.parse(str(addresses)) == addresses


@given(ranges())
def test_spaces_around_the_ends_are_ignored(addresses: AddressRange) -> None:
    assert AddressRange.parse(f" {addresses.first} - {addresses.last} ") == addresses


@given(short_ranges())
def test_range_iterates_over_all_its_addresses(addresses: AddressRange) -> None:
    each = list(addresses)
    assert each == sorted(set(each))
    assert (each[0], each[-1], len(each)) == (addresses.first, addresses.last, len(addresses))
    assert int(each[-1]) - int(each[0]) == len(each) - 1


@given(short_ranges())
def test_range_contains_exactly_its_addresses(addresses: AddressRange) -> None:
    assert all(address in addresses for address in addresses)
    outside = [number for number in (int(addresses.first) - 1, int(addresses.last) + 1) if 0 <= number < 2**32]
    assert not [number for number in outside if IPv4Address(number) in addresses]


@given(ranges())
def test_range_contains_addresses_only(addresses: AddressRange) -> None:
    assert str(addresses.first) not in addresses
    assert int(addresses.first) not in addresses


@given(st.data(), networks(longest=29))
def test_range_within_a_network_has_host_addresses_only(data: st.DataObject, network: IPv4Network) -> None:
    near = st.integers(max(0, int(network.network_address) - 3), min(2**32 - 1, int(network.broadcast_address) + 3))
    ends = sorted((data.draw(near), data.draw(near)))
    addresses = AddressRange(IPv4Address(ends[0]), IPv4Address(min(ends[1], ends[0] + 200)))
    assert addresses.is_within(network) == all(is_host_address(address, network) for address in addresses)


@given(networks(shortest=22))
def test_host_addresses_are_those_of_the_standard_library(network: IPv4Network) -> None:
    assert [address for address in network if is_host_address(address, network)] == list(network.hosts())


@given(networks(), ADDRESSES)
def test_host_addresses_are_inside_the_network(network: IPv4Network, address: IPv4Address) -> None:
    assert address in network or not is_host_address(address, network)


@given(ranges().filter(lambda addresses: addresses.first != addresses.last))
def test_reversed_range_is_rejected(addresses: AddressRange) -> None:
    with pytest.raises(ValueError, match="ends before it begins"):
        AddressRange.parse(f"{addresses.last}-{addresses.first}")


@pytest.mark.parametrize("text", ["", "172.20.0.10", "172.20.0.0/24"])
def test_text_without_two_ends_is_rejected(text: str) -> None:
    with pytest.raises(ValueError, match="does not have the form FIRST-LAST"):
        AddressRange.parse(text)


@pytest.mark.parametrize(
    "text", ["172.20.0.10-", "-172.20.0.10", "a-b", "172.20.0.10-172.20.0.256", "::1-::2", "1-2-3"]
)
def test_invalid_ends_are_rejected(text: str) -> None:
    with pytest.raises(ValueError, match=r"Expected 4 octets|Octet|Address cannot be empty"):
        AddressRange.parse(text)


@given(st.lists(short_ranges(), max_size=5))
def test_pool_has_the_addresses_of_its_ranges_in_one_form(entries: list[AddressRange]) -> None:
    pool = parse_pool([str(entry) for entry in entries])
    assert {address for each in pool for address in each} == {address for entry in entries for address in entry}
    assert parse_pool([str(each) for each in reversed(pool)]) == pool


@given(networks(shortest=24, longest=32))
def test_network_in_a_pool_has_all_its_addresses(network: IPv4Network) -> None:
    [addresses] = parse_pool([str(network)])
    assert list(addresses) == list(network)


@pytest.mark.parametrize(
    "entries",
    [
        ["172.20.0.10/31", "172.20.0.12/30"],
        ["172.20.0.14-172.20.0.15", "172.20.0.11/31", "172.20.0.12-172.20.0.13"],
        ["172.20.0.10-172.20.0.13", "172.20.0.12-172.20.0.15", "fc00:f853:ccd:e799::/124", "fc00::1-fc00::9"],
        ["172.20.0.10 - 172.20.0.15", "172.20.0.11/32"],
    ],
)
def test_forms_of_one_pool_are_equal(entries: list[str]) -> None:
    assert parse_pool(entries) == parse_pool(["172.20.0.10-172.20.0.15"])


@pytest.mark.parametrize("entry", ["172.20.0.10", "172.20.0.0/33", "host/24", ""])
def test_entry_that_is_no_range_is_invalid(entry: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_pool([entry])


def test_only_ipv4_addresses_are_parsed() -> None:
    texts = ["fd00:172:20::13", "172.20.0.9", "node-1.example.com", "", "172.20.0.300"]
    assert parse_ipv4_addresses(texts) == [IPv4Address("172.20.0.9")]
