"""MUTAG on sets that the tests write: folds, padding, weights, where a copy lies, and effects that were planted."""

import json
from pathlib import Path
from statistics import fmean

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import yaml
from made_graphs import in_folder, in_zip, molecules, texts

from train import __main__ as trainer
from train.config.schema import ConfigError
from train.trials import command, mutag
from train.trials.base import size
from train.trials.data import Data
from train.trials.settings import read

FILE = Path(__file__).parents[3] / "config/trials/mutag.yaml"
VARIANTS = [*mutag.TRIAL.variants]


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    return mutag.load(in_folder(tmp_path_factory.mktemp("planted") / "MUTAG", texts(molecules(40, told="edges"))))


def _settings(folder, **data):
    """The file of the trial in ``folder`` with another copy."""
    given = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    given["data"] |= data
    (folder / "mutag.yaml").write_text(yaml.safe_dump(given), encoding="utf-8")
    return folder / "mutag.yaml"


def test_ten_folds_are_a_partition_and_each_has_its_share_of_every_class():
    labels = jnp.asarray([0] * 63 + [1] * 125)
    for first in (0, 100):
        folds = np.stack([np.asarray(mutag.tested(labels, first + fold)) for fold in range(10)])
        assert (folds.sum(0) == 1).all()
        assert sorted({*folds.sum(1)}) == [18, 19]
        assert {*folds[:, :63].sum(1)} == {6, 7} and {*folds[:, 63:].sum(1)} == {12, 13}
    assert not np.array_equal(mutag.tested(labels, 3), mutag.tested(labels, 103))


def test_variants_of_a_seed_share_its_fold():
    labels = jnp.asarray([0, 1] * 20)
    for seed in (0, 7, 101):
        assert jnp.array_equal(mutag.tested(labels, jax.random.key_data(jax.random.key(seed))[-1]),
                               mutag.tested(labels, seed))  # fmt: skip


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_variant_gives_the_figures_of_its_trial(variant, planted):
    run = mutag.make(variant, {"epochs": 1, "data": planted})
    found = jax.eval_shape(run, jax.random.key(0), 0.1)
    assert {*found} == {*(one.name for one in mutag.TRIAL.figures), "params"}
    assert all(jnp.shape(one) == () for one in found.values())


@pytest.mark.parametrize(
    ("variant", "first", "others"),
    [
        ("gin", 7 * 64 + 64 + 64 * 64 + 64 + 1, 2 * (64 * 64 + 64) + 1),
        ("bag", 7 * 64 + 64 + 64 * 64 + 64 + 1, 2 * (64 * 64 + 64) + 1),
        ("gcn", 7 * 64, 64 * 64),
        ("sage", 2 * 7 * 64, 2 * 64 * 64),
        ("gat", 7 * 64 + 2 * 64, 64 * 64 + 2 * 64),
    ],
)
def test_weights_are_as_many_as_by_hand(variant, first, others):
    found = size(mutag.weights(variant, jax.random.key(0), 7, 2))
    assert found == first + 4 * others + 5 * 2 * 64 + 64 * 2 + 2


def _params(variant, kinds):
    """Weights of which none is as it starts, so that everything has a say."""
    params = mutag.weights(variant, jax.random.key(1), kinds, 2)
    leaves, tree = jax.tree.flatten(params)
    keys = jax.random.split(jax.random.key(2), len(leaves))
    return tree.unflatten(
        [one + 0.1 * jax.random.normal(key, one.shape) for one, key in zip(leaves, keys, strict=True)]
    )


@pytest.mark.parametrize("variant", VARIANTS)
def test_padding_changes_no_answer(variant, planted):
    counted = jnp.arange(40) % 3 > 0
    with jax.enable_x64(True):
        params = _params(variant, 3)
        bare = mutag.answers(variant, params, mutag.padded(planted), counted)
        more = mutag.answers(variant, params, mutag.padded(planted, nodes=19, arcs=50), counted)
        assert bare.dtype == jnp.float64 and jnp.std(bare) > 1e-3
        assert np.asarray(more) == pytest.approx(np.asarray(bare), abs=1e-9, rel=1e-9)


@pytest.mark.parametrize("variant", VARIANTS)
def test_answers_do_not_depend_on_the_order_of_nodes_and_arcs(variant, planted):
    whole = mutag.padded(planted)
    nodes, arcs = np.random.default_rng(0).permutation(whole.x.shape[1]), whole.senders.shape[1]
    back = np.append(np.argsort(nodes), len(nodes)).astype(np.int32)  # what is no node stays none
    moved = mutag.Molecules(whole.x[:, nodes], whole.there[:, nodes], back[whole.senders][:, ::-1],
                            back[whole.receivers][:, ::-1])  # fmt: skip
    assert arcs > 8
    with jax.enable_x64(True):
        params, counted = _params(variant, 3), jnp.ones(40, bool)
        one, other = (mutag.answers(variant, params, batch, counted) for batch in (whole, moved))
        assert np.asarray(other) == pytest.approx(np.asarray(one), abs=1e-9, rel=1e-9)


def test_a_graph_that_is_not_counted_changes_no_other_and_the_bag_sees_no_edge(planted):
    counted = jnp.arange(40) != 5
    whole = mutag.padded(planted)
    other = whole._replace(x=np.concatenate([whole.x[:5], whole.x[5:6] * 3, whole.x[6:]]))
    params = _params("gin", 3)
    given, changed = (mutag.answers("gin", params, batch, counted) for batch in (whole, other))
    assert jnp.allclose(given[counted], changed[counted], rtol=1e-4, atol=1e-4)
    assert jnp.abs(given[5] - changed[5]).max() > 1e-2
    none = whole._replace(senders=np.full_like(whole.senders, whole.x.shape[1]),
                          receivers=np.full_like(whole.receivers, whole.x.shape[1]))  # fmt: skip
    for variant, sees in (("bag", False), ("gin", True)):
        found = [mutag.answers(variant, params, batch, counted) for batch in (whole, none)]
        assert bool(jnp.abs(found[0] - found[1]).max() > 1e-3) == sees


def test_a_copy_lies_in_a_folder_in_its_archive_or_is_fetched(tmp_path):
    files = texts(molecules(12, told="edges"))
    published = in_zip(tmp_path / "MUTAG.zip", files)
    beside = Data(tmp_path / "MUTAG", "https://none.example/MUTAG.zip")
    assert beside.lies() == published
    in_folder(tmp_path / "MUTAG", files)
    assert beside.lies() == tmp_path / "MUTAG"
    assert Data(published, "https://none.example/MUTAG.zip").lies() == published
    fetched = Data(None, published.as_uri())
    assert fetched.lies(tmp_path / "downloads") is None
    place = fetched.place(FILE, tmp_path / "downloads")
    assert place == tmp_path / "downloads/MUTAG.zip" == fetched.lies(tmp_path / "downloads")
    assert mutag.load(place).digest == mutag.load(tmp_path / "MUTAG").digest


@pytest.mark.parametrize("given", ["data/MUTAG", {"path": "data/MUTAG"}, {"path": 3, "url": "https://a/b.zip"}])
def test_a_file_says_both_path_and_address(given):
    with pytest.raises(ConfigError, match=r"mutag\.yaml: key 'data' is .*, expected path, a file or null, and url"):
        Data.of(FILE, given)


def test_without_a_copy_one_sentence_says_where_to_put_it(tmp_path, capsys):
    path = _settings(tmp_path, path=str(tmp_path / "MUTAG"))
    out = tmp_path / "out.json"
    assert trainer.main(["trial", str(path), "--out", str(out), "--cache", str(tmp_path / "cache")]) == 2
    told = capsys.readouterr().err
    assert f"key 'data.path' is {tmp_path}/MUTAG, but there is no {tmp_path}/MUTAG nor {tmp_path}/MUTAG.zip;" in told
    assert "expected your copy of https://www.chrsmrrs.com/graphkerneldatasets/MUTAG.zip" in told
    assert told.count("\n") == 1 and not out.exists()


@pytest.mark.parametrize(
    ("made", "told"),
    [
        ([([0, 1], [(0, 1)], 1)] * 12, "has 1 labels of 12 graphs, expected 2 labels or more of 10 graphs or more"),
        (molecules(8, told="edges"), "has 2 labels of 8 graphs, expected 2 labels"),
    ],
)
def test_a_copy_that_cannot_be_cut_into_folds_is_told(tmp_path, made, told):
    in_zip(tmp_path / "MUTAG.zip", texts(made))
    with pytest.raises(ConfigError, match=rf"mutag\.yaml: key 'data': .*MUTAG\.zip: MUTAG_graph_labels\.txt {told}"):
        command.run(_settings(tmp_path, path=str(tmp_path / "MUTAG")), tmp_path / "o.json", tmp_path / "cache")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("outliers", "key 'data' is of no use to the trial robust"),
        ("mutag", "key 'data' is missing, with path and url"),
    ],
)
def test_data_that_a_trial_does_not_need_or_lacks_is_told(tmp_path, name, told):
    given = yaml.safe_load((FILE.parent / f"{name}.yaml").read_text(encoding="utf-8"))
    needed = given.pop("data", None)
    (tmp_path / f"{name}.yaml").write_text(
        yaml.safe_dump(given | ({} if needed else {"data": {"path": "x", "url": "https://a/x.zip"}})), encoding="utf-8"
    )
    with pytest.raises(ConfigError, match=told):
        command.run(tmp_path / f"{name}.yaml", tmp_path / "o.json", tmp_path / "cache")


@pytest.mark.exhaustive
def test_a_smoke_run_is_the_same_from_a_folder_and_from_an_archive_and_what_is_kept_knows_its_data(tmp_path):
    files = texts(molecules(20, told="edges"))
    found = []
    for name, made in (("folder", in_folder(tmp_path / "a/MUTAG", files)), ("zip", in_zip(tmp_path / "b.zip", files))):
        (tmp_path / name).mkdir()
        path = _settings(tmp_path / name, path=str(made))
        command.run(path, tmp_path / f"{name}.json", tmp_path / "cache", smoke=True)
        found.append(json.loads((tmp_path / f"{name}.json").read_text(encoding="utf-8")))
    first, second = found
    assert first["settings"] == second["settings"] and len(first["settings"]["data"]) == 64
    assert str(tmp_path) not in json.dumps(first["settings"])
    assert first["runs"] == second["runs"]  # the second took them from the cache, seconds and all
    in_zip(tmp_path / "b.zip", texts(molecules(20, told="edges", seed=1)))
    command.run(path, tmp_path / "zip.json", tmp_path / "cache", smoke=True)
    assert json.loads((tmp_path / "zip.json").read_text(encoding="utf-8"))["runs"] != first["runs"]
    assert {run["variant"] for run in first["runs"]} == read(FILE, smoke=True).compared
    assert {run["figures"]["molecules"] for run in first["runs"]} == {20}


def _accuracies(variant, data, folds):
    run = jax.jit(mutag.make(variant, {"epochs": 25, "data": data}))
    return [float(run(jax.random.key(seed), jnp.float32(0.01))["accuracy"]) for seed in range(folds)]


@pytest.mark.exhaustive
def test_sums_find_what_is_planted_in_edges_and_a_bag_of_atoms_does_not(tmp_path):
    made = mutag.load(in_folder(tmp_path / "MUTAG", texts(molecules(120, told="edges"))))
    gin, bag = (_accuracies(variant, made, 4) for variant in ("gin", "bag"))
    assert fmean(gin) > 95
    assert fmean(bag) < 70


@pytest.mark.exhaustive
def test_where_labels_are_drawn_nothing_is_told(tmp_path):
    made = mutag.load(in_folder(tmp_path / "MUTAG", texts(molecules(120, told="nothing"))))
    # Of 120 tosses four standard deviations are 18 points.
    assert abs(fmean(_accuracies("gin", made, 10)) - 50) < 20
