"""A network of one's own as the model of a recipe."""

import pytest

import netspec
from train import config, provenance
from train.config import schema
from train.config.models import model_of
from train.config.schema import ConfigError

FILE = """
from netspec import NetSpec
from netspec.layers import Dense, Flatten

WIDE = NetSpec("wide", (16, 16, 3), (Flatten(), Dense(768, 32, "relu"), Dense(32, 10)))
NARROW = NetSpec("narrow", (16, 16, 3), (Flatten(), Dense(768, 8, "relu"), Dense(8, 10)))
"""


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """The name of a file with two specs."""
    model_of.cache_clear()
    path = tmp_path / "mynet.py"
    path.write_text(FILE)
    yield str(path)
    model_of.cache_clear()


def load(shipped, model):
    changes = {"only": ["bare"], "sweep": {"model": [model]}}
    return config.load_experiment({**shipped, **changes}, schema.SCHEMAS.parents[1] / "config")


def test_a_cell_of_a_spec_in_a_file(shipped, mine):
    experiment = load(shipped, f"{mine}:WIDE")
    cell = config.parse_cell(experiment.cells[experiment.shown[0]])
    from train.tasks import task_of

    spec = task_of(cell).spec(cell)
    assert spec.params == 768 * 32 + 32 + 32 * 10 + 10
    assert {"netspec.layers.dense", "netspec.layers.flatten"} <= {*provenance.modules_of(cell.model)}


def test_its_text_is_part_of_the_fingerprint(mine, tmp_path):
    def now(name):
        model_of.cache_clear()
        return provenance.run_fingerprint("cell", f"{mine}:{name}", 0)

    first = now("WIDE")
    assert now("NARROW") != first
    (tmp_path / "mynet.py").write_text(f"# a comment\n{FILE}")
    assert now("WIDE") == first
    (tmp_path / "mynet.py").write_text(FILE.replace("32", "33"))
    assert now("WIDE") != first


def test_names_of_the_catalogue_are_no_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ResNet-34").write_text("raise SystemExit('run')")
    assert model_of("ResNet-34") is netspec.find("ResNet-34")


@pytest.mark.parametrize(
    ("model", "says"),
    [
        ("{mine}:WIDER", "defines no spec called 'WIDER'; did you mean"),
        ("{mine}", "defines several specs"),
        ("{mine}x/none.py:A", "cannot be read"),
        ("ViT-Digts", "ViT-Digits"),
    ],
)
def test_mistakes_are_one_line_that_names_file_and_key(shipped, mine, model, says):
    with pytest.raises(ConfigError) as raised:
        load(shipped, model.format(mine=mine))
    message = str(raised.value)
    assert "config.yaml: key 'sweep'" in message and says in message and "\n" not in message
