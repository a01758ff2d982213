"""Real MariaDB servers for the sandbox: they stand for the MySQL family of the cloud."""

from drill.sandbox.mariadb.servers import MariadbServers

__all__ = ["MariadbServers"]
