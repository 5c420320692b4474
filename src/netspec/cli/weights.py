"""``netspec import``, ``export``, ``classify``, ``twin`` and ``parity``: weights from elsewhere and back."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netspec import exact
from netspec.cli import parsing, records, sizing, sources, text
from netspec.cli.sources import CommandError
from netspec.errors import SpecError
from netspec.spec import NetSpec

if TYPE_CHECKING:
    from netspec.weights.parity import Figures, Twin
    from netspec.weights.rules import Table


def add(commands: argparse._SubParsersAction) -> None:
    """Add the parsers."""
    command = parsing.command(
        commands,
        "import",
        take,
        "make weights.npz, with the names of this project, of the weights of a library",
        "examples:",
        "  netspec import resnet50 resnet50.safetensors -o weights.npz",
        "  netspec import config.json model.safetensors -o weights.npz",
        "  netspec import mine.py weights.safetensors --rules torchvision_resnet -o weights.npz",
        "  netspec import vit_small_patch16_224 vit.safetensors --input-size 160x256 -o weights.npz",
    )
    _network(command)
    command.add_argument("weights", metavar="FILE", type=Path, help="a safetensors file, npz, or PyTorch checkpoint")
    sizing.add_input_size(command)
    _output(command)
    command = parsing.command(
        commands,
        "export",
        give,
        "write weights under the names and in the layout of a library; the inverse of import",
        "examples:",
        "  netspec export resnet50 weights.npz -o resnet50.safetensors",
    )
    _network(command)
    command.add_argument("weights", metavar="FILE", type=Path, help="weights.npz of a run, or from import")
    _output(command)
    command = parsing.command(
        commands,
        "classify",
        classify,
        "say what is in a picture, by a network with weights from elsewhere",
        "examples:",
        "  netspec classify cat.jpg --model resnet50 --weights resnet50.safetensors",
        "  netspec classify cat.jpg --model resnet50 --weights resnet50_v1.safetensors --tag IMAGENET1K_V1",
    )
    command.add_argument("picture", metavar="PICTURE", type=Path, help="a picture")
    command.add_argument(
        "--model", metavar="NAME", required=True, help="a published network (netspec list --role published)"
    )
    command.add_argument(
        "--weights", metavar="FILE", type=Path, required=True, help="its weights as its library has them"
    )
    command.add_argument("--rules", metavar="TABLE", help="the rules of the weights, where the network names none")
    command.add_argument(
        "--tag", metavar="WEIGHTS", help="which of its library's weights they are, where these see pictures otherwise"
    )
    command.add_argument(
        "--labels", metavar="FILE", type=Path, help="names of the classes, a line each (default: ImageNet's for 1,000)"
    )
    command.add_argument("--top", metavar="N", type=int, default=5, help="how many classes (default: %(default)s)")
    parsing.add_json(command)
    command = parsing.command(
        commands,
        "twin",
        twin,
        "compare a network with weights from elsewhere with the library that they are of",
        "examples:",
        "  netspec twin resnet50 --weights resnet50.safetensors --against torchvision",
    )
    _network(command)
    command.add_argument(
        "--weights", metavar="FILE", type=Path, required=True, help="its weights as its library has them"
    )
    command.add_argument(
        "--against", choices=("torchvision", "timm"), help="run the library's network, too, if installed"
    )
    parsing.add_json(command)
    command = parsing.command(
        commands,
        "parity",
        parity,
        "compare a network with outputs that a reference implementation recorded",
        "examples:",
        "  netspec parity cases/tv_resnet18",
        "  netspec parity cases/other --model resnet34 --rules torchvision_resnet",
    )
    command.add_argument(
        "cases", metavar="FOLDER", type=Path, nargs="+", help="folders with manifest.json and output.npz"
    )
    command.add_argument(
        "--model", metavar="NAME", help="our side, where the case does not say: a name, or FILE.py:NAME"
    )
    command.add_argument("--rules", metavar="TABLE", help="the rules of its weights")
    command.add_argument("--single", action="store_true", help="in float32 only")
    parsing.add_json(command)


def _network(command: argparse.ArgumentParser) -> None:
    command.add_argument("model", metavar="NAME", help="a published network, FILE.py:NAME, or a library’s config.json")
    command.add_argument("--rules", metavar="TABLE", help="the rules of the weights, where the network names none")


def _output(command: argparse.ArgumentParser) -> None:
    command.add_argument("-o", "--output", metavar="FILE", type=Path, required=True, help=".npz or .safetensors")


def _spec_and_rules(name: str, rules: str | None) -> tuple[NetSpec, Table]:
    """The network and the table of rules that a command means."""
    spec, table = _spec_and_known_rules(name, rules)
    if table is None:
        from netspec.weights import families

        known = ", ".join(sorted(families.tables()))
        raise CommandError(f"{spec.name} names no rules for weights, expected --rules with one of {known}")
    return spec, table


def _spec_and_known_rules(name: str, rules: str | None) -> tuple[NetSpec, Table | None]:
    """The same, without rules where nobody names them: weights that go by our names need none."""
    from netspec.weights import families

    if name.endswith(".json"):
        twin = _told(_configured, Path(name))
        return twin.spec, _told(families.find, rules) if rules else twin.table
    published = None if sources.is_file(name) else exact.known(name)
    spec = published.spec() if published else sources.one(name)
    chosen = rules or (published.rules if published else "")
    return spec, _told(families.find, chosen) if chosen else None


def _configured(path: Path) -> Twin:
    """What a ``config.json`` describes; raises :class:`WeightsError` for one that cannot be read or understood."""
    from netspec.weights import constructors
    from netspec.weights.plan import WeightsError

    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise WeightsError(f"{path}: {error}, expected the config.json of transformers or diffusers") from None
    if not isinstance(config, dict):
        raise WeightsError(f"{path}: holds no settings, expected the config.json of transformers or diffusers")
    return constructors.configured(config, str(path))


def _told(function: Any, *arguments: Any) -> Any:
    """A call whose errors are the user's."""
    try:
        return function(*arguments)
    except SpecError as error:
        raise CommandError(str(error)) from None


def take(options: argparse.Namespace) -> None:
    """Import: the library's tensors under the names of :func:`netspec.canonical_state`, in float32."""
    import numpy as np

    from netspec.weights import naming, transfer

    spec, table = _spec_and_rules(options.model, options.rules)
    tensors = _told(naming.read, options.weights)
    if naming.is_ours(tensors):
        raise CommandError(
            f"{options.weights}: its names are those of this project already, expected a file of a library"
        )
    spec = _told(naming.of_as_many_classes, spec, tensors, table)
    made = _told(transfer.planned(spec, transfer.abstract(spec), table).to_ours, tensors)
    if options.input_size is not None:
        made = _told(sizing.tensors, made, spec, options.model, options.input_size)
    _write(options.output, {name: np.asarray(tensor, np.float32) for name, tensor in made.items()}, options.weights)
    print(f"{options.output}: {len(made)} tensors of {spec.name}, made of {len(tensors)}")


def give(options: argparse.Namespace) -> None:
    """Export: the inverse, also of a run with another number of classes."""
    from netspec.weights import naming, transfer

    spec, table = _spec_and_rules(options.model, options.rules)
    kept = _told(naming.read, options.weights)
    if not naming.is_ours(kept):
        raise CommandError(
            f"{options.weights}: its names are none of this project ({min(kept, default='none')}), expected "
            "weights.npz of a run or of netspec import"
        )
    spec = _told(naming.of_as_many_classes, spec, kept)
    made = _told(transfer.exported, spec, kept, table)
    _write(options.output, made, options.weights)
    print(f"{options.output}: {len(made)} tensors of {spec.name}")


def _write(path: Path, tensors: dict[str, Any], source: Path) -> None:
    from netspec.ownership import OutputError, check_apart, write_all
    from netspec.weights import files

    if path.suffix not in (*files.SAFETENSORS, *files.NUMPY):
        raise CommandError(f"{path}: unknown kind of file, expected .npz or .safetensors")
    content = files.safetensors(tensors) if path.suffix in files.SAFETENSORS else files.npz(tensors)
    try:
        check_apart({"--output": path}, {"the weights": source})
        write_all({path: content})
    except OutputError as error:
        raise CommandError(str(error)) from None


def classify(options: argparse.Namespace) -> None:
    """The likeliest classes of a picture."""
    import jax
    import numpy as np

    from netspec.weights import load, naming
    from netspec.weights.pictures import labels_of, opened, preprocessing_of

    spec, table = _spec_and_known_rules(options.model, options.rules)
    if len(spec.input_shape) != 3 or spec.input_shape[2] != 3 or spec.extra_inputs or len(spec.output_shape) != 1:
        raise CommandError(f"{spec.name} is no classifier of pictures, expected one")
    picture = _told(opened, options.picture)
    tensors = _told(naming.read, options.weights)
    rules = None if naming.is_ours(tensors) else table
    spec = _told(naming.of_as_many_classes, spec, tensors, rules)
    (classes,) = spec.output_shape
    labels = _told(labels_of, options.labels, int(classes))
    preparation = _told(preprocessing_of, spec.name, options.tag)
    network = _told(load, spec, tensors, rules)
    scores = network(preparation(picture, spec.input_shape[0])[None])
    shares = np.asarray(jax.nn.softmax(scores[0]))
    best = np.argsort(-shares, kind="stable")[: max(1, options.top)]
    found = [{"class": int(index), "label": labels[index], "probability": float(shares[index])} for index in best]
    if options.json:
        print(records.dump({"model": spec.name, "preprocessing": asdict(preparation), "classes": found}))
        return
    rows = [(f"{100 * one['probability']:.1f} %", one["label"]) for one in found]
    print("\n".join(text.table(rows, "><", ("share", "class"))))


def twin(options: argparse.Namespace) -> None:
    """Counts, and the errors of outputs and gradients against the library's own network."""
    from netspec.weights import load, naming, transfer

    spec, table = _spec_and_rules(options.model, options.rules)
    tensors = _told(naming.read, options.weights)
    rules = None if naming.is_ours(tensors) else table
    spec = _told(naming.of_as_many_classes, spec, tensors, rules)
    network = _told(load, spec, tensors, rules)
    if naming.is_ours(tensors):
        tensors = transfer.export(spec, network, table)
    found: dict[str, Any] = {"model": spec.name, "params": spec.params, "tensors": len(tensors)}
    if options.against:
        from netspec.weights.against import compared

        found |= _told(compared, spec, network, table, tensors, options.against)
    if options.json:
        print(records.dump(found))
        return
    print("\n".join(f"{key}: {value}" for key, value in found.items()))


def parity(options: argparse.Namespace) -> None:
    """Errors of recorded cases as shares of what they tolerate."""
    from netspec.weights import cases
    from netspec.weights.parity import Case, Twin, compare

    found = []
    for folder in options.cases:
        case = _told(Case, folder)
        ours = Twin(*_spec_and_rules(options.model, options.rules)) if options.model else _told(cases.twin_of, case)
        found.append(_told(lambda case=case, ours=ours: compare(case, ours, double=not options.single)))
    if options.json:
        print(records.dump([one._asdict() | {"passed": one.passed} for one in found]))
    else:
        header = ("case", "network", "ours", "theirs", "float32", "float64", "gradients", "")
        print("\n".join(text.table([_row(one) for one in found], "<<>>>>><", header)))
    if not all(one.passed for one in found):
        raise CommandError(
            f"{sum(not one.passed for one in found)} of {len(found)} cases differ from what was recorded"
        )


def _row(one: Figures) -> tuple[str, ...]:
    errors = ("-" if error is None else f"{error:.2g}" for error in (one.float32, one.float64, one.gradients))
    return (
        one.case,
        one.network,
        f"{one.params:,}",
        f"{one.reference_params:,}",
        *errors,
        "" if one.passed else "differs",
    )
