"""Look into an existing scratch instance: does it hold anything of anybody?"""

from __future__ import annotations

from drill.check.port import Emptiness, Endpoint
from drill.engine.ports import CloudSettings, Parts, ScratchLogin
from drill.recovery.values import Instance


def look_inside(
    parts: Parts, cloud: CloudSettings, instance: Instance, login: ScratchLogin | None
) -> Emptiness:
    """Log in with the account of the configuration, and look.

    A simulated instance has no database behind it: there the list of the cloud is believed. Raise
    SecretUnavailable, and ProviderError for a simulated one.
    """
    if instance.simulated:
        return _look_at_names(cloud, instance)
    if login is None or instance.host is None or instance.port is None:
        return Emptiness(is_empty=None, reason="there is no way to log in to the target")
    endpoint = Endpoint(
        engine=instance.engine,
        host=instance.host,
        port=instance.port,
        user=login.user,
        password=login.password(),
        database=login.database,
        tls=cloud.database_tls,
        ca_file=cloud.database_ca_file,
    )
    return parts.prober.see_emptiness(endpoint)


def _look_at_names(cloud: CloudSettings, instance: Instance) -> Emptiness:
    names = cloud.provider.list_databases(instance.id)
    if not names:
        return Emptiness(is_empty=True, reason="simulated: the cloud lists no database")
    return Emptiness(is_empty=False, reason=f"simulated: the cloud lists {', '.join(names)[:200]}")
