"""Data that a trial takes from a person's own copy: the key ``data`` of a file in ``config/trials``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from train.config.schema import ConfigError

#: Where archives are downloaded to, as those of data sets are.
DOWNLOADS = Path("data/downloads")


@dataclass(frozen=True)
class Data:
    """``path`` is a folder, or with ``.zip`` its archive; where it is ``None`` the archive at ``url`` is fetched."""

    path: Path | None
    url: str

    @classmethod
    def of(cls, file: Path, given: Any) -> Data:
        """The key ``data`` of ``file``; raises :class:`ConfigError` for anything but a path and an address."""
        right = isinstance(given, Mapping) and {*given} == {"path", "url"} and isinstance(given["url"], str)
        if not right or not isinstance(given["path"], str | None) or given["path"] == "":
            raise ConfigError(f"{file}: key 'data' is {given!r}, expected path, a file or null, and url, an address")
        return cls(None if given["path"] is None else Path(given["path"]), given["url"])

    def lies(self, downloads: Path = DOWNLOADS) -> Path | None:
        """Where the copy is, or ``None`` where there is none yet."""
        return next((place for place in self._places(downloads) if place.exists()), None)

    def _places(self, downloads: Path) -> list[Path]:
        if self.path is None:
            return [downloads / PurePosixPath(unquote(urlsplit(self.url).path)).name]
        return [self.path] + ([] if self.path.suffix == ".zip" else [self.path.with_name(f"{self.path.name}.zip")])

    def place(self, file: Path, downloads: Path = DOWNLOADS) -> Path:
        """The same, fetched first where ``path`` is ``None``.

        Raises :class:`ConfigError` naming ``file`` and saying where the copy is expected, or why it did not arrive.
        """
        if found := self.lies(downloads):
            return found
        if self.path is None:
            from train.config.cell import Download
            from train.data.raw.download import fetch

            return fetch(Download(url=self.url), downloads, f"{file}: key 'data.url'")
        places = " nor ".join(map(str, self._places(downloads)))
        raise ConfigError(
            f"{file}: key 'data.path' is {self.path}, but there is no {places}; "
            f"expected your copy of {self.url}, or null to have it fetched"
        )
