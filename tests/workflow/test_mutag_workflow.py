"""A trial that needs a person's own data: claims go without it where there is no copy, and its own target says so."""

import pytest
from commands import ROOT, planned, snakemake


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "config").symlink_to(ROOT / "config")
    return tmp_path


@pytest.mark.exhaustive
def test_claims_have_the_trial_where_its_data_is(folder):
    target = "results/trials/mutag.json"
    told = snakemake(folder, target, "--dry-run", code=1)
    assert "key 'data.path' is data/MUTAG, but there is no data/MUTAG nor data/MUTAG.zip;" in told
    assert "Traceback" not in told
    others = len([*ROOT.glob("config/trials/*.yaml"), *ROOT.glob("config/examples/*.yaml")]) - 1
    assert planned(folder, "claims") == {"claims": 1, "trial": others}
    (folder / "data").mkdir()
    (folder / "data/MUTAG.zip").write_bytes(b"")
    assert planned(folder, target) == {"trial": 1}
    assert planned(folder, "claims") == {"claims": 1, "trial": others + 1}
