"""Prepare a data set once: decode, resize, and write the store that :mod:`train.data.batches` reads."""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
import shutil
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np

from netspec.claims import Claim, read_mark, remove_tree
from netspec.ownership import MARK, check_apart, check_folder
from train.config import data_fingerprint
from train.config.cell import Dataset, sides
from train.config.parsing import json_bytes
from train.config.printable import shown
from train.config.schema import ConfigError
from train.data.example import BOXES
from train.data.images import LARGEST_FILE, Unreadable
from train.data.raw import DOWNLOADS, open_raw
from train.data.raw.download import check_space
from train.data.raw.recall import RawSequences
from train.data.raw.source import SPLITS, Loaded, RawData, Reached, Wanted, few
from train.data.raw.subset import choose_per_class
from train.data.raw.text import RawText
from train.data.tokens import TOKENIZER, tokens_of
from train.data.writers import ArrayWriter, Layout, RecordWriter, digest, digest_of, save_array
from train.machine.progress import Tally, say

#: Images on their way between the source and the store: enough to keep every core busy, little memory. Large ones are
#: fewer: what the source has read of them has this many bytes at most, and those of one more.
AHEAD, AHEAD_BYTES = 64, LARGEST_FILE
#: Files named one by one in a message.
NAMED = 20
#: What the mark of a store's folder says that it is for.
STORE = "prepared data"
ABOUT = "store.json"
PARTS = ("image", "label", "mask", *BOXES, "token", "answer", "records", "images", "labels")
#: All files that a store of either form may have, or had before its arrays were named in the manifest.
FILES = (
    *(f"{split}_{part}.npy" for split in SPLITS for part in PARTS),
    *(f"{split}.array_record" for split in SPLITS),
    TOKENIZER,
    ABOUT,
)


def prepare(dataset: Dataset, folder: Path, downloads: Path = DOWNLOADS) -> dict:
    """Write the store of ``dataset`` into ``folder``, and return what ``store.json`` says.

    ``folder`` is new, empty, or holds an earlier store of the data set of this name, whatever its settings. The new one
    is built in a folder inside and moved into place when it is complete, so a killed preparation leaves nothing that a
    rerun would trust. Files that others put there stay. Raises :class:`ConfigError` for data that is missing, damaged
    or does not match, for a folder that holds anything else or cannot be written, and :class:`OutputError` for one that
    is not a folder of its own and while another process prepares the same store.
    """
    real = check_folder(folder, "--out")
    check_apart({"--out": folder}, _inputs(dataset, downloads))
    _check_ours(dataset, folder)
    try:
        with _building(real, dataset.name) as building:
            if dataset.path:
                say(f"{dataset.name}: looking through {dataset.path}")
            raw = open_raw(dataset, downloads)
            about = _BUILT.get(type(raw), _build)(dataset, raw, building)
            _publish(building, real)
    except OSError as error:
        raise ConfigError(f"{error.filename or folder}: cannot be written ({error.strerror or error})") from None
    return about


def _inputs(dataset: Dataset, downloads: Path) -> dict[str, Path]:
    """What is read, by what names it."""
    if dataset.path is not None:
        return {f"config/datasets/{dataset.name}.yaml: key 'path'": Path(dataset.path)}
    return {"--downloads": downloads} if dataset.download else {}


def _check_ours(dataset: Dataset, folder: Path) -> None:
    """Raise :class:`ConfigError` where the folder holds what is no store of this data set."""
    about = read_mark(folder)
    if not about:  # one that was prepared before there were marks, or whose mark is damaged
        with contextlib.suppress(OSError, ValueError):
            about = json.loads((folder / "store.json").read_bytes())
    if isinstance(about, dict) and "name" in about and (about.get("for") == STORE or "fingerprint" in about):
        if about["name"] != dataset.name:
            raise ConfigError(
                f"{folder}: holds the prepared data of {about['name']}, expected a folder of its own for {dataset.name}"
            )
        return
    if folder.exists() and (others := sorted(path.name for path in folder.iterdir() if path.name != MARK)):
        raise ConfigError(
            f"{folder}: holds {few(others, 3)}, which is no prepared data of {dataset.name}, expected a new or empty "
            "folder; move them, or name another one"
        )


@contextmanager
def _building(folder: Path, name: str) -> Iterator[Path]:
    """An empty folder to build in, which only this process uses; it is removed on errors, and by the next on kills."""
    claim = Claim(folder, {"for": STORE, "name": name}, said="is preparing it")
    building = folder / ".building"
    try:
        remove_tree(building)  # what a killed preparation left
        building.mkdir()
        yield building
    finally:
        remove_tree(building)
        empty = not any(path != claim.path for path in folder.iterdir())
        claim.release(unmark=empty)


def _publish(building: Path, folder: Path) -> None:
    """Move a finished store into place, the file that vouches for the others last; the old one is whole until then."""
    (folder / ABOUT).unlink(missing_ok=True)
    made = {path.name for path in building.iterdir()}
    for name in sorted(set(FILES) - made):
        (folder / name).unlink(missing_ok=True)
    for name in [*sorted(made - {ABOUT}), ABOUT]:
        shutil.move(building / name, os.path.realpath(folder / name))


def _build(dataset: Dataset, raw: RawData, building: Path) -> dict:
    _check_classes(dataset, len(raw.class_names), raw.where)
    if raw.left_out.counts:
        say(f"{dataset.name}: left out {raw.left_out}")
    wanted = _wanted(dataset, raw)
    splits = {}
    with ExitStack() as stack:
        writers = {split: stack.enter_context(w) for split, w in _writers(dataset, raw, wanted, building)}
        contents, unreadable = _fill(dataset, raw, wanted, writers)
        for split, pictures in wanted.items():
            kept = np.array([bool(content) for content in contents[split]])
            if not kept.any():
                raise ConfigError(f"{raw.where}: no readable image in {split}/, expected some")
            writers[split].finish(kept)
            part: dict = {"length": int(kept.sum()), "arrays": {}}
            if dataset.annotation == "label":
                labels = np.array([picture.label for picture in pictures], np.int32)[kept]
                if split == "train" and (lost := sorted(set(range(dataset.classes)) - set(labels.tolist()))):
                    names = few([raw.class_names[label] for label in lost])
                    raise ConfigError(
                        f"{raw.where}: no readable image in train/ of class {names}, expected one or more"
                    )
                part["arrays"]["label"] = save_array(building, split, "label", labels)
            rows = [content for content in contents[split] if content]
            if isinstance(writers[split], RecordWriter):
                part["files"] = {"image": {"digest": digest(row[0] for row in rows)}}
            else:
                names = writers[split].layout
                digests = {name: digest(row[at] for row in rows) for at, name in enumerate(names)}
                part["arrays"] |= writers[split].manifest(digests)
            splits[split] = part
    about = _about(dataset, raw.class_names, splits)
    if unreadable:
        about["skipped"] = unreadable
    if raw.left_out.counts:
        about["left_out"] = dict(sorted(raw.left_out.counts.items()))
    (building / ABOUT).write_bytes(json_bytes(about))
    return about


def _build_text(dataset: Dataset, raw: RawText, building: Path) -> dict:
    """Tokens of both splits; those of the training text decide what byte pairs are merged."""
    tokens = tokens_of(dataset, raw)
    _check_classes(dataset, len(tokens.names), raw.where)
    splits = {}
    for split, text in raw.splits.items():
        encoded = tokens.encode(text)
        splits[split] = {
            "length": len(encoded),
            "arrays": {"token": save_array(building, split, "token", encoded, 2**16)},
        }
    if tokens.file is not None:
        (building / TOKENIZER).write_bytes(tokens.file)
    about = _about(dataset, tokens.names, splits)
    about["text"] = {"tokens": dataset.text.tokens, "characters": {split: len(t) for split, t in raw.splits.items()}}
    about["text"]["digest"] = raw.digest
    (building / ABOUT).write_bytes(json_bytes(about))
    return about


def _build_sequences(dataset: Dataset, raw: RawSequences, building: Path) -> dict:
    """Arrays as they were made."""
    _check_classes(dataset, len(raw.class_names), raw.where)
    splits = {}
    for split, arrays in raw.splits.items():
        parts = {name: save_array(building, split, name, values) for name, values in arrays.items()}
        splits[split] = {"length": len(next(iter(arrays.values()))), "arrays": parts}
    about = _about(dataset, raw.class_names, splits)
    (building / ABOUT).write_bytes(json_bytes(about))
    return about


#: How a store is built of what is no pictures.
_BUILT: dict[type, Callable[..., dict]] = {RawText: _build_text, RawSequences: _build_sequences}


def _check_classes(dataset: Dataset, found: int, where: str) -> None:
    if found != dataset.classes:
        raise ConfigError(
            f"config/datasets/{dataset.name}.yaml: key 'classes' is {dataset.classes}, "
            f"expected {found}, the number found in {where}"
        )


def _about(dataset: Dataset, class_names: list[str], splits: dict) -> dict:
    return {
        "name": dataset.name,
        "fingerprint": data_fingerprint(dataset),
        "content": hashlib.blake2b(json_bytes(splits), digest_size=16).hexdigest(),
        "store": dataset.store,
        "class_names": class_names,
        "splits": splits,
    }


def _fill(dataset: Dataset, raw: RawData, wanted: Wanted, writers: dict) -> tuple[dict, dict]:
    """Store every image; digests by split and row, empty for unreadable files, and why these are, by name."""
    contents: dict[str, list[tuple[bytes, ...]]] = {split: [()] * len(pictures) for split, pictures in wanted.items()}
    unreadable: dict[str, str] = {}
    total = sum(map(len, wanted.values()))
    with Tally(dataset.name, total, unit=" images") as tally:
        for split, row, stored in _converted(raw.read(wanted), writers):
            if isinstance(stored, Unreadable):
                unreadable[wanted[split][row].name] = str(stored)
            else:
                writers[split].put(row, stored[0])
                contents[split][row] = stored[1]
            tally.advance(1)
    _report(dataset, unreadable, total)
    return contents, unreadable


def _wanted(dataset: Dataset, raw: RawData) -> Wanted:
    for split, count in (dataset.images or {}).items():
        if len(raw.splits[split]) != count:
            raise ConfigError(
                f"config/datasets/{dataset.name}.yaml: key 'images.{split}' is {count}, expected "
                f"{len(raw.splits[split])}, the number of files found in {raw.where}; is it complete?"
            )
    train = raw.splits["train"]
    if dataset.annotation != "label":
        return raw.splits
    chosen = choose_per_class(np.array([picture.label for picture in train]), dataset)
    return {"train": [train[index] for index in chosen], "val": raw.splits["val"]}


def _writers(
    dataset: Dataset, raw: RawData, wanted: Wanted, building: Path
) -> Iterator[tuple[str, ArrayWriter | RecordWriter]]:
    if dataset.store == "records":
        yield from ((split, RecordWriter(building, split, len(pictures))) for split, pictures in wanted.items())
        return
    layouts = {split: _layout(dataset, split, raw) for split in wanted}
    size = {s: sum(dtype.itemsize * math.prod(shape) for dtype, shape in layouts[s].values()) for s in wanted}
    check_space(building.parent, sum(size[split] * len(listed) for split, listed in wanted.items()))
    yield from ((split, ArrayWriter(building, split, len(listed), layouts[split])) for split, listed in wanted.items())


def _layout(dataset: Dataset, split: str, raw: RawData) -> Layout:
    """The arrays of a split but for labels."""
    size = sides(dataset.stored_size if split == "train" else dataset.image_size)
    layout = {"image": (np.dtype(np.uint8), (*size, 3))}
    if dataset.annotation == "mask":
        layout["mask"] = (np.dtype(np.uint8), size)
    if dataset.annotation == "boxes":
        layout |= {name: (dtype, (raw.most_objects, *inner)) for name, (dtype, inner) in BOXES.items()}
    return layout


def _converted(reached: Iterator[Reached], writers: dict) -> Iterator[tuple[str, int, tuple | Unreadable]]:
    """Convert in threads, a bounded number ahead; Pillow releases the interpreter lock.

    Yields split, row, and either what is stored with its digest, or why it cannot be.
    """

    def one(load: Callable[[], bytes], convert: Callable[[bytes], bytes]) -> tuple | Unreadable:
        try:
            stored = convert(load())
        except Unreadable as error:
            return error
        except OSError as error:
            return Unreadable(error.strerror or str(error))
        return stored, tuple(digest_of(part) for part in stored)

    pending: deque = deque()
    held = 0

    def oldest() -> tuple[str, int, tuple | Unreadable]:
        nonlocal held
        split, row, size, future = pending.popleft()
        held -= size
        return split, row, future.result()

    with ThreadPoolExecutor() as pool:
        try:
            for split, row, load in reached:
                size = len(load.data) if isinstance(load, Loaded) else 0
                pending.append((split, row, size, pool.submit(one, load, writers[split].convert)))
                held += size
                while len(pending) >= AHEAD or (pending and held > AHEAD_BYTES):
                    yield oldest()
            while pending:
                yield oldest()
        finally:
            pool.shutdown(cancel_futures=True)


def _report(dataset: Dataset, unreadable: dict[str, str], total: int) -> None:
    """Say which files were unreadable, all at once; fail unless they are to be skipped."""
    if not unreadable:
        return
    listed = [f"  {shown(name, 300)}: {shown(reason, 300)}" for name, reason in sorted(unreadable.items())]
    count = f"{len(unreadable):,} of {total:,} files {'is' if len(unreadable) == 1 else 'are'} not readable images"
    if dataset.unreadable == "skip":
        say("\n".join([f"{dataset.name}: {count}, and skipped:", *listed]))
        return
    more = [f"  and {len(listed) - NAMED:,} more"] if len(listed) > NAMED else []
    raise ConfigError(
        "\n".join(
            [
                f"config/datasets/{dataset.name}.yaml: {count}; mend or remove them, or set unreadable: skip:",
                *listed[:NAMED],
                *more,
            ]
        )
    )
