"""`snakemake param_tables`, typed just so: it makes everything, makes nothing twice, and needs no data set."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PARTS = ("Snakefile", "workflow", "config", "profiles", "src")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("checkout")
    for name in PARTS:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, root / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
        else:
            shutil.copy(source, root / name)
    return root


def snakemake(root: Path, *arguments: str) -> str:
    """Run it as a person would, in this interpreter's environment with the checkout's packages."""
    environment = os.environ | {
        "PYTHONPATH": str(root / "src"),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
    }
    command = [sys.executable, "-m", "snakemake", *arguments]
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


@pytest.mark.exhaustive
def test_the_target_makes_all_tables_once(checkout):
    snakemake(checkout, "param_tables")
    made = checkout / "reports" / "params"
    assert {path.name for path in made.iterdir()} == {
        "params.csv", "other_forms.csv", "parts.csv", "params.md", "params.svg", "params.pdf",
        "chapter", "domains", "entries",
    }  # fmt: skip
    assert not (checkout / "data").exists()
    assert not (checkout / "results").exists()
    assert "Nothing to be done" in snakemake(checkout, "param_tables")

    # Only the report depends on its template, and only what counts depends on a layer.
    template = checkout / "src/report/engine/page.typ"
    template.write_text(template.read_text() + "\n")
    planned = snakemake(checkout, "param_tables", "--dry-run")
    assert "params_document" in planned
    assert "params_tables:" not in planned
    trainer = checkout / "src/train/loop.py"
    trainer.write_text(trainer.read_text() + "\n")
    assert "rule train" not in snakemake(checkout, "param_tables", "--dry-run")
