"""Command line of the trainer: ``python -m train --help`` lists its commands."""

from __future__ import annotations

import argparse
import gc
import json
import logging
import os
import signal
import sys
from pathlib import Path
from typing import Any

from netspec.console import guarded
from netspec.ownership import OutputError, check_apart, reading
from train import config, destination
from train.config import limits
from train.config.cell import Cell
from train.config.printable import lines, shown
from train.config.schema import ConfigError, load_mapping, naming, parse
from train.machine import gpus, parent


def main(arguments: list[str] | None = None) -> int:
    """Run a subcommand and return the exit status: 2 for a user's mistake, 128 + signal when told to stop."""
    return guarded(lambda: _main(arguments), "train")


def _main(arguments: list[str] | None) -> int:
    gc.set_threshold(20_000, 20, 50)  # what the libraries leave standing takes a tenth of a short run to look through
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s", stream=sys.stderr)
    logging.getLogger("absl").setLevel(logging.ERROR)
    if getattr(options, "parent", None):
        parent.end_with(options.parent)
    try:
        prints = "remark" if options.run in (_fit, _prepare, _preview) else "result"
        return guarded(lambda: options.run(options) or 0, "train", prints)
    except destination.Finished as finished:
        print(finished)
        return 0
    except (ConfigError, OutputError) as error:
        print(f"error: {lines(str(error))}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"error: {error.filename or 'a file'}: {error.strerror or error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m train", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    fit = commands.add_parser(
        "fit",
        help="train a cell with one seed, or several; run again to continue where it stopped",
        epilog="Exit status: 0 when results are written, also of a run that diverged, which summary.json says; 2 for a "
        "mistake in what was given; 128 + signal when stopped.",
    )
    fit.add_argument(
        "--cell",
        type=Path,
        required=True,
        nargs="+",
        help="resolved cell file (JSON), see `show`; with several, or several seeds, all are trained in this process, "
        "and --out and --checkpoints name {cell} and {seed}",
    )
    _data(fit)
    fit.add_argument(
        "--seed", type=limits.seed, required=True, nargs="+", help="decides initial weights, order and augmentation"
    )
    fit.add_argument("--out", type=Path, required=True, help="folder for metrics.csv, weights.npz, summary.json")
    fit.add_argument(
        "--checkpoints", type=Path, required=True, help="folder for checkpoints, which are removed at the end"
    )
    fit.add_argument("--again", action="store_true", help="train, and replace the results that are in --out")
    fit.add_argument(
        "--gpus", type=limits.gpus, default="all", help="GPUs to claim for this run: a number, or all (the default)"
    )
    fit.add_argument("--distributed", action="store_true", help="as one of the processes of a Slurm or Open MPI job")
    fit.add_argument(
        "--coordinator",
        type=limits.address,
        metavar="HOST:PORT",
        help="as one of several processes: where process 0 listens",
    )
    fit.add_argument("--processes", type=limits.count, metavar="N", help="how many there are")
    fit.add_argument("--process-id", type=limits.whole(0, 1_000_000), metavar="I", help="which one this is, from 0")
    _parent(fit)
    fit.set_defaults(run=_fit)

    evaluate = commands.add_parser("evaluate", help="score saved weights on every validation image")
    _cell(evaluate)
    evaluate.add_argument("--weights", type=Path, required=True, help="weights.npz of a run")
    evaluate.set_defaults(run=_evaluate)

    predict = commands.add_parser("predict", help="what a trained network says of your own pictures")
    _weights(predict)
    predict.add_argument("pictures", type=Path, nargs="+", metavar="PICTURE", help="picture files")
    predict.add_argument("--out", type=Path, default=Path(), help="folder for what is drawn (default: this one)")
    predict.set_defaults(run=_predict)

    sample = commands.add_parser("sample", help="texts or pictures drawn from a trained network")
    _weights(sample)
    sample.add_argument("--prompt", default="", help="how a text begins")
    sample.add_argument("--length", type=limits.count, default=400, help="tokens that are added (default 400)")
    sample.add_argument("--temperature", type=limits.temperature, default=0.8, help="0 is timid, 1 as learned (0.8)")
    sample.add_argument("--count", type=limits.whole(1, 10_000), default=1, help="how many (default 1)")
    sample.add_argument("--seed", type=limits.seed, default=0, help="another one draws others (default 0)")
    sample.add_argument("--out", type=Path, default=Path(), help="folder for pictures (default: this one)")
    sample.set_defaults(run=_sample)

    preview = commands.add_parser("preview", help="pictures of augmented training samples, as the network sees them")
    preview.add_argument("--cell", type=Path, required=True, nargs="+", help="resolved cell files")
    _data(preview)
    preview.add_argument("--out", type=Path, required=True, help="folder for one <cell>.png per cell")
    preview.add_argument("--rows", type=limits.whole(1, 100), default=4, help="rows of samples (default 4)")
    preview.add_argument("--columns", type=limits.whole(1, 100), default=8, help="samples in a row (default 8)")
    preview.add_argument("--seed", type=limits.seed, default=0, help="seed of the samples (default 0)")
    preview.set_defaults(run=_preview)

    prepare = commands.add_parser("prepare", help="decode and resize a data set once")
    prepare.add_argument("--dataset", type=Path, required=True, help="a file of config/datasets, or a resolved cell")
    prepare.add_argument("--out", type=Path, required=True, help="folder of the prepared store")
    prepare.add_argument(
        "--downloads", type=Path, default=Path("data/downloads"), help="folder of archives (default data/downloads)"
    )
    _parent(prepare)
    prepare.set_defaults(run=_prepare)

    bench = commands.add_parser("bench-input", help="images per second that a prepared store delivers, as JSON")
    bench.add_argument("--dataset", type=Path, required=True, help="a file of config/datasets, or a resolved cell")
    _data(bench)
    bench.add_argument("--batch-size", type=limits.count, default=256, help="images per batch (default 256)")
    bench.add_argument("--seconds", type=limits.seconds, default=10, help="how long to read each split (default 10)")
    bench.set_defaults(run=_bench_input)

    watch = commands.add_parser("watch", help="curves of runs, while they go on and when they have finished")
    watch.add_argument("results", type=Path, metavar="RESULTS", help="folder of one run or of many, such as results")
    watch.add_argument("--once", action="store_true", help="look once, and not until it is interrupted")
    watch.add_argument("--every", type=limits.seconds, default=2, help="seconds between two looks (default 2)")
    watch.add_argument(
        "--tensorboard", type=Path, metavar="DIR", help="write the curves as event files, too, a folder for each run"
    )
    watch.set_defaults(run=_watch)

    step = commands.add_parser("bench-step", help="time of training steps beside PyTorch's, as JSON")
    step.add_argument("--cell", type=Path, required=True, help="resolved cell file (JSON), see `show`")
    step.add_argument("--batch-size", type=limits.count, help="images per step (default: the cell's)")
    step.add_argument(
        "--rounds", type=limits.count, default=4, help="steps of each that are timed per start (default 4)"
    )
    step.add_argument(
        "--starts", type=limits.count, default=3, help="times that both processes are started (default 3)"
    )
    step.set_defaults(run=_bench_step)

    torch = commands.add_parser("fit-torch", help="language models trained in PyTorch on the same batches, as JSON")
    torch.add_argument("--cell", type=Path, required=True, nargs="+", help="resolved cell files (JSON), see `show`")
    torch.add_argument("--seed", type=limits.seed, required=True, nargs="+", metavar="K", help="which order of batches")
    torch.add_argument("--data", type=Path, required=True, help="the prepared text")
    torch.add_argument("--threads", type=limits.count, default=1, help="threads of PyTorch (default 1)")
    torch.set_defaults(run=_fit_torch)

    turns = commands.add_parser("bench-turns", help="time of a training step of each of several cells, as JSON")
    turns.add_argument("--cell", type=Path, required=True, nargs="+", help="resolved cell files, …/<results>/<cell>/…")
    turns.set_defaults(run=_bench_turns)

    grown = commands.add_parser("bench-lengths", help="what attentions cost at growing length, as JSON")
    grown.add_argument("--cell", type=Path, required=True, nargs="+", help="resolved cell files, one for each variant")
    grown.add_argument("--names", type=limits.name, nargs="+", help="what to call them (default: names of the cells)")
    grown.add_argument("--lengths", type=limits.count, required=True, nargs="+", help="numbers of tokens")
    grown.set_defaults(run=_bench_lengths)

    estimate = commands.add_parser(
        "estimate", help="how long the runs of a configuration take here, and what they need"
    )
    estimate.add_argument("--config", type=Path, default=Path("config/config.yaml"), help="default config/config.yaml")
    estimate.add_argument("--experiment", type=limits.name, action="append", help="only this one; repeat for several")
    estimate.add_argument("--set", nargs="+", default=[], metavar="KEY=VALUE", help="keys of the configuration")
    estimate.add_argument("--steps", type=limits.count, default=4, help="steps that are timed (default 4)")
    estimate.add_argument("--data", type=Path, default=Path("data/prepared"), help="folder of the prepared stores")
    estimate.add_argument("--json", action="store_true", help="everything, for programs")
    estimate.set_defaults(run=_estimate)

    show = commands.add_parser("show", help="print the resolved configuration of a cell; save it to use with fit")
    show.add_argument("name", nargs="?", type=limits.name, help="cell name; without it, all cells are listed")
    show.add_argument("--config", type=Path, default=Path("config/config.yaml"), help="default config/config.yaml")
    show.add_argument("--experiment", type=limits.name, help="default: the main one of the configuration")
    show.add_argument("--dataset", type=limits.name, help="instead of the one in the configuration")
    show.add_argument(
        "--semantics", choices=("book", "imagenet", "paper"), help="instead of those in the configuration"
    )
    show.set_defaults(run=_show)

    trial = commands.add_parser(
        "trial", help="run the methods of a file in config/trials; run again to continue where it stopped"
    )
    trial.add_argument("trial", type=Path, metavar="YAML", help="a file such as config/trials/few-shot.yaml")
    trial.add_argument("--out", type=Path, required=True, metavar="JSON", help="what every run measured")
    trial.add_argument("--cache", type=Path, required=True, metavar="DIR", help="folder for what is finished of it")
    trial.add_argument("--smoke", action="store_true", help="a few steps and two seeds, to see that everything runs")
    _parent(trial)
    trial.set_defaults(run=_trial)
    return parser


def _trial(options: argparse.Namespace) -> None:
    from train.trials import command

    check_apart({"--out": options.out, "--cache": options.cache}, {"the trial": options.trial})
    command.run(options.trial, options.out, options.cache, smoke=options.smoke)


def _cell(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--cell", type=Path, required=True, help="resolved cell file (JSON), see `show`")
    _data(parser)


def _weights(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--weights", type=Path, required=True, help="weights.npz of a run")
    parser.add_argument("--cell", type=Path, help="resolved cell file (default: the one beside the run)")
    _data(parser)


def _data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, help="prepared store, or its store.json (default data/prepared/<dataset>)")


def _parent(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--parent",
        type=limits.count,
        metavar="PID",
        help="stop, as after SIGTERM, when this process, the starting one, ends",
    )


def _store(cell: Cell, options: argparse.Namespace) -> Any:
    from train.tasks import opened

    return opened(cell, _data_folder(cell, options))


def _data_folder(cell: Cell, options: argparse.Namespace) -> Path:
    """The folder of the prepared store, which ``--data`` names by itself or by its ``store.json``."""
    folder = options.data or Path("data/prepared") / cell.dataset.name
    return folder.parent if folder.name == "store.json" else folder


def _fit(options: argparse.Namespace) -> int:
    if len(options.cell) > 1 or len(options.seed) > 1 or "{" in f"{options.out}{options.checkpoints}":
        return _fit_several(options)
    cell, seed = config.read_cell(options.cell[0]), options.seed[0]
    inputs = {"--cell": options.cell[0], "--data": _data_folder(cell, options)}
    if cell.start is not None:
        inputs["key 'start'"] = cell.start.path(seed)
    destination.check_places(options.out, options.checkpoints, inputs)
    meeting = options.coordinator, options.processes, options.process_id
    joined = options.distributed or meeting != (None, None, None)
    if not joined and destination.is_used(options.out):  # several processes look together, when they have met
        from train.tasks import task_of

        fingerprint = destination.run_fingerprint(cell, seed, _store(cell, options))
        destination.look(options.out, fingerprint, task_of(cell).files, again=options.again)
    claimed = gpus.claim(options.gpus)
    from train.machine import processes
    from train.machine.devices import cpu_devices
    from train.machine.runtime import start_jax

    if joined:
        processes.join(*meeting, gpus=len(claimed))
    start_jax(cpu_devices=1 if joined else cpu_devices(cell), gpus=options.gpus)
    from train.loop import Interrupted, fit
    from train.outcome import headline

    try:
        with naming(options.cell[0]):
            summary = fit(cell, seed, _store(cell, options), options.out, options.checkpoints, options.again)
    except Interrupted as stopped:
        print(stopped, file=sys.stderr)
        return 128 + stopped.signum
    if processes.is_first():
        print(headline(summary))
    return 0


def _fit_several(options: argparse.Namespace) -> int:
    """Train every cell with every seed in this process."""
    from train.several import fit_all, jobs

    if options.distributed or (options.coordinator, options.processes, options.process_id) != (None, None, None):
        raise ConfigError("--distributed, --coordinator: one run, expected one --cell and one --seed")
    cells = [config.read_cell(path) for path in options.cell]
    runs = jobs(cells, options.seed, str(options.out), str(options.checkpoints))
    for run in runs:
        inputs = {f"--cell {path}": path for path in options.cell} | {"--data": _data_folder(run.cell, options)}
        if run.cell.start is not None:
            inputs["key 'start'"] = run.cell.start.path(run.seed)
        destination.check_places(run.out, run.checkpoints, inputs)
    gpus.claim(options.gpus)
    from train.machine.devices import cpu_devices
    from train.machine.runtime import start_jax

    counts = {cell.name: cpu_devices(cell) for cell in cells}
    if len(set(counts.values())) > 1:  # jax can be told once, and a run of its own would compute on its own number
        raise ConfigError(
            f"--cell: cells compute on different numbers of cores ({counts}), expected calls of their own"
        )
    start_jax(cpu_devices=counts[cells[0].name], gpus=options.gpus)
    from train.loop import Interrupted

    try:
        fit_all(runs, lambda cell: _store(cell, options), again=options.again)
    except Interrupted as stopped:
        print(stopped, file=sys.stderr)
        return 128 + stopped.signum
    return 0


def _evaluate(options: argparse.Namespace) -> int:
    cell = config.read_cell(options.cell)
    from train.machine.devices import cpu_devices
    from train.machine.runtime import start_jax

    start_jax(cpu_devices=cpu_devices(cell))
    from train.loop import evaluate_weights

    print(json.dumps(evaluate_weights(cell, options.weights, _store(cell, options)), indent=2))
    return 0


def _predict(options: argparse.Namespace) -> int:
    network = _used(options)
    from train.use import made, picture

    opened = [picture(path) for path in options.pictures]
    with reading([options.weights, *options.pictures]):
        for path, image in zip(options.pictures, opened, strict=True):
            found = made(network, "predict", image)
            print(f"{path}:\n{found.text}" if len(opened) > 1 else found.text)
            _write(options.out, path.stem, found)
    return 0


def _sample(options: argparse.Namespace) -> int:
    network = _used(options)
    from train.use import Wanted, made

    wanted = {key: getattr(options, key) for key in ("prompt", "length", "temperature", "count", "seed")}
    found = made(network, "sample", Wanted(**wanted))
    print(found.text)
    with reading([options.weights]):
        _write(options.out, "sample", found)
    return 0


def _used(options: argparse.Namespace) -> Any:
    """The network of a command's options, on one CPU device or on the GPUs that there are."""
    from train.machine.runtime import start_jax

    start_jax()
    from train.use import used

    return used(options.weights, options.cell, options.data)


def _write(folder: Path, stem: str, found: Any) -> None:
    """The files of a prediction or sample, whose places are said."""
    from netspec.ownership import write_all

    if found.files:
        write_all({folder / f"{stem}{end}": content for end, content in found.files.items()})
        print(*(folder / f"{stem}{end}" for end in found.files), sep="\n")


def _preview(options: argparse.Namespace) -> int:
    cells = [config.read_cell(path) for path in options.cell]
    from train.machine.runtime import start_jax

    start_jax()
    from train.measure.preview import preview

    inputs = [*options.cell, *(_data_folder(cell, options) for cell in cells)]
    names = [cell.name for cell in cells]
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f"--cell: {names.count(name)} cells are called {name!r}, expected a picture for each")
    with reading(inputs):
        for cell in cells:
            path = options.out / f"{cell.name}.png"
            preview(cell, _store(cell, options), path, rows=options.rows, columns=options.columns, seed=options.seed)
            print(path)
    return 0


def _prepare(options: argparse.Namespace) -> int:
    from train.data.prepare import prepare

    dataset, _ = config.read_dataset(options.dataset)
    check_apart({"--out": options.out}, {"--dataset": options.dataset})
    about = prepare(dataset, options.out, options.downloads)
    counts = ", ".join(f"{part['length']:,} {split}" for split, part in about["splits"].items())
    print(f"{about['name']}: {counts} {'tokens' if dataset.text else 'images'} in {options.out}")
    return 0


def _bench_input(options: argparse.Namespace) -> int:
    dataset, crop = config.read_dataset(options.dataset)
    from train.data.store import open_store
    from train.measure.input import bench

    store = open_store(options.data or Path("data/prepared") / dataset.name, dataset, crop)
    print(json.dumps(bench(store, dataset, options.batch_size, options.seconds), indent=2))
    return 0


def _watch(options: argparse.Namespace) -> int:
    from train.watch.command import watch

    watch(options.results, options.once, options.every, options.tensorboard)
    return 0


def _bench_step(options: argparse.Namespace) -> int:
    cell = config.read_cell(options.cell)
    from train.measure.step import bare, bench

    gpus.claim(1)
    print(json.dumps(bench(bare(cell, options.batch_size), options.rounds, options.starts), indent=2))
    return 0


def _fit_torch(options: argparse.Namespace) -> int:
    from importlib.util import find_spec

    if find_spec("torch") is None:
        raise ConfigError("PyTorch is not installed, expected it beside jax: pip install -e '.[bench]'")
    from train.measure.torch_text import fit
    from train.provenance import cpu_name
    from train.tasks import opened

    cells = [config.read_cell(path) for path in options.cell]
    runs = [fit(cell, seed, opened(cell, options.data), options.threads) for cell in cells for seed in options.seed]
    print(json.dumps({"runs": runs, "cpu": cpu_name()}, indent=2))
    return 0


def _bench_turns(options: argparse.Namespace) -> int:
    cells = [(f"{path.parent.parent.name}/{path.parent.name}", config.read_cell(path)) for path in options.cell]
    gpus.claim(1)
    from train.machine.runtime import start_jax

    start_jax(cpu_devices=1)
    from train.measure.turns import measure

    print(json.dumps(measure(cells), indent=2))
    return 0


def _bench_lengths(options: argparse.Namespace) -> int:
    cells = [config.read_cell(path) for path in options.cell]
    names = options.names or [cell.name for cell in cells]
    if len(names) != len(cells) or len({*names}) < len(names):
        raise ConfigError(
            f"--names: arrived {len({*names})} names, expected another one for each of {len(cells)} cells"
        )
    gpus.claim(1)
    from train.machine.runtime import start_jax

    start_jax(cpu_devices=1)
    from train.measure.lengths import measure

    print(json.dumps(measure(dict(zip(names, cells, strict=True)), options.lengths), indent=2))
    return 0


def _estimate(options: argparse.Namespace) -> int:
    settings = load_mapping(options.config)
    for text in options.set:
        key, given, value = text.partition("=")
        if not given:
            raise ConfigError(f"--set {shown(text)}: expected KEY=VALUE")
        settings[key] = parse(value, f"--set {shown(key)}")
    experiments = config.load_experiments(settings, options.config.parent)
    unknown = set(options.experiment or ()) - experiments.keys()
    if unknown:
        raise ConfigError(f"--experiment {min(unknown)}: expected one of {', '.join(experiments)}")
    chosen = {
        name if part is experiments[name] else f"{name}/{part.label}": part
        for name in options.experiment or experiments
        for part in experiments[name].parts
    }
    os.environ.setdefault("PJRT_NPROC", "1")  # as the workflow's jobs run on a CPU
    here = len(gpus.visible())
    gpus.claim(1)
    from train.machine.runtime import start_jax

    start_jax(gpus=min(here, 1))
    from train.measure.estimate import estimate
    from train.measure.estimate_text import as_text

    found = estimate(chosen, options.steps, options.data, here)
    print(json.dumps(found, indent=2) if options.json else as_text(found))
    return 0


def _show(options: argparse.Namespace) -> int:
    chosen = {key: getattr(options, key) for key in ("dataset", "semantics") if getattr(options, key)}
    settings = load_mapping(options.config)
    name = options.experiment or settings.get("main", config.MAIN)
    if chosen and isinstance(settings.setdefault(name, {}), dict):
        settings[name] |= chosen
    experiment = config.load_experiment(settings, options.config.parent, name)
    if options.name is None:
        for cell in experiment.cells.values():
            print(f"{cell['name']:16} {cell['description']}")
        return 0
    if options.name not in experiment.cells:
        raise ConfigError(f"no cell {options.name!r}, expected one of {', '.join(experiment.cells)}")
    print(config.cell_json(experiment.cells[options.name]))
    return 0


if __name__ == "__main__":
    status = main()
    gc.freeze()  # what is left need not be looked through once more at exit, which takes most of a second
    sys.exit(status)
