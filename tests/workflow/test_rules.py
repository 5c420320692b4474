"""What rules depend on: each names the command that it runs, and with it every file that the command imports."""

import re
from pathlib import Path

import pytest

from train.config.closure import closure

ROOT = Path(__file__).parents[2]
RULES = {
    match[1]: match[0]
    for path in sorted(ROOT.glob("workflow/rules/*.smk"))
    for match in re.finditer(r"^rule (\w+):\n.*?(?=^rule |^for |^def |\Z)", path.read_text(), re.M | re.S)
}
COMMAND = re.compile(r"python -m ([\w.]+)(?: ([a-z][\w-]*))?")


def entries(module: str, subcommand: str) -> set[str]:
    """How a command may be named as a dependency: its function, or everything behind its command line."""
    inside = {"netspec run": "netspec.cli.running:run", "netspec lower": "netspec.cli.lowering:run"}
    if f"{module} {subcommand}" in inside:
        return {inside[f"{module} {subcommand}"]}
    name = subcommand.replace("-", "_") or "report"
    if module == "train":
        return {f"train.commands.{path.stem}:{name}" for path in (ROOT / "src/train/commands").glob("[a-z]*.py")}
    return {f"{module}.__main__:_{name}", f"{module}.__main__", module}


@pytest.mark.parametrize("name", [name for name, text in RULES.items() if COMMAND.search(text)])
def test_a_rule_that_runs_a_command_depends_on_what_the_command_imports(name):
    text = RULES[name]
    given = set(re.findall(r'"((?:train|report|netspec)\.[\w.]+(?::\w+)?)"', text.split("output:")[0]))
    if "provenance.code_of(" in text and not given:
        given = {"train.commands.fit:fit"}  # its default
    for module, subcommand in COMMAND.findall(text):
        assert given & entries(module, subcommand), f"{name} runs {module} {subcommand} and names {given or 'nothing'}"
    assert all(closure(entry) for entry in given)


def test_every_caption_is_there_and_none_is_left_over():
    """A caption that is missing stops `snakemake --report`, which nothing else would notice before."""
    texts = "".join(path.read_text() for path in [ROOT / "Snakefile", *ROOT.glob("workflow/rules/*.smk")])
    named = set(re.findall(r'"(?:\.\./|workflow/)report/([\w-]+\.rst)"', texts))
    assert named == {path.name for path in ROOT.glob("workflow/report/*")}


def test_rules_have_been_found():
    assert {"train", "prepare_data", "report_experiment", "gradcheck_networks", "run_network"} <= RULES.keys()


@pytest.mark.exhaustive
def test_every_file_of_src_is_behind_some_rule_or_is_no_part_of_a_result():
    """What nothing depends on reruns nothing when it is edited: those files are known by name."""
    from report.__main__ import KINDS
    from train import provenance
    from train.trials import TRIALS
    from train.workflow import vocabulary

    behind = set()
    for path in ROOT.glob("workflow/rules/*.smk"):  # rules that a loop makes among them
        for entry in re.findall(r'"((?:train|report|netspec)\.[\w.]+(?::\w+)?)"', path.read_text()):
            behind |= set(closure(entry))
    behind |= set(closure("train.commands.fit:fit", *provenance.LEARNERS.values(), *provenance.all_modules()))
    behind |= set(closure(*vocabulary.modules(), *provenance.published_modules()))
    behind |= set(closure(*(f"report.{kind}.page" for kind in KINDS)))
    behind |= set(closure(*(f"train.trials.{name}" for name in TRIALS)))
    files = {str(path.relative_to(provenance.SRC)) for path in provenance.SRC.rglob("*.py")}
    free = files - {str(Path(path).relative_to(provenance.SRC)) for path in behind}
    interface = {path for path in free if path.endswith(("__init__.py", "__main__.py"))}
    named = ("netspec/cli/", "netspec/draw/", "train/workflow/", "train/machine/progress.py", "train/config/closure.py")
    named += ("report/compare/", "train/config/experiment.py", "train/config/recipes.py", "train/config/sweep.py")
    named += ("train/live.py", "train/watch/", "train/commands/")
    left = {path for path in free - interface if not path.startswith(named)}
    assert left <= {
        "netspec/console.py",
        "netspec/functions.py",
        "netspec/weights/against.py",
        "netspec/weights/pictures.py",
        "report/kept/kinds.py",
        "train/machine/parent.py",
        "train/config/comparison.py",
        "train/config/limits.py",
        "train/measure/estimate.py",
        "train/measure/estimate_text.py",
        "train/measure/input.py",
        "train/measure/torch_text.py",
        *(f"train/tasks/{task}/predict.py" for task in ("classification", "detection", "segmentation")),
    }


def test_no_run_depends_on_the_vocabulary():
    """Nor on its errata: correcting one would train everything anew."""
    from train import provenance

    assert not [path for path in provenance.code_of("ViT-Digits") if "vocabulary" in path]
