"""Sets of graphs as TUDataset publishes them: what is read, and what each kind of damage is called."""

import numpy as np
import pytest
from made_graphs import in_folder, in_zip, molecules, texts

from train.config.schema import ConfigError
from train.data.raw.tudataset import open_tudataset

#: A triangle of kinds 0, 1, 0 and a pair of kinds 2, 2.
TWO = [([0, 1, 0], [(0, 1), (1, 2), (0, 2)], 1), ([2, 2], [(0, 1)], -1)]


def test_a_set_is_read_as_it_was_written(tmp_path):
    found = open_tudataset(in_folder(tmp_path / "own", texts(TWO, edge_labels=True)), "MUTAG")
    assert found.graph_of.tolist() == [0, 0, 0, 1, 1]
    assert found.labels.tolist() == [1, 0]  # numbered in their order: -1 comes first
    assert found.node_labels.tolist() == [0, 1, 0, 2, 2]
    pairs = {(0, 1), (1, 2), (0, 2), (3, 4)}
    assert {*map(tuple, found.arcs.T.tolist())} == pairs | {pair[::-1] for pair in pairs}
    assert found.edge_labels.tolist() == [1, 1, 1, 1, 0, 0, 1, 1]
    assert open_tudataset(in_folder(tmp_path / "bare", texts(TWO)), "MUTAG").edge_labels is None


def test_a_folder_and_its_archive_are_the_same_and_another_set_is_not(tmp_path):
    files = texts(molecules(12, told="edges"))
    found = [
        open_tudataset(in_folder(tmp_path / "flat", files), "MUTAG"),
        open_tudataset(in_folder(tmp_path / "deep/MUTAG", files).parent, "MUTAG"),
        open_tudataset(in_zip(tmp_path / "MUTAG.zip", files | {"README.txt": "of the set"}), "MUTAG"),
        open_tudataset(in_zip(tmp_path / "flat.zip", files, folder=""), "MUTAG"),
    ]
    assert len({one.digest for one in found}) == 1
    for one in found[1:]:
        assert np.array_equal(one.arcs, found[0].arcs) and np.array_equal(one.graph_of, found[0].graph_of)
    other = open_tudataset(in_folder(tmp_path / "other", texts(molecules(12, told="edges", seed=1))), "MUTAG")
    assert other.digest != found[0].digest


def test_lines_of_windows_and_empty_lines_at_the_end_are_read(tmp_path):
    files = {name: text.replace("\n", "\r\n") + "\r\n\r\n" for name, text in texts(TWO).items()}
    plain = open_tudataset(in_folder(tmp_path / "plain", texts(TWO)), "MUTAG")
    assert open_tudataset(in_folder(tmp_path / "own", files), "MUTAG").digest == plain.digest


#: The file that is damaged, what stands in it and what is put there, and what is said.
DAMAGED = [
    ("A", "1, 2", "1, 9", "MUTAG_A.txt: line 1 has 9, expected the number of one of 5 nodes"),
    ("A", "1, 2", "0, 2", "MUTAG_A.txt: line 1 has 0, expected the number of one of 5 nodes"),
    ("A", "1, 2", "1", "MUTAG_A.txt: line 1 is '1', expected the numbers of two nodes"),
    ("A", "1, 2", "1; 2", "MUTAG_A.txt: line 1 is '1; 2', expected the numbers of two nodes"),
    ("A", "1, 2", "1, 2.5", "MUTAG_A.txt: line 1 is '1, 2.5', expected the numbers"),
    ("A", "1, 2", "1, 4", "line 1 joins nodes 1 and 4 of graphs 1 and 2, expected nodes of one graph"),
    ("A", "1, 2", "1, 1", "line 1 joins nodes 1 and 1, expected two nodes"),
    ("A", "1, 2\n", "", "joins nodes 2 and 1 in one direction alone, expected both arcs"),
    ("A", "2, 3", "1, 2", "joins nodes 1 and 2 again, expected each arc once"),
    (
        "graph_indicator",
        "2\n",
        "3\n",
        "MUTAG_graph_indicator.txt: line 4 has 3, expected the number of one of 2 graphs",
    ),
    (
        "graph_indicator",
        "1\n",
        "0\n",
        "MUTAG_graph_indicator.txt: line 1 has 0, expected the number of one of 2 graphs",
    ),
    ("graph_indicator", "1\n", "\n", "MUTAG_graph_indicator.txt: line 1 is '', expected the number of a graph"),
    ("graph_indicator", "2\n2\n", "1\n1\n", "graph 2 has no node, expected one or more of each"),
    ("graph_indicator", "2\n2\n", "2\n", "MUTAG_node_labels.txt: has 5 lines, expected one for each of 4 nodes"),
    (
        "graph_labels",
        "-1\n",
        "mutagenic\n",
        "MUTAG_graph_labels.txt: line 2 is 'mutagenic', expected the label of a graph",
    ),
    ("graph_labels", "-1\n", "-1\n1\n", "graph 3 has no node"),
    ("node_labels", "2\n2\n", "2\n", "MUTAG_node_labels.txt: has 4 lines, expected one for each of 5 nodes"),
    ("node_labels", "2\n2\n", "2\n\u0662\n", "MUTAG_node_labels.txt: is no plain text"),
    ("edge_labels", "1\n", "", "MUTAG_edge_labels.txt: has 7 lines, expected one for each of 8 arcs"),
    ("edge_labels", "1\n", "1e3\n", "MUTAG_edge_labels.txt: line 1 is '1e3', expected the label of an arc"),
]


@pytest.mark.parametrize(("part", "old", "new", "told"), DAMAGED)
def test_damage_is_told_with_its_file_and_line(tmp_path, part, old, new, told):
    files = texts(TWO, edge_labels=part == "edge_labels")
    name = f"MUTAG_{part}.txt"
    assert old in files[name]
    damaged = files | {name: files[name].replace(old, new, 1)}
    for path in (in_folder(tmp_path / "own", damaged), in_zip(tmp_path / "MUTAG.zip", damaged)):
        with pytest.raises(ConfigError) as error:
            open_tudataset(path, "MUTAG")
        assert told in str(error.value) and str(path) in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize("part", ["A", "graph_indicator", "graph_labels", "node_labels"])
@pytest.mark.parametrize("empty", [True, False])
def test_a_file_that_is_missing_or_empty_is_named(tmp_path, part, empty):
    name = f"MUTAG_{part}.txt"
    files = {one: text for one, text in texts(TWO).items() if one != name} | ({name: ""} if empty else {})
    for path in (in_folder(tmp_path / "own", files), in_zip(tmp_path / "MUTAG.zip", files)):
        with pytest.raises(ConfigError, match=f"{name}: is {'empty' if empty else 'not there'}, expected the"):
            open_tudataset(path, "MUTAG")


def test_an_archive_that_is_cut_off_is_told(tmp_path):
    data = in_zip(tmp_path / "whole.zip", texts(molecules(12, told="edges"))).read_bytes()
    for length in (0, 10, len(data) // 2, len(data) - 4):
        cut = tmp_path / f"{length}.zip"
        cut.write_bytes(data[:length])
        with pytest.raises(ConfigError, match=rf"{length}\.zip: .*expected") as error:
            open_tudataset(cut, "MUTAG")
        assert "\n" not in str(error.value)


def test_a_member_whose_bytes_have_changed_is_told(tmp_path):
    path = in_zip(tmp_path / "MUTAG.zip", texts(molecules(12, told="edges")))
    data = bytearray(path.read_bytes())
    data[100] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(ConfigError, match=r"MUTAG\.zip: damaged archive .*, expected a whole one"):
        open_tudataset(path, "MUTAG")


@pytest.mark.parametrize("outside", ["../MUTAG_A.txt", "/MUTAG_A.txt", "MUTAG/../../MUTAG_A.txt", "C:MUTAG_A.txt"])
def test_members_outside_of_the_folder_are_refused(tmp_path, outside):
    path = in_zip(tmp_path / "MUTAG.zip", texts(TWO) | {outside: "1, 2\n"}, folder="")
    with pytest.raises(ConfigError, match="leads outside the archive, expected relative names"):
        open_tudataset(path, "MUTAG")
