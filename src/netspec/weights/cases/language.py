"""Language models."""

from functools import partial

from netspec.exact import bert, gpt, llama, t5
from netspec.weights.cases.base import Cases, case, named

CASES: Cases = {
    "gpt2_small": partial(named, "gpt2"),
    "gpt1": partial(named, "openai-gpt"),
    "tiny_gpt2_a": case("gpt2", gpt.gpt, 32, 4, 2, vocabulary=100, positions=32),
    "bert_base": partial(named, "bert-base-uncased"),
    "bert_tiny_2l_128": partial(named, "bert-tiny"),
    "distilbert_base": partial(named, "distilbert-base-uncased"),
    "tiny_roberta": case(
        "bert",
        bert.encoder,
        32,
        4,
        2,
        vocabulary=100,
        mlp_width=64,
        positions=40,
        first_position=2,
        segments=1,
        epsilon=1e-12,
    ),
    "t5_small": partial(named, "t5-small"),
    "tiny_t5": case("t5", t5.make, 32, 4, 8, 64, 2, vocabulary=100),
    "llama_4layer_512": case("llama", llama.llama, 512, 8, 1376, 4, vocabulary=1000, tokens=256),
    "tiny_llama": case("llama", llama.llama, 64, 4, 160, 2, vocabulary=128, tokens=64),
}
