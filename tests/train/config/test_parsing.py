"""The parsing layer: a plain value or one error that names file and key, whatever the text."""

import json
import math
import os

import pytest
import yaml
from hostile import FILES, VALUES
from hypothesis import example, given, settings
from hypothesis import strategies as st

from train.config import parsing, schema
from train.config.parsing import DEPTH, ConfigError

ALIKE = {
    "numbers": "a: 1\nb: -2.5\nc: 1e-3\nd: 1_000\ne: +3\nf: .5\ng: 1.\n",
    "words": "a: yes\nb: Off\nc: ~\nd: null\ne:\nf: 'yes'\ng: \"1\"\nh: no way\n",
    "texts": 'a: >-\n  folded\n  text\nb: |\n  kept\n  lines\nc: "\\u00e9"\n',
    "aliases": "a: &x {b: [1, 2]}\nc: *x\nd: &y [3]\ne: *y\n",
    "merges": "a: &x {b: 1, c: 2}\nd: {<<: *x, c: 3}\ne: {<<: [*x, {c: 4, f: 5}]}\n",
    "lists": "- [1, [2]]\n- {a: []}\n- - 3\n",
    "tags": "a: !!str 3\nb: !!float 3\nc: !!int 4\n",
    "a mark": "\ufeffa: 1\n",
}


@pytest.mark.parametrize("text", ALIKE.values(), ids=ALIKE)
def test_plain_documents_are_what_they_are_to_everybody(text, tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text(text, encoding="utf-8")
    expected = yaml.safe_load(text.replace("1e-3", "0.001"))
    assert parsing.load(path) == expected
    path = tmp_path / "a.json"
    path.write_text(json.dumps(expected))
    assert parsing.load(path) == expected


@pytest.mark.parametrize("suffix", ["yaml", "json"])
@pytest.mark.parametrize("name", FILES)
def test_a_hostile_file_is_a_plain_value_or_one_error(tmp_path, name, suffix):
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(FILES[name])
    try:
        value = parsing.load(path)
    except ConfigError as error:
        assert str(error).startswith(f"{path}") and "\n" not in str(error)
    else:
        assert_plain(value)
        assert name in ("empty", "blank", "a comment", "null", "a list", "a number", "a text", "not a number")
        assert (name, suffix) != ("not a number", "json")


@pytest.mark.parametrize("name", VALUES)
def test_a_hostile_value_is_plain_or_named_with_its_key(name):
    try:
        value = parsing.parse(f"outer:\n  inner: {VALUES[name]}\n", "a.yaml")
    except ConfigError as error:
        message = str(error)
        assert message.startswith("a.yaml: key 'outer.inner") or message.startswith("a.yaml, line 2: "), message
        assert len(message) < 400
    else:
        assert_plain(value)


KEYS = {
    "a number": ("1: x", "key '1': the key is a number, expected a text"),
    "true": ("yes: x", "key 'True': the key is true"),
    "null": ("~: x", "key 'None': the key is null"),
    "a date": ("2020-01-01: x", "key '2020-01-01': the key is read differently"),
    "a list": ("? [1]\n: x", "line 1: a key is a list of 1"),
    "several lines": ('"a\\nb": x', "the key is a text of several lines"),
    "a control character": ('"a\\e": x', "U+001B"),
    "twice": ("a: {b: 1, b: 2}", "key 'a.b' is given twice"),
    "twice in another notation": ("a: 1\n'a': 2", "key 'a' is given twice"),
}


@pytest.mark.parametrize(("text", "says"), KEYS.values(), ids=KEYS)
def test_keys_are_texts(text, says):
    with pytest.raises(ConfigError) as raised:
        parsing.parse(text, "a.yaml")
    assert says in str(raised.value)


def test_what_another_parser_made_is_checked_alike():
    import datetime

    for value, says in {
        "a date": (datetime.date(2020, 1, 1), "a date (2020-01-01), expected a number, a text"),
        "not finite": (math.inf, "inf, expected a finite number"),
        "large": (2**63, "an integer of more than 64 bits"),
        "bytes": (b"x", "a bytes"),
        "a set": ({1}, "a set"),
    }.values():
        with pytest.raises(ConfigError, match=r"config.yaml: key 'zoo.seeds.0' is ") as raised:
            parsing.plain({"zoo": {"seeds": [value]}}, "config.yaml")
        assert says in str(raised.value)


@pytest.mark.parametrize("depth", [DEPTH, DEPTH + 1, 3000])
def test_depth_is_the_same_limit_in_both_languages(depth):
    text = "[" * depth + "]" * depth
    for read in (parsing.parse, parsing.parse_json):
        if depth <= DEPTH:
            assert_plain(read(text, "a"))
        else:
            with pytest.raises(ConfigError, match="nested too deeply"):
                read(text, "a")


def test_places_that_are_no_files(tmp_path):
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "folder.json").mkdir()
    (tmp_path / "link.yaml").symlink_to("link.yaml")
    large = tmp_path / "large.json"
    with large.open("wb") as file:
        file.truncate(1 << 40)
    for name, says in {
        "pipe.yaml": "is no regular file",
        "folder.json": "is a folder",
        "link.yaml": "cannot be read",
        "large.json": "expected at most",
        "pip.yaml": "no such file; did you mean 'pipe'?",
        "large.json/a.json": "cannot be read (Not a directory)",
        "x" * 300 + ".yaml": "cannot be read (File name too long)",
        "a\0b.yaml": "cannot be read",
        "a\nb\x1b.yaml": r"a\nb\x1b.yaml: no such file",
    }.items():
        with pytest.raises(ConfigError) as raised:
            parsing.load(tmp_path / name)
        assert says in str(raised.value) and "\n" not in str(raised.value)


texts = st.text(st.characters(codec=None), max_size=12)
plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(plain)
@example({"\udcff": ["\ud800\udc00", "\x00"]})
def test_what_a_program_writes_comes_back(tmp_path_factory, value):
    """Names of files may be anything, also no UTF-8; the file is UTF-8 and JSON all the same."""
    path = tmp_path_factory.getbasetemp() / "written.json"
    path.write_bytes(parsing.json_bytes(value))
    path.read_text(encoding="utf-8")
    pairs = json.dumps(value)  # a pair of surrogates is one character once it has been written
    assert parsing.load(path, "make it again") == json.loads(pairs)


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from("ab:- \n[]{},&*!|>'\"\\#%@`0123456789._eE+~?\t<"), max_size=60))
def test_any_text_is_a_plain_value_or_one_error(text):
    for read in (parsing.parse, parsing.parse_json):
        try:
            value = read(text, "a")
        except ConfigError as error:
            assert str(error).startswith("a") and "\n" not in str(error)
        else:
            assert_plain(value)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_what_json_does_not_have_is_not_written(value):
    with pytest.raises(ValueError, match="not JSON compliant"):
        parsing.json_bytes({"loss": value})


def assert_plain(value):
    if isinstance(value, dict):
        assert type(value) is dict and all(type(key) is str for key in value)
        for item in value.values():
            assert_plain(item)
    elif isinstance(value, list):
        for item in value:
            assert_plain(item)
    else:
        assert type(value) in (str, int, float, bool, type(None))
        assert not isinstance(value, float) or math.isfinite(value)


def test_a_block_that_was_found_right_says_nothing_of_another(digits_cells):
    """A true is no 1, also after that was right, and what is wrong stays wrong."""
    right, wrong = (
        {**digits_cells["bare"], "optimizer": {**digits_cells["bare"]["optimizer"], "learning_rate": rate}}
        for rate in (1, True)
    )
    schema.validate(right, "cell", "c.yaml")
    for _ in range(2):
        with pytest.raises(ConfigError, match=r"key 'optimizer\.learning_rate' is true, expected a number"):
            schema.validate(wrong, "cell", "c.yaml")
    schema.validate(right, "cell", "c.yaml")
