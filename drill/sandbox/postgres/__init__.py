"""Real PostgreSQL servers behind the sandbox."""

from drill.sandbox.postgres.servers import PostgresServers

__all__ = ["PostgresServers"]
