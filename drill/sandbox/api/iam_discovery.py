"""What clients ask IAM before and after they log in: versions, the catalog, what a token is for.

OpenStack clients (keystoneauth, and the Open Telekom Cloud client on top of it) read the version
document of the address they are given, then the catalog of the token, to find the service.
"""

from __future__ import annotations

from drill.sandbox.call import Answer, Call
from drill.sandbox.catalogue import REGION
from drill.sandbox.context import Context
from drill.sandbox.identities import account_id

IDENTITY_VERSION = "v3.6"
_UPDATED = "2018-09-30T00:00:00Z"


def show_identity_version(context: Context, call: Call) -> Answer:
    """Return the version document of IAM; needs no credentials."""
    version = {
        "id": IDENTITY_VERSION,
        "status": "stable",
        "updated": _UPDATED,
        "links": [{"rel": "self", "href": f"{call.endpoint}/v3/"}],
        "media-types": [
            {
                "base": "application/json",
                "type": "application/vnd.openstack.identity-v3+json",
            }
        ],
    }
    return Answer(200, {"version": version})


def catalog(context: Context, call: Call) -> list[dict[str, object]]:
    """Return where the services are: the database service below the project, and IAM itself.

    Every name of the region that the personality answers to has its own endpoint, because clients
    filter the catalog by the name they were given.
    """
    return [
        _service("rdsv3", "rds", context, f"{call.endpoint}/v3/{context.project_id}"),
        _service("identity", "iam", context, f"{call.endpoint}/v3"),
    ]


def _service(kind: str, name: str, context: Context, url: str) -> dict[str, object]:
    endpoints = [
        {
            "id": account_id(f"{kind}:{region}"),
            "interface": "public",
            "region": region,
            "region_id": region,
            "url": url,
        }
        for region in region_names(context)
    ]
    return {"id": account_id(kind), "type": kind, "name": name, "endpoints": endpoints}


def region_names(context: Context) -> tuple[str, ...]:
    """Return the names of the region, which are also those of its project; the true one first."""
    return (REGION, *context.personality.region_aliases)


def show_catalog(context: Context, call: Call) -> Answer:
    """Return the catalog to somebody who is known."""
    return Answer(200, {"catalog": catalog(context, call), "links": {}})


def list_domains(context: Context, call: Call) -> Answer:
    """Return the one account: the vendor's SDK asks for it with global credentials."""
    domain = {
        "id": account_id(context.keyring.domain),
        "name": context.keyring.domain,
        "enabled": True,
        "description": "",
        "links": {"self": f"{call.endpoint}/v3/domains/{account_id(context.keyring.domain)}"},
    }
    return Answer(200, {"domains": [domain], "links": {"self": f"{call.endpoint}/v3/auth/domains"}})
