"""Who is calling? Every call shows a token or a signature (reference, sections 8 and 9.3)."""

from __future__ import annotations

from drill.sandbox.context import Context
from drill.sandbox.errors import Origin, not_authenticated, not_permitted, project_mismatch
from drill.sandbox.identities import Identity
from drill.sandbox.signatures import SignatureRefused, SignedRequest, verify
from drill.sandbox.times import now


def authenticate_project(
    context: Context, request: SignedRequest, project_id: str, action: str
) -> Identity:
    """Return who calls the service. Raise ApiError (401, 403)."""
    identity, in_project = _authenticate(context, request, Origin.GATEWAY)
    stated = request.values("x-project-id")
    right = project_id == context.project_id
    if not right or not in_project or any(each != project_id.encode() for each in stated):
        raise project_mismatch()
    if action not in identity.actions:
        raise not_permitted(action)
    return identity


def authenticate_account(context: Context, request: SignedRequest) -> Identity:
    """Return who calls IAM. Raise ApiError (401)."""
    return _authenticate(context, request, Origin.IAM)[0]


def _authenticate(
    context: Context, request: SignedRequest, origin: Origin
) -> tuple[Identity, bool]:
    tokens = request.values("x-auth-token")
    if tokens:
        bearer = context.tokens.recognise(tokens[0].decode("latin-1"), now())
        if bearer is None:
            raise not_authenticated("decrypt token fail", origin)
        return bearer.identity, bearer.in_project
    if not request.values("authorization"):
        raise not_authenticated("neither a token nor a signature was sent", origin)
    at = context.clock.now()
    try:
        access_key = verify(request, secret_of=context.keyring.secret_of, now=at)
    except SignatureRefused as error:
        raise not_authenticated(str(error), origin) from error
    security_token = b"".join(request.values("x-security-token")).decode("latin-1")
    identity = context.keyring.owner_of(access_key, security_token, now())
    if identity is None:
        raise not_authenticated("the security token is missing, wrong or expired", origin)
    return identity, True
