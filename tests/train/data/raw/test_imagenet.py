"""ImageNet in its published forms, made small: the same labels, names and images out of each."""

import io
import tarfile

import numpy as np
import pytest
from made_data import described, folder_dataset, jpeg, lengths, tar_bytes, tar_of
from scipy.io import savemat

from train.config.schema import ConfigError
from train.data.prepare import prepare
from train.data.raw.devkit import META, TRUTH
from train.data.raw.imagenet import TRAIN, VAL
from train.data.store import open_store

#: ILSVRC2012_ID order is not the sorted order of wnids, which is that of labels.
WNIDS = {1: "n02119789", 2: "n01440764", 3: "n02100735"}
WORDS = {"n02119789": "kit fox, Vulpes macrotis", "n01440764": "tench, Tinca tinca", "n02100735": "English setter"}
TRUTHS = (1, 3, 2, 2, 1, 3)
TRAINING = {wnid: {f"{wnid}_{i}.JPEG": jpeg(100 * k + i) for i in range(4)} for k, wnid in enumerate(WORDS)}
VALIDATION = {f"ILSVRC2012_val_{i:08d}.JPEG": jpeg(1000 + i) for i in range(1, 7)}


def meta():
    """The kit's table: the classes, and what stands above them in WordNet."""
    fields = [("ILSVRC2012_ID", "O"), ("WNID", "O"), ("words", "O"), ("num_children", "O")]
    rows = [(i, wnid, WORDS[wnid], 0) for i, wnid in WNIDS.items()] + [(1001, "n00001740", "entity", 3)]
    stream = io.BytesIO()
    savemat(stream, {"synsets": np.array(rows, dtype=fields).reshape(-1, 1)})
    return stream.getvalue()


def truth():
    return "".join(f"{i}\n" for i in TRUTHS).encode()


def devkit(root, unpacked=False):
    members = {META: meta(), TRUTH: truth()}
    if unpacked:
        for name, content in members.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(content)
    else:
        tar_of(members, root / "ILSVRC2012_devkit_t12.tar.gz", "w:gz")


def official(root):
    root.mkdir()
    tar_of({f"{wnid}.tar": tar_bytes(files) for wnid, files in TRAINING.items()}, root / TRAIN)
    tar_of(VALIDATION, root / VAL)
    devkit(root)
    return root


def tree(root, form):
    for wnid, files in TRAINING.items():
        (root / "train" / wnid).mkdir(parents=True)
        for name, content in files.items():
            (root / "train" / wnid / name).write_bytes(content)
    for (name, content), number in zip(VALIDATION.items(), TRUTHS, strict=True):
        folder = root / "val" / (WNIDS[number] if form == "folders" else "")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    if form == "kaggle":
        rows = [f"{name[:-5]},{WNIDS[n]} 1 2 3 4 " for name, n in zip(VALIDATION, TRUTHS, strict=True)]
        (root / "LOC_val_solution.csv").write_text("\n".join(["ImageId,PredictionString", *rows]))
        (root / "LOC_synset_mapping.txt").write_text("\n".join(f"{w} {words}" for w, words in sorted(WORDS.items())))
    else:
        devkit(root, unpacked=form == "flat")
    return root


FORMS = {"tars": official, **{form: lambda root, form=form: tree(root, form) for form in ("folders", "flat", "kaggle")}}


def imagenet(root, **changes):
    return folder_dataset(root, kind="imagenet", store="records", **changes)


@pytest.mark.parametrize("form", FORMS)
def test_labels_are_sorted_wnids_in_every_form(tmp_path, form):
    dataset = imagenet(FORMS[form](tmp_path / "imagenet"))
    about = prepare(dataset, tmp_path / "store")
    assert about["class_names"] == ["tench, Tinca tinca", "English setter", "kit fox, Vulpes macrotis"]
    assert lengths(about) == {"train": 12, "val": 6}
    store = open_store(tmp_path / "store", dataset)
    assert store.train["label"].tolist() == [0] * 4 + [1] * 4 + [2] * 4
    # By class, then by number: images 3 and 4 are tenches, 2 and 6 setters, 1 and 5 foxes.
    files = store.val.reader.read(store.val.records.tolist())
    assert [list(VALIDATION.values()).index(file) + 1 for file in files] == [3, 4, 2, 6, 1, 5]
    assert store.val["label"].tolist() == [0, 0, 1, 1, 2, 2]


def test_every_form_gives_the_same_contents(tmp_path):
    contents = {
        prepare(imagenet(make(tmp_path / form)), tmp_path / f"store-{form}")["content"] for form, make in FORMS.items()
    }
    assert len(contents) == 1


def cut(path, size):
    path.write_bytes(path.read_bytes()[:size])


def bare_val(root):
    (root / VAL).unlink()


def no_devkit(root):
    (root / "ILSVRC2012_devkit_t12.tar.gz").unlink()


def extra_image(root):
    tar_of({**VALIDATION, "ILSVRC2012_val_00000007.JPEG": jpeg(0)}, root / VAL)


def no_tench(root):
    tar_of({f"{w}.tar": tar_bytes(files) for w, files in TRAINING.items() if w != "n01440764"}, root / TRAIN)


def damaged_class(root):
    inner = {f"{wnid}.tar": tar_bytes(files) for wnid, files in TRAINING.items()}
    inner["n01440764.tar"] = inner["n01440764.tar"][:1500]
    tar_of(inner, root / TRAIN)


def link_inside(root):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        tar.addfile(described("n01440764_0.JPEG", type=tarfile.SYMTYPE, linkname="/etc/passwd"))
    tar_of({"n01440764.tar": stream.getvalue()}, root / TRAIN)


def other_devkit(root):
    tar_of({"readme.txt": b""}, root / "ILSVRC2012_devkit_t12.tar.gz", "w:gz")


def broken_meta(root):
    tar_of({META: b"MATLAB", TRUTH: truth()}, root / "ILSVRC2012_devkit_t12.tar.gz", "w:gz")


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda root: cut(root / TRAIN, 5000), "img_train.tar: damaged archive"),
        (lambda root: cut(root / "ILSVRC2012_devkit_t12.tar.gz", 200), "devkit_t12.tar.gz: damaged archive"),
        (bare_val, "ILSVRC2012_img_val.tar is missing, expected it beside the other official tar files"),
        (no_devkit, "the validation images have no classes, expected ILSVRC2012_devkit_t12.tar.gz"),
        (extra_image, "ILSVRC2012_val_00000007.JPEG: no image of the ground truth"),
        (no_tench, "differ in the classes n01440764 (only in val/: n01440764)"),
        (damaged_class, "img_train.tar: damaged archive"),
        (link_inside, "img_train.tar:n01440764.tar: member 'n01440764_0.JPEG' is a link"),
        (other_devkit, "not found"),
        (broken_meta, "not readable as the development kit"),
    ],
)
def test_damage_has_one_message(tmp_path, damage, says):
    root = official(tmp_path / "imagenet")
    damage(root)
    with pytest.raises(ConfigError) as raised:
        prepare(imagenet(root), tmp_path / "out/store")
    assert says in str(raised.value)
    assert "\n" not in str(raised.value)
    assert list((tmp_path / "out").iterdir()) == []


def test_checksums_are_verified_first(tmp_path):
    root = official(tmp_path / "imagenet")
    dataset = imagenet(root, checksums={VAL: "0" * 32})
    with pytest.raises(ConfigError, match=r"img_val\.tar: checksum md5 is [0-9a-f]{32}, expected 0{32}$"):
        prepare(dataset, tmp_path / "store")
    assert (root / VAL).exists()
