"""Tokens instead of keys, and two identities of which each can do only its part."""

from __future__ import annotations

KEYS = """kind = "keys"
access_key = "file:.sandbox/access-key"
secret_key = "file:.sandbox/secret-key"
"""


def test_iam_user_with_a_token_drills_too_and_its_password_is_never_said(world):
    world.change_config(
        KEYS,
        """kind = "password"
user = "file:.sandbox/user"
domain = "file:.sandbox/domain"
password = "file:.sandbox/password"
""",
    )

    finished = world.drill("-v", "run", "orders-before-latest")

    assert finished.code == 0, finished.err + finished.out
    for secret in world.secrets():
        assert secret not in finished.err + finished.out


RESTRICTED = """kind = "keys"
access_key = "file:.sandbox/restricted-access-key"
secret_key = "file:.sandbox/restricted-secret-key"
"""


def test_identity_that_may_not_restore_in_place_cannot_use_an_existing_target(world):
    world.change_config(KEYS, RESTRICTED)
    world.change_config('start_patience = "1m"', 'start_patience = "3s"')

    finished = world.drill("run", "orders-latest", "--output", "json")

    (drill,) = finished.json()["drills"]
    assert finished.code == 4
    assert drill["outcome"] == "inconclusive"
    assert drill["teardown"] == "not_needed"


def test_second_identity_restores_in_place_what_the_first_may_not(world):
    world.change_config(KEYS, f"{RESTRICTED}\n[clouds.sandbox.in_place_credentials]\n{KEYS}")

    finished = world.drill("run", "orders-latest", "--output", "json")

    (drill,) = finished.json()["drills"]
    assert finished.code == 0, finished.err
    assert drill["outcome"] == "passed"
    assert drill["teardown"] == "clean"
