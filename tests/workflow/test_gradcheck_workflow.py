"""`snakemake gradcheck` asks for no data, and what changes decides what is checked again."""

from commands import ROOT, snakemake


def test_the_target_is_a_few_jobs_without_data(tmp_path):
    for name in ("config", "profiles"):
        (tmp_path / name).symlink_to(ROOT / name)
    planned = snakemake(tmp_path, "gradcheck", "--dry-run")
    for job in ("statements", "modules", "train_step", "document", "verdict"):
        assert planned.count(f"rule gradcheck_{job}:") == 1
    assert planned.count("rule gradcheck_networks:") == 4
    assert "rule prepare" not in planned
    assert "rule train" not in planned
