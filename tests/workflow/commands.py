"""Snakemake as a person calls it in a working folder, and what a dry run says it would do."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
CACHE = {"JAX_COMPILATION_CACHE_DIR": str(ROOT / ".cache/jax")}
ENVIRONMENT = {**os.environ, **CACHE}


def snakemake(folder, *arguments, code=0):
    command = [sys.executable, "-m", "snakemake", *arguments, "--snakefile", ROOT / "Snakefile", "--directory", folder]
    done = subprocess.run(
        [str(part) for part in [*command, "--cores", "2"]],
        env={**os.environ, **CACHE},
        capture_output=True,
        text=True,
        timeout=600,
    )
    text = done.stdout + done.stderr
    assert done.returncode == code, text
    return text


def planned(folder, target="reports/ablation.pdf", *arguments):
    """Jobs a run would do, by rule."""
    lines = snakemake(folder, target, *arguments, "--dry-run").splitlines()
    if not any(line.startswith("job ") for line in lines):
        return {}
    start = next(i for i, line in enumerate(lines) if line.startswith("job "))
    rows = [line.split() for line in lines[start + 2 :]]
    table = {}
    for row in rows:
        if len(row) != 2 or row[0] == "total":
            break
        table[row[0]] = int(row[1])
    return table
