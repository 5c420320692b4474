"""Records of comparisons, which have thousands of small files: one archive, unpacked while a report reads it."""

from __future__ import annotations

import io
import json
import lzma
import shutil
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from report.engine.errors import ReportError, read_json
from report.kept.about import ABOUT

#: The archive of a record, and what describes the comparison in it.
PACKED, COMPARISON = "results.tar.xz", "comparison.json"


def pack(files: Mapping[str, bytes]) -> bytes:
    """An archive of ``files``, the same bytes whenever it is made; compressed as a whole, since they are much alike."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:xz", format=tarfile.PAX_FORMAT, preset=9) as archive:
        for name in sorted(files):
            member = tarfile.TarInfo(name)  # of 1970 and of nobody
            member.size = len(files[name])
            archive.addfile(member, io.BytesIO(files[name]))
    return made.getvalue()


@contextmanager
def unpacked(record: Path) -> Iterator[Path]:
    """The file that describes the comparison of a record, whose results lie where it says, while the context lasts.

    Raises :class:`ReportError` for a record that cannot be read.
    """
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        try:
            with tarfile.open(record / PACKED, "r:xz") as archive:
                archive.extractall(root, filter="data")  # which lets nothing lie outside
        except (OSError, EOFError, tarfile.TarError, lzma.LZMAError) as error:
            raise ReportError(f"{record / PACKED}: cannot be read ({error}); record the comparison again") from None
        path = root / COMPARISON
        told = read_json(path, "record the comparison again")
        for one in told["settings"]:
            one["results"] = str(root / one["results"])
            shutil.copyfile(record / ABOUT, Path(one["results"], ABOUT))  # whose remark the report shows
        told |= {key: str(root / told[key]) for key in ("lengths", "steps", "beside") if told.get(key)}
        path.write_text(json.dumps(told), encoding="utf-8")
        yield path
