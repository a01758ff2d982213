"""Questions to a restored MySQL or MariaDB copy."""
