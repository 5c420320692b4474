"""What a file is said to depend on: every form of import, name by name, and the tables and templates it names."""

import sys
from pathlib import Path

import pytest

from train.config import closure as module
from train.config.closure import SRC, closure

TREE = {
    "shop/__init__.py": "from shop.fruit import Apple, Pear as Birne\nfrom shop import tools\n\ndef open_shop(): ...\n",
    "shop/fruit.py": "from shop.base import Thing\nclass Apple(Thing): ...\nclass Pear(Thing): ...\n",
    "shop/base.py": "class Thing: ...\n",
    "shop/tools/__init__.py": "from .knife import cut\n",
    "shop/tools/knife.py": "def cut(): return open('prices.csv')\n",
    "shop/data/prices.csv": "a,b\n",
    "shop/data/other.csv": "a,b\n",
    "user.py": "",
}


@pytest.fixture
def tree(tmp_path, monkeypatch):
    for name, text in TREE.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.setattr(module, "SRC", tmp_path)
    cached = (module.file_of, module.data_files, module._data, module.imports, module._parsed, module._handed_on)

    def forget():
        for function in cached:
            function.cache_clear()

    forget()
    yield tmp_path
    forget()


BASE = {"shop/base.py", "shop/fruit.py"}
KNIFE = {"shop/tools/knife.py", "shop/data/prices.csv"}
WHOLE = BASE | KNIFE | {"shop/__init__.py", "shop/tools/__init__.py"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("import os, numpy\n", set()),
        ("from shop.base import Thing\n", {"shop/base.py"}),
        ("import shop.base\n", {"shop/base.py"}),
        ("import shop.fruit as f\nf.Apple\n", BASE),
        ("from shop import fruit\n", BASE),
        ("from shop import Apple\n", BASE),  # handed on by the package, defined elsewhere
        ("from shop import Birne\n", BASE),
        ("import shop\nshop.Apple()\n", BASE),
        ("import shop\nshop.tools.cut()\n", {"shop/tools/__init__.py"} | KNIFE),
        ("from shop.tools import cut\n", KNIFE),
        ("from shop import open_shop\n", WHOLE),  # defined by the package itself, so all that it runs counts
        ("import shop\nprint(shop)\n", WHOLE),
        ("import shop\n", WHOLE),
        ("def f():\n    if f:\n        from shop.base import Thing\n", {"shop/base.py"}),
        ("try:\n    import numpy\nexcept ImportError:\n    import shop.base\n", {"shop/base.py"}),
        ("match 1:\n    case 1:\n        import shop.base\n", {"shop/base.py"}),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import shop.base\n", set()),
        ("text = 'other.csv'\n", {"shop/data/other.csv"}),
        ("text = 'another.csv'\n", set()),
    ],
)
def test_every_form_of_import_leads_to_the_file_that_defines_the_name(tree, text, expected):
    (tree / "user.py").write_text(text)
    assert {str(Path(path).relative_to(tree)) for path in closure("user")} == {"user.py"} | expected


def test_what_is_left_out_is_not_followed_either(tree):
    (tree / "user.py").write_text("import shop.fruit\nimport shop.tools.knife\n")
    left = closure("user", without=("shop.tools", "shop.base"))
    assert {str(Path(path).relative_to(tree)) for path in left} == {"user.py", "shop/fruit.py"}
    with pytest.raises(ModuleNotFoundError, match=r"no module shop\.sweets"):
        closure("shop.sweets")


def test_a_command_needs_what_its_function_leads_to(tree):
    (tree / "user.py").write_text(
        "import shop.base\ndef _a():\n    _c()\ndef _b():\n    import shop.tools.knife\n"
        "def _c():\n    from shop.fruit import Apple\n"
    )
    assert {str(Path(path).relative_to(tree)) for path in closure("user:_a")} == BASE
    assert {str(Path(path).relative_to(tree)) for path in closure("user:_b")} == {"shop/base.py"} | KNIFE
    with pytest.raises(AttributeError, match="no function _d in user"):
        closure("user:_d")


def test_a_circle_ends(tree):
    (tree / "user.py").write_text("import other\n")
    (tree / "other.py").write_text("import user\n")
    assert [Path(path).name for path in closure("user")] == ["other.py", "user.py"]


def test_every_excluded_module_is_there():
    assert all(module.file_of(name) for name in module.EXCLUDED)


NAMES = ["train.loop", "train.data.prepare", "report.ablation.page", "report.networks.page", "netspec"]


@pytest.mark.parametrize("name", NAMES)
def test_names_that_a_module_holds_come_from_its_closure(name):
    """Seen from the running module: a class or function of ours that it holds was defined in a file that is listed."""
    from importlib import import_module

    files = {Path(path).resolve() for path in closure(name)}
    waiting, seen = [name], set()
    while waiting:
        loaded = import_module(waiting.pop())
        seen.add(loaded.__name__)
        for value in vars(loaded).values():
            origin = getattr(value, "__module__", "") if callable(value) else ""
            if origin in sys.modules and module.file_of(origin) and origin not in module.EXCLUDED:
                assert module.file_of(origin).resolve() in files, f"{loaded.__name__} holds {value} of {origin}"
                if origin not in seen:
                    waiting.append(origin)


def test_paths_are_relative_to_the_current_folder_as_snakemake_compares_them():
    paths = [Path(path) for path in closure("train.loop")]
    assert not any(path.is_absolute() for path in paths)
    assert all(path.is_file() and path.is_relative_to(SRC) for path in paths)
