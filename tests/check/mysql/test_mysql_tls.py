"""The certificate of a copy is verified, by the authority and by the name of the host."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import trustme

from drill.check.port import CheckAnswer
from drill.check.prober import SqlProber
from drill.plan.model import ConnectsCheck, SqlCheck
from tests.check.conftest import QUICK
from tests.check.mysql.real_mariadb import Server

pytestmark = pytest.mark.servers

CONNECTS = ("connects", ConnectsCheck(kind="connects"))
PROBER = SqlProber(limits=QUICK)


class Trust:
    """An authority, the file with its certificate, and servers that it vouches for."""

    def __init__(self, folder: Path) -> None:
        self.authority = trustme.CA()
        self.folder = folder
        self.ca_file = str(folder / "authority.pem")
        self.authority.cert_pem.write_to_path(self.ca_file)

    def flags(self, host: str) -> tuple[str, ...]:
        leaf = self.authority.issue_cert(host)
        certificate, key = self.folder / "cert.pem", self.folder / "key.pem"
        leaf.cert_chain_pems[0].write_to_path(str(certificate))
        leaf.private_key_pem.write_to_path(str(key))
        return f"--ssl-cert={certificate}", f"--ssl-key={key}", f"--ssl-ca={self.ca_file}"


@pytest.fixture(scope="module")
def trust(tmp_path_factory: pytest.TempPathFactory) -> Trust:
    return Trust(tmp_path_factory.mktemp("trust"))


@pytest.fixture(scope="module")
def tls_server(tmp_path_factory: pytest.TempPathFactory, trust: Trust) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("mariadb-tls"))
    try:
        server.create()
        server.stop()
        server.start(*trust.flags("127.0.0.1"))
        yield server
    finally:
        server.stop()


def test_a_certificate_of_the_trusted_authority_is_accepted(tls_server, trust, context):
    endpoint = tls_server.endpoint("information_schema")
    encrypted = SqlCheck(
        kind="sql",
        query="SELECT length(variable_value) > 0 FROM information_schema.session_status "
        "WHERE variable_name = 'Ssl_cipher'",
        expected=True,
    )

    for tls, ca_file in (
        ("verify", trust.ca_file),
        ("require", None),
        ("require", trust.ca_file),
    ):
        results = PROBER.run(
            [CONNECTS, ("encrypted", encrypted)],
            replace(endpoint, tls=tls, ca_file=ca_file),
            context,
        )
        assert [one.answer for one in results] == [CheckAnswer.PASSED] * 2, results


def test_a_certificate_that_proves_nothing_is_refused(tls_server, tmp_path):
    endpoint = tls_server.endpoint("information_schema")
    stranger = tmp_path / "stranger.pem"
    trustme.CA().cert_pem.write_to_path(str(stranger))

    for tls, ca_file in (("verify", None), ("verify", stranger), ("require", stranger)):
        where = replace(endpoint, tls=tls, ca_file=ca_file and str(ca_file))
        why = PROBER.why_unreachable(where)
        assert (why or "").startswith("no trust"), why


def test_a_certificate_of_another_host_is_refused_where_the_host_is_verified(tls_server, trust):
    endpoint = tls_server.endpoint("information_schema")
    elsewhere = replace(endpoint, host="localhost", ca_file=trust.ca_file)

    assert (PROBER.why_unreachable(replace(elsewhere, tls="verify")) or "").startswith("no trust")
    assert PROBER.why_unreachable(replace(elsewhere, tls="require")) is None
