"""``python -m kale``: the command line."""

from kale.cli import main

if __name__ == "__main__":
    main()
