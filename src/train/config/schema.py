"""Read YAML and JSON, check them against the schemas, and say in one sentence what is wrong."""

from __future__ import annotations

import difflib
import json
import math
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend
from referencing import Registry, Resource

from train.config.parsing import LOADER, ConfigError, dotted, kind_of, load, naming, parse, parse_json, plain
from train.config.printable import shown

__all__ = ["ConfigError", "is_name", "load", "load_mapping", "naming", "parse", "parse_json", "plain", "validate"]

#: What cells, data sets, recipes and sets of cells may be called: it is a part of paths, targets and commands.
NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
NAME_IN_WORDS = "at most 63 lower-case letters, digits and hyphens, no hyphen at either end"
#: Patterns of the schemas in words; names of things are what the others describe.
PATTERNS = {
    "^(https?|file)://": "an address that begins with https://, http:// or file://",
    "^[0-9a-f]{32}$": "32 hexadecimal digits",
    "^[0-9a-f]{64}$": "64 hexadecimal digits",
    "^[^ \\t\\n](.*[^ \\t\\n])?$": "a text of one line without blanks at its ends",
}
SCHEMAS = Path(__file__).resolve().parents[3] / "workflow" / "schemas"


def is_name(text: str) -> bool:
    """Whether something may be called ``text``, see :data:`NAME`."""
    return bool(NAME.fullmatch(text))


def load_mapping(path: Path, advice: str = "") -> dict[str, Any]:
    """:func:`load` of a file that must hold a mapping of keys."""
    value = load(path, advice)
    if not isinstance(value, dict):
        way_out = f"; {advice}" if advice else ""
        raise ConfigError(f"{shown(path, 300)}: the file is {kind_of(value)}, expected a mapping of keys{way_out}")
    return value


def _is_integer(_: Any, value: Any) -> bool:
    """Whole numbers written as such: what takes 2.0 for 2 in one place passes on a float in another."""
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(_: Any, value: Any) -> bool:
    return _is_integer(_, value) or (isinstance(value, float) and math.isfinite(value))


def _pattern(_: Any, pattern: str, text: Any, __: Any) -> Iterator[ValidationError]:
    """``$`` is the end of the text, as the standard has it, and not the place before a last line break."""
    if isinstance(text, str) and not re.search(re.sub(r"\$$", r"\\Z", pattern), text):
        yield ValidationError(f"{text!r} does not match {pattern!r}")


def _options(_: Any, options: dict[str, str], value: Any, declared: dict[str, Any]) -> Iterator[ValidationError]:
    """Keys that only some have, by the name that stands under another key: see :func:`options_of`."""
    if not isinstance(value, dict) or not isinstance(name := _named(value, declared), str):
        return
    own = options_of(declared, name)
    said = f"expected options of {name}: {', '.join(own)}" if own else f"{name} has no options of its own"
    for key, about in declared["properties"].items():
        if key in value and "for" in about and key not in own:
            yield ValidationError(said, path=[key], validator="options")
        elif key not in value and own.get(key) == "required":
            yield ValidationError(key, validator="required", validator_value=[key], instance=value, schema=declared)


def options_of(declared: dict[str, Any], name: str) -> dict[str, Any]:
    """The options that ``name`` has among the properties of a schema, with their defaults, or ``"required"``.

    Under ``for`` a property says which names have it; ``others`` are all that it does not mention.
    """
    found = {}
    for key, about in declared["properties"].items():
        has = about.get("for", {})
        if name in has or "others" in has:
            found[key] = has.get(name, has.get("others"))
    return found


def _named(block: dict[str, Any], declared: dict[str, Any]) -> Any:
    """What stands under the key that decides on options, or its default."""
    by = declared["options"]["by"]
    return block.get(by, declared["properties"][by].get("default"))


def inherited(name: str, before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """What of the block ``before`` of a recipe, under the key ``name``, holds where ``after`` changes it.

    Options that only some have go where ``after`` names another one.
    """
    declared = _schema("recipe.schema.yaml")["properties"].get(name, {})
    if "options" not in declared or _named({**before, **after}, declared) == _named(before, declared):
        return before
    return {key: item for key, item in before.items() if "for" not in declared["properties"].get(key, {})}


_found_right: set[tuple[int, str]] = set()


def _reference(validator: Any, reference: str, value: Any, declared: dict[str, Any]) -> Iterator[ValidationError]:
    """What ``$ref`` is, but a block that was found right is not looked at again.

    The cells of an experiment share most of theirs. Schemas are read once, so that each is known by its identity.
    """
    known = (id(declared), json.dumps(value))
    if known not in _found_right:
        wrong = list(Draft202012Validator.VALIDATORS["$ref"](validator, reference, value, declared))
        if not wrong:
            _found_right.add(known)
        yield from wrong


_Validator = extend(
    Draft202012Validator,
    validators={"pattern": _pattern, "options": _options, "$ref": _reference},
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine_many({"integer": _is_integer, "number": _is_number}),
)


@cache
def _registry() -> Registry:
    pairs = ((p.name, Resource.from_contents(_schema(p.name))) for p in SCHEMAS.glob("*.schema.yaml"))
    return Registry().with_resources(pairs)


@cache
def _schema(name: str) -> dict:
    return {"$id": name, **yaml.load((SCHEMAS / name).read_text(encoding="utf-8"), LOADER)}


@cache
def _validator(schema: str) -> Any:
    return _Validator(_schema(f"{schema}.schema.yaml"), registry=_registry())


def validate(value: Any, schema: str, where: str, *, partial: bool = False) -> None:
    """Check ``value`` against ``schema``, such as ``config``, ``dataset``, ``recipe``, ``cells`` or ``cell``.

    ``where`` names the file in the message. A ``partial`` one may lack keys that something else supplies. Raises
    :class:`ConfigError` for the first mistake, counting the others.
    """
    _complain(_validator(schema), value, where, partial)


def completed(value: dict[str, Any], schema: str) -> dict[str, Any]:
    """``value`` with the defaults that ``schema`` declares for keys that it lacks, at its end and in its blocks."""
    return _completed(value, _schema(f"{schema}.schema.yaml"))


def task_settings(value: dict[str, Any], task: str, where: str) -> dict[str, Any]:
    """Settings that ``task`` alone has, with the defaults, where there are any, of those that ``value`` lacks.

    Raises :class:`ConfigError` naming ``where`` for the settings of another task.
    """
    declared = _schema("recipe.schema.yaml")["properties"]["task_settings"]["properties"]
    own = {key: about for key, about in declared.items() if about["task"] == task}
    if strange := sorted(value.keys() - own.keys()):
        expected = f"one of {', '.join(own)}" if own else "none"
        raise ConfigError(
            f"{where}: key 'task_settings.{strange[0]}' is no setting of task {task}, expected {expected}"
        )
    return {
        key: value.get(key, about.get("default")) for key, about in own.items() if key in value or "default" in about
    }


def _completed(value: dict[str, Any], declared: dict[str, Any]) -> dict[str, Any]:
    known = declared.get("properties", {})
    filled = {k: _completed(v, known.get(k, {})) if isinstance(v, dict) else v for k, v in value.items()}
    own = {k: about["default"] for k, about in known.items() if "default" in about and "task" not in about}
    if "options" in declared and isinstance(name := _named(filled, declared), str):
        own |= {k: default for k, default in options_of(declared, name).items() if default != "required"}
    return filled | {k: default for k, default in own.items() if k not in value}


def validate_config(value: Any, experiments: Iterable[str], where: str) -> None:
    """Check the contents of ``config.yaml``, which beside its own keys may hold those of an experiment, and blocks of
    them by the names of ``experiments``. Raises :class:`ConfigError` as :func:`validate` does.
    """
    _complain(_config_validator(tuple(experiments)), value, where, partial=True)


@cache
def _config_validator(experiments: tuple[str, ...]) -> Any:
    own, experiment = _schema("config.schema.yaml"), "experiment.schema.yaml"
    # Key by key: a reference to a whole file would be followed by the validator that its `$schema` names.
    keys = {key: {"$ref": f"{experiment}#/properties/{key}"} for key in _schema(experiment)["properties"]}
    block = {"type": "object", "additionalProperties": False, "properties": keys}
    return _Validator(
        {**own, "properties": {**dict.fromkeys(experiments, block), **keys, **own["properties"]}}, registry=_registry()
    )


def _complain(validator: Any, value: Any, where: str, partial: bool) -> None:
    """Raise :class:`ConfigError` for the first mistake that the validator finds."""
    found = sorted(validator.iter_errors(value), key=lambda error: _position(value, error.absolute_path))
    if partial:  # "not": a key that does not go with others, of which some may be elsewhere
        found = [error for error in found if error.validator not in ("required", "not", "options")]
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
    key = dotted(error.absolute_path)
    at = f"key '{key}'" if key else "the file"
    known = error.schema.get("properties", {}) if isinstance(error.schema, dict) else {}
    if error.validator == "not":  # a key that does not go with the others that are there
        return f"{at} does not belong here, expected it to be left out"
    if error.validator == "options":
        return f"{at} does not belong here; {error.message}"
    if error.validator == "additionalProperties":
        unknown = next(name for name in error.instance if name not in known)
        full = dotted([*error.absolute_path, unknown])
        near = difflib.get_close_matches(unknown, known, n=1)
        hint = f"did you mean '{near[0]}'?" if near else f"expected one of {', '.join(known)}"
        return f"unknown key '{full}'; {hint}"
    if error.validator == "required":
        absent = next(name for name in error.validator_value if name not in error.instance)
        meaning = known.get(absent, {}).get("description", "")
        return f"{at}: '{absent}' is missing{'; ' + meaning if meaning else ''}"
    if "propertyNames" in error.absolute_schema_path:
        return f"key '{dotted([*error.absolute_path, error.instance])}': the name is not {_expected(error)}"
    return f"{at} is {_got(error.instance)}, expected {_expected(error)}"


def _got(value: Any) -> str:
    return kind_of(value) if isinstance(value, (dict, list)) else shown(json.dumps(value, ensure_ascii=False))


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
        "maxLength": lambda: f"at most {want:,} characters",
        "maxProperties": lambda: f"at most {want:,} entries",
        "pattern": lambda: PATTERNS.get(want, NAME_IN_WORDS),
    }
    return phrases.get(rule, lambda: shown(error.message))()
