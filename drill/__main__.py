"""``python -m drill``: the same as the command ``drill``."""

from drill.cli.main import main

if __name__ == "__main__":
    main()
