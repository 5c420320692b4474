"""Language models."""

from functools import partial

from netspec.exact import gpt
from netspec.weights.cases.base import Cases, case, named

CASES: Cases = {
    "gpt2_small": partial(named, "gpt2"),
    "gpt1": partial(named, "openai-gpt"),
    "tiny_gpt2_a": case("gpt2", gpt.gpt, 32, 4, 2, vocabulary=100, positions=32),
}
