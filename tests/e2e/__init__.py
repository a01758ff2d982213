"""The installed command, in processes of its own, against a sandbox with real servers."""
