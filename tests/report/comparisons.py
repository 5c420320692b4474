"""Synthetic results in the places of the runs of ch. 10.3 and 10.5, and the commands that report on them."""

from __future__ import annotations

import json

from synthetic_results import VALIDATION, write_tree

import netspec


class Comparison:
    """A results tree whose cells have given configurations and correct counts, and the three steps of its report.

    ``cells`` maps a name to (model, row of the book or None, images right of seed 0, changes of cell.json).
    """

    def __init__(self, root, name, main, cells, seeds=(0, 1), dataset=None, epochs=80, lowers=False):
        self.name, self.main, self.lowers, self.root = name, main, lowers, root
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
                        "correct": correct + 10 * seed,
                        "top1": 100 * (correct + 10 * seed) / VALIDATION,
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

    def build(self, *steps):
        name, select = self.name, self.tree.selection()
        csv = ["--runs", self.path(f"{name}_runs.csv"), "--curves", self.path(f"{name}_curves.csv")]
        made = ["--table", self.path(f"{name}.csv")]
        drawn = [self.path(f"{name}.svg"), self.path(f"{name}_curves.svg")]
        lowered = ["--lowered", str(self.root / "lowered")] if self.lowers else []
        commands = {
            "table": [*select, *lowered, "--out", self.path(f"{name}.csv"), *csv],
            "figure": [*made, *csv, "--out", drawn[0], "--out-curves", drawn[1]],
            "document": [
                *select, *made, *csv, "--figure", drawn[0], "--figure-curves", drawn[1],
                "--out", self.path(f"{name}.pdf"), "--markdown", self.path(f"{name}.md"),
            ],
        }  # fmt: skip
        return [self.main([step, *commands[step]]) for step in steps or commands]

    def page(self):
        return self.tree.read(f"{self.name}.md")
