"""Snakemake as a person calls it in a working folder, and what a dry run says it would do."""

import json
import os
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
CACHE = {"JAX_COMPILATION_CACHE_DIR": str(ROOT / ".cache/jax")}
ENVIRONMENT = {**os.environ, **CACHE}


@cache
def _warm():
    """The process that runs the commands of this one."""
    program = [sys.executable, Path(__file__).with_name("warm.py")]
    return subprocess.Popen(program, env=ENVIRONMENT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def end_warm():
    """End it, if it was started."""
    if _warm.cache_info().currsize:
        _warm().communicate()


def snakemake(folder, *arguments, code=0, anew=False):
    """Run ``snakemake`` with ``arguments`` in ``folder``; return what it prints, checking its exit code.

    By :mod:`warm`, unless it is to start ``anew``, as where it looks for plugins, which it does when it is imported.
    """
    arguments = (*arguments, "--snakefile", ROOT / "Snakefile", "--directory", folder, "--cores", "2")
    words, environment = [str(word) for word in arguments], {**os.environ, **CACHE}
    if anew:
        command = [sys.executable, "-m", "snakemake", *words]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600)
        text, found = done.stdout + done.stderr, done.returncode
    else:
        with tempfile.NamedTemporaryFile("r", encoding="utf-8") as output:
            command = {"arguments": words, "environment": environment, "output": output.name}
            print(json.dumps(command), file=_warm().stdin, flush=True)
            found = int(_warm().stdout.readline())
            text = output.read()
    assert found == code, text
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
