"""``python -m netspec``: the same as the command ``netspec``."""

from netspec.cli import main

__all__ = ["main"]

if __name__ == "__main__":
    raise SystemExit(main())
