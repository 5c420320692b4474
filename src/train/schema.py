"""Read YAML and JSON, check them against the schemas, and say in one sentence what is wrong."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from referencing import Registry, Resource

#: Patterns of the schemas in words; names of things are what the others describe.
PATTERNS = {
    "^(https?|file)://": "an address that begins with https://, http:// or file://",
    "^[0-9a-f]{32}$": "32 hexadecimal digits",
    "^[0-9a-f]{64}$": "64 hexadecimal digits",
}
SCHEMAS = Path(__file__).resolve().parents[2] / "workflow" / "schemas"


class ConfigError(ValueError):
    """A mistake in a configuration: the message names the file, the key and what was expected."""


class _Loader(yaml.SafeLoader):
    """YAML with two traps removed: a key given twice is an error, and 1e-3 is a number."""

    def construct_mapping(self, node, deep=False):
        seen = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node)
            if key in seen:
                raise ConfigError(
                    f"{self.name}, line {key_node.start_mark.line + 1}: key {key!r} is given twice, expected once"
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(
        r"^[-+]?(?:[0-9][0-9_]*\.?[0-9_]*(?:[eE][-+]?[0-9]+)|[0-9][0-9_]*\.[0-9_]*|\.[0-9]+(?:[eE][-+]?[0-9]+)?)$"
    ),
    list("-+0123456789."),
)


def load(path: Path) -> Any:
    """The contents of a YAML or JSON file. Raises :class:`ConfigError` when it is missing or malformed."""
    try:
        with path.open(encoding="utf-8") as stream:
            if path.suffix == ".json":
                return json.load(stream)
            loader = _Loader(stream)
            loader.name = str(path)
            try:
                return loader.get_single_data()
            finally:
                loader.dispose()
    except FileNotFoundError:
        near = difflib.get_close_matches(path.stem, [p.stem for p in path.parent.glob(f"*{path.suffix}")], n=1)
        there = sorted(p.stem for p in path.parent.glob(f"*{path.suffix}"))
        hint = f"; did you mean {near[0]!r}?" if near else f"; there are: {', '.join(there)}" if there else ""
        raise ConfigError(f"{path}: no such file{hint}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read ({getattr(error, 'strerror', None) or error})") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else "?"
        raise ConfigError(f"{path}, line {line}: not valid YAML ({error.problem})") from None
    except json.JSONDecodeError as error:
        raise ConfigError(f"{path}, line {error.lineno}: not valid JSON ({error.msg})") from None


def parse(text: str, where: str) -> Any:
    """A value as it would stand in a YAML file. Raises :class:`ConfigError` when it is malformed."""
    loader = _Loader(text)
    loader.name = where
    try:
        return loader.get_single_data()
    except yaml.MarkedYAMLError as error:
        raise ConfigError(f"{where}: {text!r} is not valid YAML ({error.problem})") from None
    finally:
        loader.dispose()


@cache
def _registry() -> Registry:
    pairs = ((p.name, Resource.from_contents(_schema(p.name))) for p in SCHEMAS.glob("*.schema.yaml"))
    return Registry().with_resources(pairs)


@cache
def _schema(name: str) -> dict:
    return {"$id": name, **yaml.safe_load((SCHEMAS / name).read_text(encoding="utf-8"))}


def validate(value: Any, schema: str, where: str) -> None:
    """Check ``value`` against ``schema`` (``config``, ``dataset``, ``recipe``, ``cells`` or ``cell``).

    ``where`` names the file in the message. Raises :class:`ConfigError` for the first mistake, counting the others.
    """
    name = f"{schema}.schema.yaml"
    validator = Draft202012Validator(_schema(name), registry=_registry())
    found = sorted(validator.iter_errors(value), key=lambda error: _position(value, error.absolute_path))
    if found:
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        raise ConfigError(f"{where}: {_sentence(found[0])}{more}")


def _position(value: Any, path: Iterable) -> list[int]:
    """Where in the file a path stands, so that the first mistake a reader meets is the one reported."""
    position = []
    for part in path:
        position.append(list(value).index(part) if isinstance(value, dict) else part)
        value = value[part]
    return position


def _sentence(error: ValidationError) -> str:
    """One mistake in words: the key, what stands there, what was expected."""
    if error.context:  # null or an object: the object's own complaint is the useful one
        deeper = [e for e in error.context if e.validator != "type"] or list(error.context)
        return _sentence(deeper[0])
    key = ".".join(str(part) for part in error.absolute_path)
    at = f"key '{key}'" if key else "the file"
    known = error.schema.get("properties", {}) if isinstance(error.schema, dict) else {}
    if error.validator == "not":  # a key that does not go with the others that are there
        return f"{at} does not belong here, expected it to be left out"
    if error.validator == "additionalProperties":
        unknown = next(name for name in error.instance if name not in known)
        full = f"{key}.{unknown}" if key else unknown
        near = difflib.get_close_matches(unknown, known, n=1)
        hint = f"did you mean '{near[0]}'?" if near else f"expected one of {', '.join(known)}"
        return f"unknown key '{full}'; {hint}"
    if error.validator == "required":
        absent = next(name for name in error.validator_value if name not in error.instance)
        meaning = known.get(absent, {}).get("description", "")
        return f"{at}: '{absent}' is missing{'; ' + meaning if meaning else ''}"
    got = json.dumps(error.instance) if not isinstance(error.instance, (dict, list)) else _kind(error.instance)
    return f"{at} is {got}, expected {_expected(error)}"


def _expected(error: ValidationError) -> str:
    rule, want = error.validator, error.validator_value
    if rule == "type":
        kinds = [want] if isinstance(want, str) else want
        return " or ".join(
            {"object": "a mapping of keys", "array": "a list", "null": "null"}.get(
                k, f"a{'n' if k[0] in 'aeio' else ''} {k}"
            )
            for k in kinds
        )
    phrases = {
        "enum": lambda: "one of " + ", ".join(json.dumps(v) for v in want),
        "const": lambda: json.dumps(want),
        "minimum": lambda: f"at least {want}",
        "maximum": lambda: f"at most {want}",
        "exclusiveMinimum": lambda: f"more than {want}",
        "exclusiveMaximum": lambda: f"less than {want}",
        "minItems": lambda: f"at least {want} entries",
        "maxItems": lambda: f"at most {want} entries",
        "uniqueItems": lambda: "each entry once",
        "minProperties": lambda: f"at least {want} entries",
        "minLength": lambda: "a text that is not empty",
        "pattern": lambda: PATTERNS.get(want, "lower-case letters, digits and hyphens"),
    }
    return phrases.get(rule, lambda: error.message)()


def _kind(value: Any) -> str:
    return "a mapping" if isinstance(value, dict) else f"a list of {len(value)}" if value else "an empty list"
