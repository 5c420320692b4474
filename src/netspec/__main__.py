"""``python -m netspec``: the same as the command ``netspec``."""

from __future__ import annotations

from collections.abc import Sequence

from netspec.console import guarded

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status; see :func:`netspec.cli.main`."""

    def work() -> int:
        from netspec import cli  # the catalogue takes a moment, in which Ctrl-C may come

        return cli.main(arguments)

    return guarded(work, "netspec")


if __name__ == "__main__":
    raise SystemExit(main())
