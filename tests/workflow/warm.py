"""A process that has imported Snakemake once and forks for every command, which costs half of one that starts anew.

It imports only; what a command reads, finds and computes is its own. Each line of its input is a command as JSON
(``arguments``, ``environment``, and ``output``, the file that takes what it prints), answered by its exit code.
"""

import json
import os
import sys

import snakemake.cli
import snakemake.report

import train.config
import train.outcome  # noqa: F401

# This one looks where it is when it is imported, which is the working folder.
assert "train.config.closure" not in sys.modules


def run(arguments, environment, output):
    """What ``python -m snakemake`` does in that environment. Never returns."""
    os.environ.clear()
    os.environ.update(environment)
    sys.path[:0] = [part for part in environment.get("PYTHONPATH", "").split(os.pathsep) if part not in sys.path]
    file = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(file, stream)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.argv = ["snakemake", *arguments]
    code = 1
    try:
        snakemake.cli.main()
    except SystemExit as left:
        code = left.code if isinstance(left.code, int) else int(left.code is not None)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    for line in iter(sys.stdin.readline, ""):
        child = os.fork()
        if not child:
            run(**json.loads(line))
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
