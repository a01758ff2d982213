"""TLS to a vetted address: the name is verified, and the name service is asked once."""

from __future__ import annotations

import ssl
from typing import Any

import pytest
import trustme
from pytest_httpserver import HTTPServer

from drill.errors import AnswerLost, ProviderUnavailable

HOST = "rds.eu-de.otc.t-systems.com"
EMPTY = {"instances": [], "total_count": 0}


@pytest.fixture(scope="module")
def authority() -> Any:
    return trustme.CA()


@pytest.fixture(scope="module")
def tls_server(authority) -> Any:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(HOST).configure_cert(context)
    with HTTPServer(ssl_context=context) as server:
        yield server


@pytest.fixture
def server(tls_server) -> Any:
    tls_server.clear()
    return tls_server


@pytest.fixture
def ca_file(authority, tmp_path) -> Any:
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


@pytest.fixture
def looked_up() -> Any:
    return []


@pytest.fixture
def tls_provider(make_provider, server, looked_up) -> Any:
    def resolve(host, port) -> Any:
        looked_up.append(host)
        return ["127.0.0.1"]

    def make(host=HOST, **changes) -> Any:
        endpoint = f"https://{host}:{server.port}"
        return make_provider(endpoint, kind="otc", resolve=resolve, **changes)

    return make


def test_the_connection_goes_to_the_vetted_address_under_the_name_of_the_endpoint(
    tls_provider, server, samples, ca_file, looked_up
):
    server.expect_request(samples.instances_path).respond_with_json(EMPTY)
    provider = tls_provider(ca_file=ca_file)

    provider.list_instances()
    provider.list_instances()

    assert [request.headers["Host"] for request, _ in server.log] == [f"{HOST}:{server.port}"] * 2
    assert set(looked_up) == {HOST}


def test_an_authority_that_is_not_trusted_is_final(tls_provider, server, looked_up):
    with pytest.raises(ProviderUnavailable, match="certificate") as caught:
        tls_provider().list_instances()

    assert "ca_file" in str(caught.value.hint)
    assert server.log == []
    assert len(looked_up) == 1


def test_an_order_over_a_bad_certificate_was_not_given(tls_provider, samples):
    with pytest.raises(ProviderUnavailable, match="certificate") as caught:
        tls_provider().restore(samples.restore())

    assert not isinstance(caught.value, AnswerLost)


def test_a_certificate_for_another_name_is_refused(tls_provider, server, ca_file):
    provider = tls_provider("iam.eu-de.otc.t-systems.com", ca_file=ca_file)

    with pytest.raises(ProviderUnavailable, match="certificate"):
        provider.list_instances()

    assert server.log == []


def test_a_bundle_in_the_environment_does_not_replace_our_trust(
    tls_provider, server, samples, ca_file, monkeypatch, tmp_path
):
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(str(other))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(other))
    monkeypatch.setenv("CURL_CA_BUNDLE", str(other))
    server.expect_request(samples.instances_path).respond_with_json(EMPTY)

    assert tls_provider(ca_file=ca_file).list_instances() == []
