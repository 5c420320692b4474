"""Texts: how they are read, split and turned into tokens, and what is said of those that cannot be."""

import dataclasses
import gzip
import hashlib
import json

import numpy as np
import pytest

from train.config import data_fingerprint
from train.config.cell import Dataset, Download, Text
from train.config.schema import ConfigError
from train.data.prepare import prepare
from train.data.raw.text import open_text, python_topics
from train.data.store import open_store
from train.data.tokens import ASCII, UNKNOWN, BytePairs, Characters, tokens_from

VERSE = (
    "Es war, als hätt’ der Himmel\ndie Erde still geküsst,\r\n"
    "dass sie im Blüten-Schimmer\n\tvon ihm nun träumen müsst.\n"
)


def dataset(path, classes=0, tokens="characters", held_out=0.1, **more):
    return Dataset("mine", "text", None if path is None else str(path), classes, text=Text(tokens, held_out), **more)


@pytest.fixture
def verse(tmp_path):
    path = tmp_path / "verse.txt"
    path.write_bytes((VERSE * 20).encode())
    return path


def test_a_file_is_split_at_its_end(verse, tmp_path):
    raw = open_text(dataset(verse, held_out=0.25), tmp_path)
    whole = VERSE * 20
    assert raw.splits["train"] + raw.splits["val"] == whole
    assert len(raw.splits["val"]) == round(0.25 * len(whole))


def test_a_folder_has_both_splits(tmp_path):
    for split in ("train", "val"):
        (tmp_path / f"{split}.txt").write_text(f"the {split} text\n")
    raw = open_text(dataset(tmp_path), tmp_path)
    assert raw.splits == {"train": "the train text\n", "val": "the val text\n"}


def test_the_help_of_python_is_split_by_topic():
    """Nothing of one split is in the other, but for what topics share by less than the bar."""
    raw = python_topics(0.1)
    lengths = {split: len(text) for split, text in raw.splits.items()}
    assert lengths["train"] > 250_000 and 0.1 <= lengths["val"] / sum(lengths.values()) < 0.35
    again = python_topics(0.1)
    assert again.splits == raw.splits and again.digest == raw.digest
    held = [raw.splits["val"][at : at + 40] for at in range(0, lengths["val"] - 40, 40)]
    assert sum(run in raw.splits["train"] for run in held) < 0.1 * len(held)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "holds no text"),
        (b" \n\t\n", "holds no text"),
        ("grün".encode("latin-1"), "byte 2 is not UTF-8"),
        (gzip.compress(b"a text", mtime=0), "byte 1 is not UTF-8"),
        (b"ab", "expected enough of them to hold out 0.1"),
    ],
)
def test_a_file_that_is_no_text_is_one_sentence(tmp_path, data, says):
    path = tmp_path / "odd.txt"
    path.write_bytes(data)
    with pytest.raises(ConfigError, match=says) as error:
        open_text(dataset(path), tmp_path)
    assert str(path) in str(error.value)


def test_a_text_that_is_not_there(tmp_path):
    with pytest.raises(ConfigError, match=r"key 'path' is .*none, expected a file of text"):
        open_text(dataset(tmp_path / "none"), tmp_path)
    with pytest.raises(ConfigError, match=r"val\.txt: cannot be read"):
        (tmp_path / "train.txt").write_text("text")
        open_text(dataset(tmp_path), tmp_path)


def test_a_text_is_downloaded_and_verified(verse, tmp_path):
    right = hashlib.sha256(verse.read_bytes()).hexdigest()
    found = open_text(dataset(None, download=Download(verse.as_uri(), sha256=right)), tmp_path / "downloads")
    assert found.splits == open_text(dataset(verse), tmp_path).splits
    with pytest.raises(ConfigError, match="checksum sha256"):
        open_text(dataset(None, download=Download(verse.as_uri(), sha256="0" * 64)), tmp_path / "others")
    with pytest.raises(ConfigError, match="checksum sha256"):
        open_text(dataset(verse, download=Download(None, sha256="0" * 64)), tmp_path)


def test_characters_come_back_as_they_were():
    tokens = Characters(sorted(set(VERSE)))
    encoded = tokens.encode(VERSE)
    assert encoded.dtype == np.uint16 and tokens.decode(encoded) == VERSE
    with pytest.raises(ConfigError, match="character 'Z' is none of"):
        tokens.encode("Zeit")


def test_ascii_has_a_token_for_everything_else():
    tokens = Characters(list(ASCII))
    assert len(ASCII) == 97 and sorted(ASCII) == list(ASCII)
    assert tokens.decode(tokens.encode("a\tb\nü’")) == f"a{UNKNOWN}b\n{UNKNOWN}{UNKNOWN}"


def test_byte_pairs_come_back_as_they_were(tmp_path):
    text = VERSE * 20
    tokens = BytePairs.learned(text, 320)
    encoded = tokens.encode(text)
    assert len(tokens.names) == len(set(tokens.names)) == 320
    assert tokens.decode(encoded) == text and len(encoded) < 0.7 * len(text)
    strange = "漢字 and   blanks \n\n"
    assert tokens.decode(tokens.encode(strange)) == strange
    assert (tokens_from(tokens.names, tokens.file, "here").encode(text) == encoded).all()
    with pytest.raises(ConfigError, match="here: no tokenizer"):
        tokens_from(tokens.names, b"nonsense", "here")


@pytest.mark.parametrize("tokens", ["characters", "ascii", "byte-pair"])
def test_a_prepared_text_is_opened_as_it_was(verse, tmp_path, tokens):
    classes = {"characters": len(set(VERSE)), "ascii": 97, "byte-pair": 320}[tokens]
    data = dataset(verse, classes, tokens)
    about = prepare(data, tmp_path / "store")
    store = open_store(tmp_path / "store", data)
    raw = open_text(data, tmp_path)
    for split in ("train", "val"):
        text = raw.splits[split]
        expected = text if tokens != "ascii" else "".join(c if c in ASCII else UNKNOWN for c in text)
        assert store.decode(getattr(store, split)["token"]) == expected
    assert about["text"] == {
        "tokens": tokens,
        "characters": {split: len(text) for split, text in raw.splits.items()},
        "digest": raw.digest,
    }
    # Preparing it with other tokens leaves nothing of the first behind.
    prepare(dataclasses.replace(data, classes=97, text=Text("ascii", 0.1)), tmp_path / "store")
    assert not (tmp_path / "store/tokenizer.model").exists()
    assert json.loads((tmp_path / "store/store.json").read_text())["class_names"] == list(ASCII)


def test_the_number_of_tokens_is_checked(verse, tmp_path):
    found = len(set(VERSE))
    with pytest.raises(ConfigError, match=f"key 'classes' is 65, expected {found}, the number found in"):
        prepare(dataset(verse, 65), tmp_path / "store")
    with pytest.raises(ConfigError, match="key 'classes' is 200, expected more than the 256 bytes"):
        prepare(dataset(verse, 200, "byte-pair"), tmp_path / "store")
    with pytest.raises(
        ConfigError, match="key 'classes' is 4096, expected a number of byte pairs that the text allows"
    ):
        prepare(dataset(verse, 4096, "byte-pair"), tmp_path / "store")


def test_what_decides_the_tokens_decides_the_fingerprint(verse):
    one = dataset(verse, 65)
    others = [dataset(verse, 66), dataset(verse, 65, "ascii"), dataset(verse, 65, held_out=0.2)]
    prints = {data_fingerprint(each) for each in (one, *others)}
    assert len(prints) == 4 and data_fingerprint(dataset("elsewhere", 65)) in prints
