"""A synthetic results tree in the layout and with the keys that the trainer writes, cheap to make in many shapes."""

from __future__ import annotations

import argparse
import json
import math
import random
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from netspec.ownership import write_all
from report.__main__ import main
from report.ablation.page import REPORT
from report.engine.command import run
from report.engine.table import encode
from report.runs.command import Trained

MIXUP = {"mixup": {"alpha": 0.8}}
CUTMIX = {"cutmix": {"alpha": 1.0}}
ERASING = {"erasing": {"probability": 0.25, "area": [0.02, 0.33], "aspect": [0.3, 3.3]}}
RANDAUGMENT = {"randaugment": {"operations": 2, "magnitude": 9}}

# The book's nine cells: what each adds, its knobs, its made-up effect on top-1 in points.
CELLS = {
    "bare": ("nothing: the base recipe", {}, 0.0),
    "erase": ("random erasing, p = 0.25", ERASING, 1.0),
    "mixup": ("Mixup, α = 0.8", MIXUP, 2.2),
    "cutmix": ("CutMix, α = 1", CUTMIX, 3.9),
    "cutmix-wd05": ("CutMix with weight decay 0.05", CUTMIX, 4.3),
    "randaug": ("RandAugment, N = 2, M = 9", RANDAUGMENT, 0.8),
    "randaug-m4": ("RandAugment, N = 2, M = 4", {"randaugment": {"operations": 2, "magnitude": 4}}, 0.1),
    "full": ("Mixup and erasing", MIXUP | ERASING, -0.9),
    "recipe2": ("CutMix, erasing and RandAugment", CUTMIX | ERASING | RANDAUGMENT, 1.9),
}

VALIDATION = 1297


@dataclass
class Tree:
    """A results tree, the outputs that belong to it, and the commands that lead from one to the other."""

    results: Path
    reports: Path
    cells: list[str]
    seeds: list[int]
    previews: list[Path]

    def selection(self) -> list[str]:
        return ["--results", str(self.results), "--cells", *self.cells, "--seeds", *map(str, self.seeds)]

    def trained(self) -> Trained:
        return REPORT.trained(self.results, self.cells, self.seeds, previews=self.previews)

    def table(self) -> int:
        """Read the results as the command does and write the tables alone: quick, where no page is wanted."""
        parser = argparse.ArgumentParser()
        parser.set_defaults(run=self._tables, out=None)
        return run(parser, [])

    def _tables(self, _: argparse.Namespace) -> None:
        found = self.trained()
        tables = {"ablation.csv": found.table, "ablation_runs.csv": found.runs, "ablation_curves.csv": found.curves}
        write_all({self.reports / name: encode(table) for name, table in tables.items()})

    def build(self) -> int:
        previews = ["--previews", *map(str, self.previews)] if self.previews else []
        return main(["page", "ablation", *self.selection(), "--out", self.path("ablation"), *previews])

    def path(self, name: str) -> str:
        return str(self.reports / name)

    def read(self, name: str) -> str:
        return (self.reports / name).read_text(encoding="utf-8")

    def summary(self, cell: str, seed: int) -> dict:
        return json.loads(self.summary_path(cell, seed).read_text())

    def top1(self, cell: str, seed: int) -> float:
        return self.summary(cell, seed)["metrics"]["top1"]

    def summary_path(self, cell: str, seed: int) -> Path:
        return self.results / cell / f"seed{seed}" / "summary.json"

    def edit(self, path: Path, changes: Mapping[str, object]) -> None:
        """Change values of a JSON file at dotted keys."""
        document = json.loads(path.read_text())
        for key, value in changes.items():
            *parents, last = key.split(".")
            place = document
            for part in parents:
                place = place[part]
            place[last] = value
        path.write_text(json.dumps(document))
        if path.name == "summary.json" and changes.keys() & {"metrics.top1", "epochs"}:
            self._end(path.with_name("metrics.csv"), document["epochs"], document["metrics"]["top1"])

    def _end(self, metrics: Path, epoch: int, top1: object) -> None:
        """Have the metrics end as the summary says."""
        lines = metrics.read_text().splitlines()
        last = max(i for i, line in enumerate(lines) if ",val,top1," in line)
        lines[last] = ",".join([str(epoch), *lines[last].split(",")[1:4], repr(top1)])
        metrics.write_text("\n".join(lines) + "\n")

    def diverge(self, cell: str, seed: int, epoch: int = 10, metric: str = "train loss") -> None:
        """Make a run one that stopped at the end of an epoch: no figures, and no rows after it."""
        nothing = dict.fromkeys(("metrics.top1", "metrics.top5", "metrics.loss", "train_loss"))
        found = {"epoch": epoch, "step": 10 * epoch, "metric": metric}
        self.edit(self.summary_path(cell, seed), nothing | {"diverged": found})
        path = self.summary_path(cell, seed).with_name("metrics.csv")
        header, *lines = path.read_text().splitlines()
        kept = [line for line in lines if int(line.split(",")[0]) < epoch]
        path.write_text("\n".join([header, *kept, f"{epoch},{10 * epoch},train,loss,"]) + "\n")


def write_tree(
    root: Path, cells: list[str], seeds: list[int], dataset: str = "digits", epochs: int = 40, previews: bool = True
) -> Tree:
    results = root / "results" / dataset
    pictures = []
    for cell in cells:
        description, knobs, effect = CELLS.get(cell, ("a cell of the reader’s own", {"mixup": {"alpha": 0.2}}, 1.1))
        config = _config(cell, description, knobs, dataset, epochs)
        folder = results / cell
        folder.mkdir(parents=True)
        (folder / "cell.json").write_text(json.dumps(config))
        for seed in seeds:
            # Seeds of a cell share their luck with bare's, as real runs from the same weights do.
            luck = random.Random(seed).gauss(0, 0.5) + random.Random(f"{cell}{seed}").gauss(0, 0.45)
            _run(folder / f"seed{seed}", cell, seed, dataset, epochs, 84.6 + effect + luck)
        if previews:
            pictures.append(root / "previews" / f"{cell}.png")
            picture(pictures[-1], cell)
    return Tree(results, root / "reports", cells, seeds, pictures)


def _config(cell: str, description: str, knobs: dict, dataset: str, epochs: int) -> dict:
    off = dict.fromkeys(("mixup", "cutmix", "erasing", "randaugment", "colour_jitter"))
    return {
        "name": cell,
        "description": description,
        "book_row": f"vit-tiny-{cell}" if cell in CELLS else None,
        "recipe": "digits",
        "purpose": "experiment",
        "dataset": {
            "name": dataset,
            "title": "Handwritten digits",
            "source": "Alpaydin and Kaynak (1998), UCI Machine Learning Repository, as shipped with scikit-learn",
            "kind": "sklearn-digits",
            "path": None,
            "classes": 10,
            "image_size": 16,
            "stored_size": 18,
            "mean": [0.3, 0.3, 0.3],
            "std": [0.37, 0.37, 0.37],
            "train_per_class": 50,
            "subset_seed": 0,
        },
        "augmentation": {"semantics": "book", "random_crop": True, "horizontal_flip": False} | off | knobs,
        "model": "vit-digits",
        "initialization": "book",
        "epochs": epochs,
        "batch_size": 50,
        "accumulate": 1,
        "optimizer": {
            "name": "adamw",
            "learning_rate": 1e-3,
            "beta1": 0.9,
            "beta2": 0.999,
            "epsilon": 1e-8,
            "weight_decay": 0.05 if cell == "cutmix-wd05" else 1e-4,
            "decay_mask": "kernels",
            "clip_norm": None,
        },
        "schedule": {"granularity": "epoch", "warmup_epochs": 5},
        "label_smoothing": 0.1,
        "dropout": 0.0,
        "stochastic_depth": 0.0,
        "ema_decay": None,
        "precision": "float32",
        "evaluate_every_epochs": 5,
        "checkpoint_every_epochs": 10,
        "on_divergence": "stop",
        "start": None,
    }


def _run(folder: Path, cell: str, seed: int, dataset: str, epochs: int, level: float) -> None:
    folder.mkdir()
    correct = round(VALIDATION * level / 100)
    wall = 8.5 + 0.3 * seed + 0.1 * len(cell)
    noise = random.Random(f"curve{cell}{seed}")
    lines = ["epoch,step,split,metric,value"]
    for epoch in range(1, epochs + 1):
        step = 10 * epoch
        lines += [
            f"{epoch},{step},train,loss,{0.5 + 1.8 * math.exp(-epoch / 9)!r}",
            f"{epoch},{step},train,accuracy,{1 - 0.9 * math.exp(-epoch / 9)!r}",
            f"{epoch},{step},train,learning_rate,{1e-3 * (1 + math.cos(math.pi * epoch / epochs)) / 2!r}",
        ]
        if epoch % 5 == 0 or epoch == epochs:
            top1 = 100 * correct / VALIDATION
            if epoch < epochs:
                top1 -= 72 * math.exp(-epoch / 6) - noise.gauss(0, 0.7)
            lines += [
                f"{epoch},{step},val,top1,{top1!r}",
                f"{epoch},{step},val,top5,{min(99.0, top1 + 14)!r}",
                f"{epoch},{step},val,loss,{1.5 - top1 / 100!r}",
            ]
    (folder / "metrics.csv").write_text("\n".join(lines) + "\n")
    summary = {
        "dataset": dataset,
        "cell": cell,
        "seed": seed,
        "config_hash": f"{zlib.crc32(cell.encode()):08x}",
        "semantics": "book",
        "model": "vit-digits",
        "params": 109_834,
        "macs": 2_160_000,
        "train_images": 500,
        "val_images": VALIDATION,
        "image_size": 16,
        "classes": 10,
        "epochs": epochs,
        "steps": 10 * epochs,
        "batch_size": 50,
        "precision": "float32",
        "diverged": None,
        "task": "classification",
        "metrics": {"top1": 100 * correct / VALIDATION, "top5": 98.7, "loss": 0.71},
        "train_loss": 0.52,
        "provenance": {
            "git_commit": "3f9a1c5e7b2d4860a1b2c3d4e5f60718293a4b5c",
            "git_dirty": False,
            "command": "python -m train fit",
            "versions": {"python": "3.11.9", "jax": "0.10.2", "flax": "0.12.8", "optax": "0.2.6", "numpy": "2.3.4"},
        },
        "timing": {
            "wall_seconds": wall,
            "train_seconds": wall - 4,
            "compile_seconds": 2.1,
            "eval_seconds": 0.8,
            "input_seconds": 0.4,
            "step_milliseconds": 9.2,
            "images_per_second": 5430.0,
            "peak_memory_mib": 812,
            "resumes": 0,
            "started": "2026-11-20T10:00:00Z",
            "finished": "2026-11-20T10:00:10Z",
            "device": "cpu",
            "device_kind": "cpu",
            "device_count": 1,
            "cpu": "AMD EPYC 9554",
            "cpu_threads": 2,
        },
    }  # fmt: skip
    (folder / "summary.json").write_text(json.dumps(summary))


def picture(path: Path, cell: str, samples: int = 8, side: int = 16) -> None:
    """Blurred blobs in a row, as grey PNG."""
    path.parent.mkdir(exist_ok=True)
    noise = random.Random(cell)
    centres = [(noise.uniform(5, 11), noise.uniform(5, 11), noise.uniform(5, 20)) for _ in range(samples)]
    rows = b"".join(
        b"\0"
        + bytes(
            int(255 * math.exp(-((x - cx) ** 2 + (y - cy) ** 2) / width))
            for cx, cy, width in centres
            for x in range(side)
        )
        for y in range(side)
    )

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", samples * side, side, 8, 0, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    )


#: What `python -m train bench-step` writes.
STEP = {
    "model": "ViT-Tiny",
    "batch_size": 32,
    "image_size": 224,
    "precision": "float32",
    "rounds": 3,
    "starts": 3,
    "ours_ms": 2000.0,
    "pytorch_ms": 1600.0,
    "pytorch_form": "channels_last",
    "pytorch_forms_ms": {
        "nchw": 1900.0,
        "channels_last": 1610.0,
        "nchw_compiled": None,
        "channels_last_compiled": None,
    },
    "ratio": 1.25,
    "quartiles": [1.2, 1.3],
    "images_per_second": 16.0,
    "matmul_gflops": 150.0,
    "share_of_matmul": 0.5,
    "device": "cpu",
    "device_count": 2,
    "cpu": "a processor",
    "threads": 2,
    "versions": {"jax": "0.10", "torch": "2.13"},
}
