"""The certificate of a copy is verified, and TLS is off on the loopback interface alone."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import trustme

from drill.check.port import CheckAnswer, Endpoint
from drill.check.prober import SqlProber
from drill.plan.model import ConnectsCheck
from tests.check.conftest import QUICK
from tests.check.real_postgresql import Server

pytestmark = pytest.mark.servers

CONNECTS = ("connects", ConnectsCheck(kind="connects"))


def copy_bytes(source: socket.socket, sink: socket.socket) -> None:
    try:
        while part := source.recv(65536):
            sink.sendall(part)
        sink.shutdown(socket.SHUT_RDWR)
    except OSError:
        return


def speak_tls(certificate: trustme.LeafCert, port: int) -> Callable[[socket.socket], None]:
    """Return what a server with TLS in front of the real one does."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)

    def behave(connection: socket.socket) -> None:
        assert connection.recv(8, socket.MSG_WAITALL) == struct.pack(">II", 8, 80877103)
        connection.sendall(b"S")
        # A copy of the socket, because wrapping detaches the one that the fixture closes.
        with (
            context.wrap_socket(connection.dup(), server_side=True) as outside,
            socket.create_connection(("127.0.0.1", port)) as inside,
        ):
            back = threading.Thread(target=copy_bytes, args=[inside, outside], daemon=True)
            back.start()
            copy_bytes(outside, inside)
            back.join(timeout=5)

    return behave


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> str:
    path = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(path)
    return str(path)


def behind_tls(server: Server, rogue, certificate: trustme.LeafCert) -> Endpoint:
    front = rogue(speak_tls(certificate, server.port)).endpoint
    return replace(server.endpoint("shop"), port=front.port, tls="verify")


def test_a_certificate_of_the_trusted_authority_is_accepted(
    server, rogue, context, authority, ca_file
):
    endpoint = behind_tls(server, rogue, authority.issue_cert("127.0.0.1"))

    results = [
        SqlProber(limits=QUICK).run([CONNECTS], replace(endpoint, **trust), context)[0]
        for trust in (
            {"ca_file": ca_file},
            {"tls": "require"},
            {"tls": "require", "ca_file": ca_file},
        )
    ]

    assert [result.answer for result in results] == [CheckAnswer.PASSED] * 3


def test_a_certificate_that_proves_nothing_is_refused(server, rogue, authority, ca_file):
    for certificate, trust in (
        (trustme.CA().issue_cert("127.0.0.1"), ca_file),
        (authority.issue_cert("db.example.com"), ca_file),
        (authority.issue_cert("127.0.0.1"), None),
    ):
        endpoint = replace(behind_tls(server, rogue, certificate), ca_file=trust)
        why = SqlProber(limits=QUICK).why_unreachable(endpoint)
        assert (why or "").startswith("no trust"), why


def test_a_server_without_tls_is_refused_unless_tls_is_off(server, ca_file):
    for tls in ("verify", "require"):
        endpoint = replace(server.endpoint("shop"), tls=tls, ca_file=ca_file)
        assert (SqlProber(limits=QUICK).why_unreachable(endpoint) or "").startswith("no TLS")


def test_an_authority_file_that_is_not_there_is_said(server, tmp_path):
    endpoint = replace(server.endpoint("shop"), tls="verify", ca_file=str(tmp_path / "none"))

    assert "authority" in (SqlProber(limits=QUICK).why_unreachable(endpoint) or "")


@pytest.mark.parametrize("host", ["db.example.com", "203.0.113.7", "128.0.0.1", "10.0.0.1", "::"])
def test_tls_may_be_off_on_the_loopback_interface_alone(server, host):
    endpoint = replace(server.endpoint("shop"), host=host, tls="off")

    why = SqlProber(limits=QUICK).why_unreachable(endpoint)

    assert why == "TLS may be off on the loopback interface alone"


@pytest.mark.parametrize(
    "host", ["/tmp", "@abstract", "127.0.0.1,db.example.com", "", "a b", "fe80::1%eth0", "x='1'"]
)
def test_a_host_is_one_host_and_no_socket_of_this_machine(server, host):
    endpoint = replace(server.endpoint("shop"), host=host)

    assert "no host" in (SqlProber(limits=QUICK).why_unreachable(endpoint) or "")
