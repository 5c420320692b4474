"""`snakemake gradcheck` asks for no data, and what changes decides what is checked again."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_target_is_a_few_jobs_without_data(tmp_path):
    for name in ("config", "profiles"):
        (tmp_path / name).symlink_to(ROOT / name)
    arguments = ["gradcheck", "--dry-run", "--snakefile", str(ROOT / "Snakefile"), "--directory", str(tmp_path)]
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    planned = done.stdout + done.stderr
    assert done.returncode == 0, planned
    for job in ("statements", "modules", "train_step", "document", "verdict"):
        assert planned.count(f"rule gradcheck_{job}:") == 1
    assert planned.count("rule gradcheck_networks:") == 4
    assert "rule prepare" not in planned
    assert "rule train" not in planned
