"""Language models."""

from functools import partial

from netspec.exact import bart, bert, clip, gpt, llama, mamba, t5, whisper
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
    "tiny_bert_mlm": case(
        "bert_masked", bert.encoder, 32, 4, 2, vocabulary=120, mlp_width=64, positions=40, head="masked"
    ),
    "tiny_bart": case("bart", bart.bart, 32, 4, 2, mlp_width=64, vocabulary=100, positions=40, tokens=16),
    "transformer_base": partial(named, "transformer-base", inputs={"": "source"}),
    "tiny_whisper_a": case(
        "whisper", whisper.whisper, 32, 4, 2, mlp_width=64, vocabulary=100, mel=16, frames=100, tokens=32
    ),
    "whisper_tiny": partial(named, "whisper-tiny"),
    "tiny_clip_a": case(
        "clip",
        clip.clip,
        32,
        4,
        2,
        patch=8,
        image=32,
        mlp_width=64,
        text_width=32,
        text_heads=4,
        text_blocks=2,
        text_mlp=64,
        vocabulary=100,
        tokens=20,
        space=16,
        end=99,
    ),
    "tiny_mamba_a": case("mamba", mamba.mamba, 32, 2, state_size=8, vocabulary=64),
    "mamba_130m": partial(named, "mamba-130m"),
    "t5_small": partial(named, "t5-small"),
    "tiny_t5": case("t5", t5.make, 32, 4, 8, 64, 2, vocabulary=100),
    "llama_4layer_512": case("llama", llama.llama, 512, 8, 1376, 4, vocabulary=1000, tokens=256),
    "tiny_llama": case("llama", llama.llama, 64, 4, 160, 2, vocabulary=128, tokens=64),
}
