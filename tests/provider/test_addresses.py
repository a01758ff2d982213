"""Endpoints and addresses: what the client may connect to (threat 15)."""

from __future__ import annotations

from typing import Any

import pytest

from drill.errors import ConfigInvalid
from drill.provider.rds.addresses import (
    AddressPolicy,
    AddressRefused,
    parse_endpoint,
    resolve_host,
    vet_addresses,
)

SUFFIXES = [".myhuaweicloud.com", ".otc.t-systems.com"]


def parse(text, **changes) -> Any:
    return parse_endpoint(text, setting="endpoint", host_suffixes=SUFFIXES, **changes)


@pytest.mark.parametrize(
    ("text", "base_url"),
    [
        ("https://rds.eu-de.otc.t-systems.com", "https://rds.eu-de.otc.t-systems.com"),
        ("https://iam.eu-de.otc.t-systems.com/v3", "https://iam.eu-de.otc.t-systems.com"),
        ("https://RDS.CN-NORTH-4.MyHuaweiCloud.com/", "https://rds.cn-north-4.myhuaweicloud.com"),
        (" https://rds.x.myhuaweicloud.com:443\n", "https://rds.x.myhuaweicloud.com"),
        ("https://rds.x.myhuaweicloud.com:8443", "https://rds.x.myhuaweicloud.com:8443"),
    ],
)
def test_an_endpoint_in_the_domains_of_the_cloud_is_taken(text, base_url):
    assert parse(text).base_url == base_url


@pytest.mark.parametrize(
    "text",
    [
        "http://rds.x.myhuaweicloud.com",
        "https://evil.example.com",
        "https://myhuaweicloud.com",
        "https://rds.myhuaweicloud.com.evil.example",
        "https://evilmyhuaweicloud.com",
        "https://169.254.169.254",
        "https://127.0.0.1",
        "http://127.0.0.1:8080",
        "ftp://rds.x.myhuaweicloud.com",
        "rds.x.myhuaweicloud.com",
        "https://",
        "https://[::1",
        "https://rds.x.myhuaweicloud.com:99999",
        "https://rds.x.myhuaweicloud.com/v1/other",
        "https://rds.x.myhuaweicloud.com?x=1",
        "https://a b.myhuaweicloud.com",
        "",
    ],
)
def test_any_other_endpoint_is_refused(text):
    with pytest.raises(ConfigInvalid) as caught:
        parse(text)
    assert caught.value.hint


def test_an_endpoint_with_a_password_in_it_is_refused_without_showing_it():
    with pytest.raises(ConfigInvalid) as caught:
        parse("https://user:hunter2@rds.x.myhuaweicloud.com")
    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in str(caught.value.hint)


def test_a_listed_host_is_taken_but_only_exactly():
    assert parse("https://rds.cloud.example", allow_hosts=["RDS.cloud.example"]).port == 443
    with pytest.raises(ConfigInvalid):
        parse("https://sub.rds.cloud.example", allow_hosts=["rds.cloud.example"])


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost:8080", "[::1]:8080"])
def test_plain_http_to_loopback_needs_the_switch(host):
    assert parse(f"http://{host}", allow_loopback=True).base_url == f"http://{host}"
    with pytest.raises(ConfigInvalid):
        parse(f"http://{host}")


def test_the_switch_for_loopback_does_not_allow_plain_http_elsewhere():
    with pytest.raises(ConfigInvalid):
        parse("http://rds.x.myhuaweicloud.com", allow_loopback=True)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "::1",
        "169.254.169.254",
        "fe80::1",
        "224.0.0.1",
        "ff02::1",
        "0.0.0.0",  # noqa: S104 - an address to refuse, not to bind
        "::",
        "10.0.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "fd00:ec2::254",
        "240.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "2002:7f00:1::1",
        "64:ff9b::a9fe:a9fe",
        "not an address",
    ],
)
def test_an_address_inside_is_refused_by_default(address):
    with pytest.raises(AddressRefused):
        vet_addresses("rds.x.myhuaweicloud.com", [address], AddressPolicy())


def test_one_bad_address_among_good_ones_refuses_all():
    with pytest.raises(AddressRefused):
        vet_addresses("host", ["8.8.8.8", "127.0.0.1"], AddressPolicy())
    with pytest.raises(AddressRefused):
        vet_addresses("host", [], AddressPolicy())


def test_public_addresses_pass_and_switches_open_what_they_say_and_no_more():
    private = AddressPolicy(allow_private_addresses=True)
    loopback = AddressPolicy(allow_loopback=True)

    assert vet_addresses("host", ["8.8.8.8", "2001:4860:4860::8888"], AddressPolicy())
    assert vet_addresses("host", ["10.0.0.1"], private)
    assert vet_addresses("host", ["127.0.0.1", "::1"], loopback)
    for policy, address in [
        (private, "127.0.0.1"),
        (private, "169.254.169.254"),
        (loopback, "10.0.0.1"),
        (loopback, "169.254.169.254"),
    ]:
        with pytest.raises(AddressRefused):
            vet_addresses("host", [address], policy)


def test_plain_http_ends_on_loopback_whatever_the_name_service_says():
    policy = AddressPolicy(allow_loopback=True, allow_private_addresses=True)
    with pytest.raises(AddressRefused):
        vet_addresses("localhost", ["8.8.8.8"], policy, loopback_only=True)


def test_the_machine_resolves_a_literal_to_itself():
    assert resolve_host("127.0.0.1", 80) == ["127.0.0.1"]
