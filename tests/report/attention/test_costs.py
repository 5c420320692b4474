"""The costs of attentions: slopes of planted powers, a table in its units, and files that are something else."""

import json
from pathlib import Path

import pytest

from report.attention.costs import blocks, costs, drawn, slope
from report.comparison.report import Compared
from report.engine.errors import ReportError


def written(tmp_path, powers):
    variants = {
        name: {
            "params": 1000,
            "kept_bytes_per_token": 0 if power == 1 else 2048,
            "decoded_tokens_per_second": 1234.4,
            "lengths": [
                {
                    "tokens": n, "macs_needed": 10 * n, "macs_computed": 20 * n, "kept_bytes": 2048,
                    "memory_bytes": 100 * n, "step_seconds": (n / 1e4) ** power + (1e-3 if n < 512 else 0),
                }
                for n in (128, 256, 512, 1024, 2048, 4096)
            ],
        }
        for name, power in powers.items()
    }  # fmt: skip
    path = tmp_path / "lengths.json"
    path.write_text(json.dumps({"variants": variants, "decoded": 64, "machine": {"cpu": "Made up", "cpu_threads": 2}}))
    return path


def compared(path):
    return Compared("A", "B?", (), (), path)


def test_slopes_are_those_of_the_powers_that_were_planted(tmp_path):
    path = written(tmp_path, {"square": 2, "line": 1})
    found, machine = costs(path)
    assert [one.slope("step_seconds") for one in found] == pytest.approx([2, 1])
    assert found[0].slope("memory_bytes") == pytest.approx(1) and machine["decoded"] == 64
    (table,) = blocks(compared(path))
    assert table.rows[0][0] == "`square`" and "2.00" in table.rows[0] and "a state" in table.rows[1]
    assert len(table.header) == len(table.rows[0])
    assert b"<svg" in drawn(compared(path))


def test_a_slope_needs_two_points():
    assert slope([1, 2, 4], [3, 12, 48]) == pytest.approx(2)
    assert str(slope([1], [1])) == "nan"


def test_a_file_of_another_kind_is_one_error(tmp_path):
    path = tmp_path / "other.json"
    path.write_text('{"variants": {"a": {}}}')
    with pytest.raises(ReportError, match="is not what `python -m train bench-lengths` writes"):
        costs(path)
    assert blocks(compared(None)) == []
    assert isinstance(Path(path), Path)
