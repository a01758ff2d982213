"""What the error codes of the cloud mean for a caller (reference 9.2 and 9.3). Data, not code.

Clouds send the same code with different HTTP statuses, so the code decides where it is known.
"""

from __future__ import annotations

from collections.abc import Mapping

from drill.errors import (
    CredentialsRejected,
    NotFound,
    OutOfCapacity,
    PermissionMissing,
    ProviderBusy,
    ProviderError,
    ProviderThrottled,
    ProviderUnavailable,
    QuotaExceeded,
    RequestRejected,
)

JOB_UNKNOWN = frozenset({"DBS.200543", "RDS.5041"})
TOKEN_INVALID = "DBS.280056"  # noqa: S105 - the name of an error code
ENDPOINT_UNKNOWN = "APIGW.0101"

_FAMILIES: Mapping[type[ProviderError], str] = {
    ProviderBusy: """
        DBS.200011 DBS.200018 DBS.200019 DBS.200038 DBS.200039 DBS.200047 DBS.200076 DBS.200080
        DBS.200086 DBS.200452 DBS.200463 DBS.200611 DBS.201014 DBS.201015 DBS.201202 DBS.201205
        DBS.201206 DBS.201208 DBS.212006 DBS.212033 DBS.280011 DBS.280036 DBS.280343 DBS.280406
        DBS.280816 DBS.01010337 DBS.01280030 RDS.1002 RDS.3002 RDS.3004 CBC.99003651
    """,
    QuotaExceeded: """
        DBS.200046 DBS.290003 DBS.216028 DBS.200087 RDS.3003
    """,
    OutOfCapacity: "DBS.280448 DBS.280450",
    NotFound: """
        DBS.200002 DBS.200013 DBS.200045 DBS.200050 DBS.200408 DBS.200501 DBS.200503 DBS.200543
        DBS.200602 DBS.201010 DBS.201028 DBS.201203 DBS.280214 DBS.290005 DBS.290011 DBS.290013
        RDS.3026 RDS.3029 RDS.5041 RDS.5042
    """,
    CredentialsRejected: """
        DBS.280056 APIGW.0301 IAM.0001 IAM.0062 IAM.0066 IAM.0067 IAM.1105 IAM.1107 IAM.1108
    """,
    PermissionMissing: """
        DBS.200010 DBS.200044 DBS.200604 DBS.201003 DBS.280015 IAM.0002 IAM.0003
    """,
    ProviderThrottled: "APIGW.0308 IAM.0012",
    ProviderUnavailable: """
        DBS.108000 DBS.108002 DBS.108005 DBS.111205 DBS.200005 DBS.200208 DBS.213002 DBS.213004
        DBS.290006 DBS.290015
    """,
    RequestRejected: """
        APIGW.0101 APIGW.0201 DBS.200001 DBS.200004 DBS.200006 DBS.200022 DBS.200023 DBS.200027
        DBS.200037 DBS.200040 DBS.200041 DBS.200048 DBS.200049 DBS.200052 DBS.200053 DBS.200054
        DBS.200098 DBS.200302 DBS.200306 DBS.200316 DBS.200402 DBS.200405 DBS.200504 DBS.201035
        DBS.201201 DBS.201207 DBS.212017 DBS.212030 DBS.280001 DBS.280128 DBS.280204 DBS.280238
        DBS.280239 DBS.280246 DBS.280272 DBS.280277 DBS.280404 DBS.280434 DBS.280449 DBS.280495
        DBS.280497 DBS.280498 DBS.290000 DBS.290001 RDS.1003 RDS.3030
    """,
}

ERROR_BY_CODE: Mapping[str, type[ProviderError]] = {
    code: error for error, codes in _FAMILIES.items() for code in codes.split()
}

HINT_BY_CODE: Mapping[str, str] = {
    "APIGW.0101": "The endpoint does not know this path: check endpoint, kind and project_id of"
    " the cloud in config.toml.",
    "APIGW.0301": "Check access key and secret key, and that the clock of this machine is right.",
    "IAM.1105": "The access key has expired: make a new one.",
    "IAM.1107": "The access key is disabled: enable it or name another one.",
    "IAM.1108": "The temporary keys have expired: fetch new ones with their security token.",
    "DBS.200022": "The name is taken: look for an instance that an earlier drill left behind with"
    " `drill sweep --apply`.",
    "DBS.200037": "Source and target run different versions: use a target of the same version.",
    "DBS.200040": "This cloud does not offer that for this engine or version.",
    "DBS.280238": "This cloud does not offer that for this engine or version.",
    "DBS.201207": "This cloud does not offer that for this engine or version.",
    "DBS.200052": "The administrator password is too weak for the cloud: 8 to 32 characters of at"
    " least three kinds.",
    "DBS.280246": "The administrator password is too weak for the cloud: 8 to 32 characters of at"
    " least three kinds.",
    "DBS.200053": "Check the flavor of the new target in the plan.",
    "DBS.280239": "Check the flavor of the new target in the plan.",
    "DBS.280434": "Check the flavor of the new target in the plan.",
    "DBS.200306": "The volume of the target is smaller than that of the source: use a larger one.",
    "DBS.200316": "The disk of the target is full: enlarge it or choose another target.",
    "DBS.200048": "Check vpc_id and subnet_id of the new target in the plan.",
    "DBS.200049": "Check vpc_id and subnet_id of the new target in the plan.",
    "DBS.200501": "Check vpc_id and subnet_id of the new target in the plan.",
    "DBS.201035": "Two databases would have the same name: mend the database map of the plan.",
    "DBS.280128": "The database map of the plan names a database that the source does not have.",
    "DBS.280448": "The volume type is sold out there: choose another availability zone.",
    "DBS.280450": "The flavor is sold out there: choose another availability zone.",
    "DBS.280449": "The account or the instance is frozen: look at the bill.",
    "RDS.3029": "There is no backup for that instant: choose one inside a restore window.",
}

HINT_BY_ERROR: Mapping[type[ProviderError], str] = {
    CredentialsRejected: "Check the credentials of the cloud in config.toml.",
    PermissionMissing: "Give the identity the action that the cloud names, and check that"
    " project_id is its project.",
    QuotaExceeded: "Delete instances that nobody needs, or ask the cloud for a larger quota.",
    OutOfCapacity: "Choose another flavor, volume type or availability zone.",
    NotFound: "Check the id, and the region and the project of the cloud in config.toml.",
    ProviderBusy: "Wait until the running operation is over; the cloud does one at a time.",
    ProviderThrottled: "Run fewer drills at once, or poll less often (poll_every).",
    ProviderUnavailable: "Try again later; look at the status page of the cloud.",
    RequestRejected: "Read the answer of the cloud; the plan asks for something it does not allow.",
}
