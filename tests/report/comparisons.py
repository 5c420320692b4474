"""Synthetic results in the places of the zoo's runs and those of ch. 10.3 and 10.5, and what reports on them."""

from __future__ import annotations

import json

import pandas as pd
from synthetic_results import VALIDATION, write_tree

import netspec
from report.__main__ import main


class Comparison:
    """A results tree whose cells have given configurations and correct counts, and the command of its report.

    ``cells`` maps a name to (model, row of the book or None, images right of seed 0, changes of cell.json).
    """

    def __init__(self, root, name, cells, seeds=(0, 1), dataset=None, epochs=80, lowers=False):
        self.name, self.lowers, self.root = name, lowers, root
        dataset = dataset or name
        self.tree = write_tree(root, list(cells), list(seeds), dataset=dataset, epochs=epochs, previews=False)
        for cell, (model, row, correct, changes) in cells.items():
            spec = netspec.find(model)
            config = {"model": model, "book_row": row, "dataset.title": dataset.title(), **changes}
            path = self.tree.results / cell / "cell.json"
            self.tree.edit(path, config)
            if changes.get("optimizer.name") == "sgd":
                document = json.loads(path.read_text())
                document["optimizer"] = {
                    k: v for k, v in document["optimizer"].items() if k[:4] not in ("beta", "epsi")
                }
                path.write_text(json.dumps(document))
            for seed in seeds:
                self.tree.edit(
                    self.tree.summary_path(cell, seed),
                    {
                        "params": spec.params,
                        "epochs": changes.get("epochs", epochs),
                        "metrics.top1": 100 * (correct + 10 * seed) / VALIDATION,
                        "timing.step_milliseconds": 10.0 + seed,
                        "timing.wall_seconds": 3600.0 * (1 + seed),
                    },
                )
            if lowers:
                path = root / "lowered" / f"{spec.slug.lower()}.mlir"
                path.parent.mkdir(exist_ok=True)
                path.write_text("×" * (1000 * len(cell)), encoding="utf-8")  # characters, not bytes

    def path(self, name):
        return self.tree.path(name)

    def build(self):
        """The exit status of the command."""
        lowered = ["--lowered", str(self.root / "lowered")] if self.lowers else []
        return main(["page", self.name, *self.tree.selection(), *lowered, "--out", self.path(self.name)])

    def table(self):
        return pd.read_csv(self.path(f"{self.name}.csv")).set_index("cell")

    def page(self):
        return self.tree.read(f"{self.name}.md")


MODEL = "ViT-Tiny (ImageNet, bf16)"
RUN = {"batch_size": 512, "dataset.image_size": 224, "optimizer.clip_norm": 1.0, "optimizer.learning_rate": 5e-4}
IMAGENET = {
    "vit-tiny-bf16": (MODEL, "ViT-Tiny, 80 epochs bf16 (ch. 10.5)", 850, RUN | {"precision": "bfloat16"}),
    "vit-tiny-fp32": (MODEL, "ViT-Tiny, fp32 throughput only (ch. 10.5)", 60, RUN | {"epochs": 1}),
    "vit-tiny-unclipped": (MODEL, None, 1, RUN | {"precision": "bfloat16", "optimizer.clip_norm": None}),
    "resnet-34-90ep": (
        "ResNet-34 (ImageNet)", "ResNet-34, 90 epochs bf16", 900,
        {"optimizer.name": "sgd", "optimizer.momentum": 0.9, "precision": "bfloat16"},
    ),
}  # fmt: skip


def imagenet(root, **options):
    made = Comparison(root, "imagenet", IMAGENET, seeds=(0,), **options)
    losses = {"vit-tiny-bf16": 3.9, "vit-tiny-fp32": 5.0, "vit-tiny-unclipped": 6.908, "resnet-34-90ep": 2.0}
    for cell, loss in losses.items():
        step = {"vit-tiny-bf16": 100.0, "vit-tiny-fp32": 150.0}.get(cell, 90.0)
        made.tree.edit(
            made.tree.summary_path(cell, 0),
            {"classes": 1000, "metrics.loss": loss, "timing.step_milliseconds": step, "timing.wall_seconds": 7200.0},
        )
    return made


IMAGENETTE = {
    "resnet-34": ("ResNet-34", "ResNet-34", 1150, {"optimizer.learning_rate": 1e-3}),
    "vit-tiny": ("ViT-Tiny", "ViT-Tiny", 900, {"optimizer.learning_rate": 3e-4, "schedule.warmup_epochs": 5}),
    "mine": ("LeNet-5", None, 1000, {}),
}
BOOK_LIKE = {"batch_size": 32, "dataset.image_size": 224, "schedule.warmup_epochs": 3}


def imagenette(root, dataset="imagenette", **options):
    cells = {name: (*rest, BOOK_LIKE | changes) for name, (*rest, changes) in IMAGENETTE.items()}
    return Comparison(root, "imagenette", cells, dataset=dataset, lowers=True, **options)


MODELS = {"lenet-5": "LeNet-5", "swin": "Swin-Digits", "resnet": "ResNet-Digits"}
CORRECT = {"lenet-5": (1200, 1210, 1220), "swin": (1150, 1190, 1200), "resnet": (1250, 1251, 1255)}
#: Per seed: seconds of the first step, programs compiled, programs cached.
FIRST_STEP = ((6.0, 2, 0), (8.0, 1, 1), (0.5, 0, 2))


class Zoo:
    """A results tree of three architectures and the commands that report on it."""

    def __init__(self, root, seeds):
        self.tree = write_tree(root, list(MODELS), list(seeds), dataset="digits-32", previews=False)
        for cell, model in MODELS.items():
            spec = netspec.find(model)
            self.tree.edit(self.tree.results / cell / "cell.json", {"model": model})
            for seed in seeds:
                seconds, compiled, cached = FIRST_STEP[seed]
                correct = CORRECT[cell][seed]
                self.tree.edit(
                    self.tree.summary_path(cell, seed),
                    {
                        "params": spec.params,
                        "macs": spec.macs,
                        "metrics.top1": 100 * correct / VALIDATION,
                        "timing.compile_seconds": seconds,
                        "timing.programs_compiled": compiled,
                        "timing.programs_cached": cached,
                        "timing.step_milliseconds": 10.0 * (seed + 1),
                        "timing.images_per_second": 4000.0 / (seed + 1),
                        "timing.wall_seconds": 20.0 + seed,
                    },
                )

    def path(self, name):
        return self.tree.path(name)

    def build(self):
        """The exit status of the command."""
        return main(["page", "zoo", *self.tree.selection(), "--out", self.path("zoo")])

    def table(self):
        return pd.read_csv(self.path("zoo.csv")).set_index("cell")
