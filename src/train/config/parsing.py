"""Every YAML and JSON file that a person or a program wrote, as plain values: the one place where they are parsed.

What comes out is made of mappings with texts as keys, lists, texts, true and false, null, integers of 64 bits and
finite numbers, and is at most :data:`DEPTH` levels deep. Whatever else a file holds is one :class:`ConfigError` that
names the file and the key. YAML is read as the versions 1.1 and 1.2 of the language and JSON agree on it: plain texts
that one of them takes for a number and another does not (``010``, ``1:30``, ``2020-01-01``) are refused, not guessed.
"""

from __future__ import annotations

import contextlib
import difflib
import json
import math
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from train.config.printable import shown

#: Levels of nesting, characters of YAML, bytes of any file, and values of YAML after aliases are followed.
DEPTH = 64
YAML_LENGTH = 1 << 18
FILE_BYTES = 1 << 26
VALUES = 50_000


class ConfigError(ValueError):
    """A mistake in a configuration: the message names the file, the key and what was expected."""


@contextmanager
def naming(where: Any) -> Iterator[None]:
    """A context whose errors about a key begin with the file, or whatever has that key."""
    try:
        yield
    except ConfigError as error:
        if not str(error).startswith("key '"):
            raise
        raise ConfigError(f"{shown(where, 300)}: {error}") from None


class _Ambiguous(str):
    """A plain YAML text that versions of the language read differently."""


class _Twice(dict):
    """A mapping in which a key is given twice."""

    key: Any = None


def load(path: Path, advice: str = "") -> Any:
    """The contents of a YAML or JSON file, by its suffix.

    Files which a program wrote come with ``advice``, a way out that ends every message; their texts may be any that a
    name of a file is. Raises :class:`ConfigError` when the file is missing, no file, not UTF-8 or malformed, or holds a
    value that has no place in a plain document.
    """
    try:
        text, where = read_text(path), shown(path, 300)
        if path.suffix == ".json":
            return plain(_json(text, where), where, anything=bool(advice), values=FILE_BYTES)
        return plain(_yaml(text, where), where, anything=bool(advice))
    except ConfigError as error:
        raise ConfigError(f"{error}; {advice}" if advice else str(error)) from None


def parse(text: str, where: str) -> Any:
    """A value as it would stand in a YAML file. Raises :class:`ConfigError`, which names ``where``."""
    return plain(_yaml(text, where), where)


def parse_json(text: str, where: str) -> Any:
    """The value of a JSON text. Raises :class:`ConfigError`, which names ``where``."""
    return plain(_json(text, where), where, values=FILE_BYTES)


def json_bytes(value: Any) -> bytes:
    """``value`` as a JSON file that :func:`load` reads back.

    Names of files that are no UTF-8 keep their surrogates as JSON's escapes. Raises ``ValueError`` for numbers that are
    not finite, which JSON does not have.
    """
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
    return f"{text}\n".encode(errors="backslashreplace")


def read_text(path: Path) -> str:
    """The text of a regular file in UTF-8, with or without a byte order mark. Raises :class:`ConfigError`."""
    where = shown(path, 300)
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):  # reading a pipe would wait for somebody to write
            kind = "a folder" if stat.S_ISDIR(found.st_mode) else "no regular file"
            raise ConfigError(f"{where}: is {kind}, expected a file")
        if found.st_size > FILE_BYTES:
            raise ConfigError(f"{where}: has {found.st_size:,} bytes, expected at most {FILE_BYTES:,}")
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise ConfigError(f"{where}: no such file{_neighbours(path)}") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{where}: is not text in UTF-8 ({error.reason} at byte {error.start:,})") from None
    except OSError as error:
        raise ConfigError(f"{where}: cannot be read ({error.strerror or error})") from None
    except ValueError as error:  # a path with a null character
        raise ConfigError(f"{where}: cannot be read ({error})") from None


def _neighbours(path: Path) -> str:
    try:
        there = sorted(p.stem for p in path.parent.iterdir() if p.suffix == path.suffix and not p.name.startswith("."))
    except OSError:
        return ""
    near = difflib.get_close_matches(path.stem, there, n=1)
    return f"; did you mean {shown(near[0])!r}?" if near else f"; there are: {_few(there)}" if there else ""


def _few(names: list[str], limit: int = 20) -> str:
    more = f" and {len(names) - limit:,} more" if len(names) > limit else ""
    return ", ".join(map(shown, names[:limit])) + more


def plain(value: Any, where: str, *, anything: bool = False, values: int = VALUES) -> Any:
    """A copy of ``value`` that holds nothing but what a plain document may hold.

    For values that another program has parsed, too: Snakemake its configuration. ``anything`` admits texts with control
    characters and halves of surrogate pairs, which names of files may have. Raises :class:`ConfigError` naming
    ``where`` and the key.
    """
    count = 0

    def visit(value: Any, key: tuple) -> Any:
        nonlocal count
        count += 1
        if len(key) >= DEPTH and isinstance(value, (dict, list, tuple)):
            raise ConfigError(f"{where}: {_at(key[:3])} is nested too deeply, expected at most {DEPTH} levels")
        if count > values:
            raise ConfigError(f"{where}: holds more than {values:,} values with its aliases, expected fewer")
        if isinstance(value, dict):
            return dict(_items(value, key))
        if isinstance(value, (list, tuple)):
            return [visit(item, (*key, index)) for index, item in enumerate(value)]
        problem = _problem(value, anything)
        if problem:
            raise ConfigError(f"{where}: {_at(key)} is {problem}")
        return value

    def _items(value: dict, key: tuple) -> Iterator[tuple[str, Any]]:
        if isinstance(value, _Twice):
            raise ConfigError(f"{where}: {_at((*key, value.key))} is given twice, expected once")
        for name, item in value.items():
            if not isinstance(name, str) or isinstance(name, _Ambiguous):
                is_what = "read differently by versions of YAML" if isinstance(name, str) else kind_of(name)
                raise ConfigError(
                    f"{where}: {_at((*key, name))}: the key is {is_what}, expected a text; write it in quotes"
                )
            wrong = _problem(name, anything) or ("" if anything or name.isprintable() else "a text of several lines")
            if wrong:
                raise ConfigError(f"{where}: {_at((*key, name))}: the key is {wrong}, expected a word")
            yield name, visit(item, (*key, name))

    return visit(value, ())


def _at(key: tuple) -> str:
    return f"key '{dotted(key)}'" if key else "the file"


def dotted(key: tuple | list) -> str:
    """The way to a value: ``cells.mixup.augmentation``, ``seeds.1``."""
    return ".".join(shown(part, 60) for part in key)


def kind_of(value: Any) -> str:
    """What a value is, in the words of messages."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return "a number"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, (list, tuple)):
        return f"a list of {len(value)}" if value else "an empty list"
    return "a text" if isinstance(value, str) else f"a {type(value).__name__}"


def _problem(value: Any, anything: bool) -> str:
    """What is wrong with a value that is neither a mapping nor a list, or nothing."""
    if isinstance(value, _Ambiguous):
        return f"{shown(value)}, which versions of YAML read differently, expected a plain number or a text in quotes"
    if isinstance(value, str):
        odd = None if anything else next((c for c in value if _forbidden(c)), None)
        return "" if odd is None else f"a text with the character U+{ord(odd):04X}, expected none of that kind"
    if value is None or isinstance(value, bool):
        return ""
    if isinstance(value, int):
        return "" if -(2**63) <= value < 2**63 else "an integer of more than 64 bits, expected a smaller one"
    if isinstance(value, float):
        return "" if math.isfinite(value) else f"{value}, expected a finite number"
    return f"{kind_of(value)} ({shown(value)}), expected a number, a text, a list or a mapping"


def _forbidden(character: str) -> bool:
    code = ord(character)
    controls = (code < 32 and character not in "\n\t") or 127 <= code < 160
    return controls or 0xD800 <= code < 0xE000 or code & 0xFFFE == 0xFFFE or code in (0x2028, 0x2029, 0xFEFF)


# JSON


def _json(text: str, where: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_pairs, parse_int=_integer)
    except json.JSONDecodeError as error:
        problem = error.msg if text.strip() else "it is empty"
        raise ConfigError(f"{where}, line {error.lineno}: not valid JSON ({problem})") from None
    except RecursionError:
        raise ConfigError(f"{where}: is nested too deeply, expected at most {DEPTH} levels") from None


def _pairs(pairs: list[tuple[str, Any]]) -> dict:
    found = dict(pairs)
    if len(found) < len(pairs):
        found = _Twice(found)
        names = [name for name, _ in pairs]
        found.key = next(name for name in names if names.count(name) > 1)
    return found


def _integer(text: str) -> int:
    return int(text[:24])  # enough to see that it is too large; Python refuses to read thousands of digits


# YAML

#: The parser in C, where PyYAML was built with it: it takes an eighth of the time.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NULL = re.compile(r"(?:~|null|Null|NULL|)")
_TRUE = re.compile(r"yes|Yes|YES|true|True|TRUE|on|On|ON")
_FALSE = re.compile(r"no|No|NO|false|False|FALSE|off|Off|OFF")
_INT = re.compile(r"[-+]?(?:0|[1-9][0-9]*(?:_[0-9]+)*)")
_FLOAT = re.compile(r"[-+]?(?:[0-9]+(?:_[0-9]+)*\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"([-+]?)\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
# Octal, binary and hexadecimal, base 60, other groupings of digits, dates.
_UNSURE = re.compile(
    r"[-+]?0[0-7_]+|[-+]?0[bxo][0-9a-fA-F_]+|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?|[-+]?[0-9][0-9_]*_[0-9_]*"
    r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt \t].*)?"
)
_TAGS = {f"tag:yaml.org,2002:{name}": name for name in ("null", "bool", "int", "float", "str", "seq", "map")}
_MERGE = object()


def _yaml(text: str, where: str) -> Any:
    """The only document of ``text``. Built from events, which need no stack, so that nesting cannot exhaust it."""
    if len(text) > YAML_LENGTH:
        raise ConfigError(f"{where}: has {len(text):,} characters, expected at most {YAML_LENGTH:,}")
    if LOADER is not yaml.SafeLoader:
        with contextlib.suppress(yaml.YAMLError):  # the other says better what is wrong, and in which line
            return _Builder(text, where, LOADER).document()
    try:
        return _Builder(text, where, yaml.SafeLoader).document()
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else "?"
        raise ConfigError(f"{where}, line {line}: not valid YAML ({shown(error.problem)})") from None
    except yaml.reader.ReaderError as error:
        raise ConfigError(f"{where}: not valid YAML (it holds the character U+{error.character:04X})") from None


class _Builder:
    """Values from the events of a YAML text, with aliases shared and not copied."""

    def __init__(self, text: str, where: str, loader: Any) -> None:
        self.events = yaml.parse(text, Loader=loader)
        self.where = where
        self.anchors: dict[str, Any] = {}
        self.depth = 0

    def document(self) -> Any:
        documents = []
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                if documents:
                    self._fail(event, "a second document begins here, expected one")
                documents.append(self._value(next(self.events)))
        return documents[0] if documents else None

    def _value(self, event: yaml.Event) -> Any:
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in self.anchors:
                self._fail(event, f"alias *{shown(event.anchor)} has no anchor before it")
            return self.anchors[event.anchor]
        self.depth += 1
        if self.depth > DEPTH + 1:
            self._fail(event, f"is nested too deeply, expected at most {DEPTH} levels")
        if isinstance(event, yaml.MappingStartEvent):
            value = self._mapping(event)
        elif isinstance(event, yaml.SequenceStartEvent):
            value = self._sequence(event)
        else:
            value = self._scalar(event)
        self.depth -= 1
        return value

    def _sequence(self, start: yaml.SequenceStartEvent) -> list:
        self._tag(start, "seq")
        found = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            found.append(self._value(event))
        self._keep(start, found)
        return found

    def _mapping(self, start: yaml.MappingStartEvent) -> dict:
        self._tag(start, "map")
        own, merged = {}, []
        twice = None
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            key = self._value(event)
            value = self._value(next(self.events))
            if key is _MERGE:
                several = value if isinstance(value, list) else [value]
                if not all(isinstance(one, dict) for one in several):
                    self._fail(event, f"key '<<' is {kind_of(value)}, expected a mapping or a list of mappings")
                merged += several
                continue
            if isinstance(key, (dict, list)):
                self._fail(event, f"a key is {kind_of(key)}, expected a text")
            twice = key if key in own else twice
            own[key] = value
        found = {**{k: v for one in reversed(merged) for k, v in one.items()}, **own} if merged else own
        if twice is not None:
            found = _Twice(found)
            found.key = twice
        self._keep(start, found)
        return found

    def _scalar(self, event: yaml.ScalarEvent) -> Any:
        text, tag = event.value, self._tag(event, *_TAGS.values())
        if tag == "str" or (tag is None and not event.implicit[0]):
            value = text
        else:
            value = _MERGE if text == "<<" and event.implicit[0] else _resolved(text)
            wanted = {"null": type(None), "bool": bool, "int": int, "float": (int, float)}.get(tag or "")
            if wanted and (not isinstance(value, wanted) or (tag != "bool" and isinstance(value, bool))):
                self._fail(event, f"{shown(text)!r} is marked as !!{tag} and is none")
            value = float(value) if tag == "float" else value
        self._keep(event, value)
        return value

    def _keep(self, event: yaml.Event, value: Any) -> None:
        if event.anchor:
            self.anchors[event.anchor] = value

    def _tag(self, event: yaml.Event, *known: str) -> str | None:
        """The kind that a tag asks for; anything but those of plain documents is refused, what runs code above all."""
        if event.tag in (None, "!"):
            return "str" if event.tag and isinstance(event, yaml.ScalarEvent) else None
        if _TAGS.get(event.tag) not in known:
            self._fail(event, f"tag {shown(event.tag)} is not understood, expected none")
        return _TAGS[event.tag]

    def _fail(self, event: yaml.Event, problem: str) -> None:
        raise ConfigError(f"{self.where}, line {event.start_mark.line + 1}: {problem}")


def _resolved(text: str) -> Any:
    """The value of a plain YAML text."""
    if _NULL.fullmatch(text):
        return None
    if _TRUE.fullmatch(text):
        return True
    if _FALSE.fullmatch(text):
        return False
    if _INT.fullmatch(text):
        return int(text[:24])
    if infinite := _NOT_FINITE.fullmatch(text):
        return float((infinite[1] or "") + text.lstrip("+-")[1:])
    if _UNSURE.fullmatch(text):
        return _Ambiguous(text)
    if any(character.isdigit() for character in text) and _FLOAT.fullmatch(text):
        return float(text)
    return text
