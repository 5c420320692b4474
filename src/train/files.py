"""Write files whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def write_all(contents: Mapping[Path, bytes]) -> None:
    """Write every file beside its destination first, and rename them, in order, when all of them are complete.

    Raises ``OSError`` naming the file; the temporary files are gone then, and no destination has changed unless it was
    the renaming itself that failed.
    """
    staged: list[tuple[Path, Path]] = []
    try:
        for path, content in contents.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            # One name per destination: what a killed process left is overwritten, not kept beside its successor's.
            temporary = path.with_name(f".{path.name}.tmp")
            staged.append((temporary, path))
            temporary.write_bytes(content)
        for temporary, path in staged:
            temporary.replace(path)
    finally:
        for temporary, _ in staged:
            temporary.unlink(missing_ok=True)
