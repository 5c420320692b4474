"""``netspec gradcheck``: one theorem, one layer, one small network; one clear line for everything else."""

import subprocess
import sys
from dataclasses import replace

import pytest

from netspec.cli import main
from netspec.gradcheck import statements

pytestmark = pytest.mark.slow


def run(capsys, *arguments):
    status = main(["gradcheck", *arguments])
    out, err = capsys.readouterr()
    return status, out, err


def test_a_theorem_by_its_number(capsys):
    status, out, err = run(capsys, "--theorem", "63")
    assert (status, err) == (0, "")
    assert out.startswith("Theorem 63, Standalone softmax VJP\n")
    for check in ("jax.vjp", "central differences", "Jacobian", "structure"):
        assert f"pass  {check}" in out
    assert out.endswith("comparisons, all within tolerance\n")


@pytest.mark.exhaustive
def test_a_layer_has_its_closed_form_and_its_module(capsys):
    status, out, _ = run(capsys, "max pool")
    assert status == 0
    assert "Max-pooling\n" in out
    assert "MaxPool(3, 2)" in out


def test_a_small_network_as_a_whole(capsys):
    status, out, _ = run(capsys, "tiny-highway — transform gate t(x)")
    assert status == 0
    assert "pass  central differences" in out
    assert "3 comparisons" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "gradcheck: say what to check, either NAME or --theorem NUMBER"),
        (("dense", "--theorem", "68"), "gradcheck: say what to check, either NAME or --theorem NUMBER"),
        (("--theorem", "45"), "gradcheck --theorem 45: expected a number from 46 to 81"),
        (("--theorem", "dense"), "gradcheck --theorem dense: expected a number from 46 to 81"),
        (("mambablok",), "gradcheck: unknown layer or architecture 'mambablok'; expected one such as "),
        (("vgg-16",), "gradcheck: VGG-16 takes 15.5B multiply-adds, expected at most 1.00B"),
    ],
)
def test_one_line_says_what_was_expected(capsys, arguments, message):
    status, out, err = run(capsys, *arguments)
    assert (status, out) == (2, "")
    assert err.startswith(f"netspec: {message}")
    assert err.count("\n") == 1


def test_a_failure_names_the_tensor_and_the_index(capsys, monkeypatch):
    right = statements.STATEMENTS["63"]

    def draw(rng, kind):
        case = right.draw(rng, kind)
        (argument,) = case.arguments
        wrong = replace(argument.map, backward=lambda z, dy: 1.001 * argument.map.backward(z, dy))
        return replace(case, arguments=(replace(argument, map=wrong),))

    monkeypatch.setitem(statements.STATEMENTS, "63", replace(right, draw=draw))
    status, out, err = run(capsys, "--theorem", "63")
    assert status == 2
    assert "FAIL  jax.vjp" in out
    assert err.startswith("netspec: gradcheck 63: failed at dz[")
    assert err.count("\n") == 1


def test_the_help_and_the_package_do_not_import_jax():
    program = "import sys, netspec.cli, netspec.gradcheck; sys.exit('jax' in sys.modules or 'numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
