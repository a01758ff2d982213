"""Questions to a restored PostgreSQL copy."""
