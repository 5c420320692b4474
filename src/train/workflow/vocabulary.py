"""What the rules of the vocabulary depend on. Apart from :mod:`train.provenance`, on which every run depends."""

from __future__ import annotations

from netspec.vocabulary import entries
from train.config.closure import SRC, file_of


def modules() -> list[str]:
    """The modules of the vocabulary, and those here that its terms point to."""
    folder = SRC / "netspec/vocabulary"
    own = [".".join(path.relative_to(SRC).with_suffix("").parts) for path in sorted(folder.rglob("*.py"))]
    meant = {entry.where for entry in entries().values() if entry.where.startswith(("netspec.", "train."))}
    while not all(map(file_of, meant)):
        meant = {name if file_of(name) else name.rpartition(".")[0] for name in meant}
    return sorted({name.removesuffix(".__init__") for name in own} | meant)
