"""Language models of transformers, and those that hear or see."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from netspec.exact import bart as pairs
from netspec.exact import bert, clip, gpt, llama, mamba, nystromformer, t5, transformer, whisper
from netspec.weights.constructors.base import made
from netspec.weights.constructors.readers import check, reads, settings
from netspec.weights.families import find
from netspec.weights.parity import Twin

Head = Literal["states", "pooled", "classes", "masked", "pretraining"]


@reads(
    "transformers.GPT2LMHeadModel",
    activation_function=("gelu_new", "gelu_pytorch_tanh"),
    layer_norm_epsilon=1e-5,
    scale_attn_weights=True,
    tie_word_embeddings=True,
    add_cross_attention=False,
    scale_attn_by_inverse_layer_idx=False,
    reorder_and_upcast_attn=False,
    eos_token_id=50256,
    n_ctx=(1024, 32),
)
def gpt2(
    vocab_size: int = 50257, n_positions: int = 1024, n_embd: int = 768, n_layer: int = 12, n_head: int = 12,
    n_inner: int | None = None,
) -> Twin:  # fmt: skip
    """GPT-2."""
    check("GPT2Config", "n_inner", n_inner, 4 * n_embd)
    return made("gpt2", gpt.gpt, n_embd, n_head, n_layer, vocabulary=vocab_size, positions=n_positions)


@reads("transformers.OpenAIGPTLMHeadModel", afn=("gelu", "gelu_new"), layer_norm_epsilon=1e-5, n_ctx=512)
def gpt1(
    vocab_size: int = 40478, n_positions: int = 512, n_embd: int = 768, n_layer: int = 12, n_head: int = 12
) -> Twin:
    """GPT-1."""
    return made(
        "gpt1", gpt.gpt, n_embd, n_head, n_layer, vocabulary=vocab_size, positions=n_positions, placement="post"
    )


OF_BERT: dict[str, Any] = {
    "hidden_act": "gelu",
    "position_embedding_type": "absolute",
    "is_decoder": False,
    "add_cross_attention": False,
    "tie_word_embeddings": True,
    "eos_token_id": (None, 2),
}


def _bert(rules: str, head: Head, vocabulary: int = 30522, *, after_padding: bool = False) -> Any:
    """The reader of BERT, or of RoBERTa, whose positions begin ``after_padding`` and which may know one sentence."""

    def read(
        vocab_size: int = vocabulary, hidden_size: int = 768, num_hidden_layers: int = 12,
        num_attention_heads: int = 12, intermediate_size: int = 3072, max_position_embeddings: int = 512,
        type_vocab_size: int = 2, layer_norm_eps: float = 1e-12, num_labels: int = 2, pad_token_id: int = 1,
    ) -> Twin:  # fmt: skip
        return made(
            rules,
            bert.encoder,
            hidden_size,
            num_attention_heads,
            num_hidden_layers,
            vocabulary=vocab_size,
            mlp_width=intermediate_size,
            positions=max_position_embeddings,
            first_position=pad_token_id + 1 if after_padding else 0,
            segments=type_vocab_size,
            told_apart=type_vocab_size > 1 or not after_padding,
            epsilon=layer_norm_eps,
            head=head,
            classes=num_labels,
        )

    return read


BERTS: tuple[tuple[str, str, Head], ...] = (
    ("BertModel", "bert", "pooled"),
    ("BertForMaskedLM", "bert_masked", "masked"),
    ("BertForPreTraining", "bert_pretraining", "pretraining"),
    ("BertForSequenceClassification", "bert_classifier", "classes"),
)
for _name, _rules, _head in BERTS:
    reads(f"transformers.{_name}", **OF_BERT)(_bert(_rules, _head))


ROBERTAS: tuple[tuple[str, str, Head], ...] = (
    ("RobertaModel", "bert", "pooled"),
    ("RobertaForMaskedLM", "roberta_masked", "masked"),
)
for _name, _rules, _head in ROBERTAS:
    reads(f"transformers.{_name}", **OF_BERT)(_bert(_rules, _head, 50265, after_padding=True))


@reads("transformers.DistilBertModel", activation="gelu", sinusoidal_pos_embds=False, tie_weights_=True)
def distilbert(
    vocab_size: int = 30522, max_position_embeddings: int = 512, n_layers: int = 6, n_heads: int = 12, dim: int = 768,
    hidden_dim: int = 3072,
) -> Twin:  # fmt: skip
    """DistilBERT, whose states leave."""
    sizes = {"vocabulary": vocab_size, "mlp_width": hidden_dim, "positions": max_position_embeddings}
    return made("distilbert", bert.encoder, dim, n_heads, n_layers, segments=0, head="states", **sizes)


@reads(
    "transformers.BartModel", activation_function="gelu", scale_embedding=False, eos_token_id=2,
    forced_eos_token_id=(None, 2), num_hidden_layers=None, tie_word_embeddings=True,
)  # fmt: skip
def bart(
    vocab_size: int = 50265, max_position_embeddings: int = 1024, encoder_layers: int = 12,
    encoder_ffn_dim: int = 4096, encoder_attention_heads: int = 16, decoder_layers: int = 12,
    decoder_ffn_dim: int = 4096, decoder_attention_heads: int = 16, d_model: int = 1024,
) -> Twin:  # fmt: skip
    """BART, whose two states leave."""
    check("BartConfig", "decoder_ffn_dim", decoder_ffn_dim, encoder_ffn_dim)
    return made(
        "bart",
        pairs.bart,
        d_model,
        encoder_attention_heads,
        encoder_layers,
        mlp_width=encoder_ffn_dim,
        decoder_blocks=decoder_layers,
        decoder_heads=decoder_attention_heads,
        vocabulary=vocab_size,
        positions=max_position_embeddings,
        tokens=16,
    )


@reads(
    "transformers.T5ForConditionalGeneration",
    layer_norm_epsilon=1e-6,
    eos_token_id=1,
    is_decoder=False,
    n_positions=512,
)
def t5_model(
    vocab_size: int = 32128, d_model: int = 512, d_kv: int = 64, d_ff: int = 2048, num_layers: int = 6,
    num_decoder_layers: int | None = None, num_heads: int = 8, relative_attention_num_buckets: int = 32,
    relative_attention_max_distance: int = 128, feed_forward_proj: str = "relu", tie_word_embeddings: bool = True,
) -> Twin:  # fmt: skip
    """T5, and its version 1.1 with gates and a head of its own."""
    check("T5Config", "num_decoder_layers", num_decoder_layers, num_layers)
    check("T5Config", "feed_forward_proj", feed_forward_proj, "relu", "gated-gelu")
    gated = feed_forward_proj == "gated-gelu"
    check("T5Config", "tie_word_embeddings", tie_word_embeddings, not gated)
    return made(
        "t5_gated" if gated else "t5",
        t5.make,
        d_model,
        num_heads,
        d_kv,
        d_ff,
        num_layers,
        gated=gated,
        vocabulary=vocab_size,
        buckets=relative_attention_num_buckets,
        max_distance=relative_attention_max_distance,
    )


@reads(
    "transformers.LlamaForCausalLM", hidden_act="silu", attention_bias=False, mlp_bias=False, eos_token_id=2,
    rope_scaling=None,
)  # fmt: skip
def llama_model(
    vocab_size: int = 32000, hidden_size: int = 4096, intermediate_size: int = 11008, num_hidden_layers: int = 32,
    num_attention_heads: int = 32, num_key_value_heads: int | None = None, max_position_embeddings: int = 2048,
    rms_norm_eps: float = 1e-6, rope_theta: float = 10_000, tie_word_embeddings: bool = False,
    head_dim: int | None = None, rope_parameters: Mapping[str, Any] | None = None,
) -> Twin:  # fmt: skip
    """LLaMA and what has its form."""
    turning = settings(rope_parameters)
    check("LlamaConfig", "rope_parameters.rope_type", turning.get("rope_type"), "default")
    return made(
        "llama_tied" if tie_word_embeddings else "llama",
        llama.llama,
        hidden_size,
        num_attention_heads,
        intermediate_size,
        num_hidden_layers,
        kv_heads=None if num_key_value_heads == num_attention_heads else num_key_value_heads,
        head_width=head_dim,
        vocabulary=vocab_size,
        tokens=max_position_embeddings,
        epsilon=rms_norm_eps,
        rope_base=int(turning.get("rope_theta", rope_theta)),
        tied=tie_word_embeddings,
    )


@reads(
    "transformers.MambaForCausalLM", tie_word_embeddings=True, conv_kernel=4, use_bias=False, use_conv_bias=True,
    hidden_act="silu", layer_norm_epsilon=1e-5, residual_in_fp32=(True, False), eos_token_id=0,
)  # fmt: skip
def mamba_model(
    vocab_size: int = 50280, hidden_size: int = 768, state_size: int = 16, num_hidden_layers: int = 32,
    expand: int = 2, time_step_rank: int | str = "auto", intermediate_size: int | None = None,
) -> Twin:  # fmt: skip
    """Mamba."""
    check("MambaConfig", "time_step_rank", time_step_rank, "auto", -(-hidden_size // 16))
    check("MambaConfig", "intermediate_size", intermediate_size, expand * hidden_size)
    sizes = {"state_size": state_size, "expand": expand, "vocabulary": vocab_size}
    return made("mamba", mamba.mamba, hidden_size, num_hidden_layers, **sizes)


@reads(
    "transformers.WhisperForConditionalGeneration", activation_function="gelu", scale_embedding=False,
    eos_token_id=(2, 50256, 50257), num_hidden_layers=None, tie_word_embeddings=True,
)  # fmt: skip
def whisper_model(
    vocab_size: int = 51865, num_mel_bins: int = 80, encoder_layers: int = 4, encoder_attention_heads: int = 6,
    decoder_layers: int = 4, decoder_attention_heads: int = 6, decoder_ffn_dim: int = 1536,
    encoder_ffn_dim: int = 1536, d_model: int = 384, max_source_positions: int = 1500, max_target_positions: int = 448,
) -> Twin:  # fmt: skip
    """Whisper."""
    check("WhisperConfig", "decoder_ffn_dim", decoder_ffn_dim, encoder_ffn_dim)
    check("WhisperConfig", "decoder_attention_heads", decoder_attention_heads, encoder_attention_heads)
    return made(
        "whisper",
        whisper.whisper,
        d_model,
        encoder_attention_heads,
        encoder_layers,
        decoder_blocks=decoder_layers,
        mlp_width=encoder_ffn_dim,
        vocabulary=vocab_size,
        mel=num_mel_bins,
        frames=2 * max_source_positions,
        tokens=max_target_positions,
    )


#: The activations that CLIP is released with, by our names.
GELUS: dict[str, Literal["tanh", "exact", "quick"]] = {
    "quick_gelu": "quick", "gelu": "exact", "gelu_new": "tanh", "gelu_pytorch_tanh": "tanh",
}  # fmt: skip
#: The end of a text that old configurations name, whose networks read the largest token instead.
OLD_END = 2


@reads("transformers.CLIPModel")
def clip_model(text_config: Any = None, vision_config: Any = None, projection_dim: int = 512) -> Twin:
    """CLIP, before its vectors are made one long."""
    seeing, reading = settings(vision_config), settings(text_config)
    act = seeing.get("hidden_act", "quick_gelu")
    check("CLIPVisionConfig", "hidden_act", act, *GELUS)
    check("CLIPTextConfig", "hidden_act", reading.get("hidden_act", "quick_gelu"), act)
    for one in (seeing, reading):
        check("CLIPConfig", "layer_norm_eps", one.get("layer_norm_eps"), 1e-5)
    end = reading.get("eos_token_id", 49407)
    return made(
        "clip",
        clip.clip,
        seeing.get("hidden_size", 768),
        seeing.get("num_attention_heads", 12),
        seeing.get("num_hidden_layers", 12),
        patch=seeing.get("patch_size", 32),
        image=seeing.get("image_size", 224),
        mlp_width=seeing.get("intermediate_size", 3072),
        text_width=reading.get("hidden_size", 512),
        text_heads=reading.get("num_attention_heads", 8),
        text_blocks=reading.get("num_hidden_layers", 12),
        text_mlp=reading.get("intermediate_size", 2048),
        vocabulary=reading.get("vocab_size", 49408),
        tokens=reading.get("max_position_embeddings", 77),
        space=projection_dim,
        end=None if end == OLD_END else end,
        gelu=GELUS[act],
    )


@reads("torch.nn.Transformer", batch_first=True, activation="relu", norm_first=False, bias=True, layer_norm_eps=1e-5)
def torch_transformer(
    d_model: int = 512, nhead: int = 8, num_encoder_layers: int = 6, num_decoder_layers: int = 6,
    dim_feedforward: int = 2048,
) -> Twin:  # fmt: skip
    """The encoder and decoder of PyTorch, whose targets do not see later ones."""
    check("Transformer", "num_decoder_layers", num_decoder_layers, num_encoder_layers)
    spec = transformer.transformer(d_model, nhead, num_encoder_layers, mlp_width=dim_feedforward)
    return Twin(spec, find("torch_transformer"), {"": "source"})


def _nystromformer(rules: str, head: Literal["states", "masked"]) -> Any:
    def read(
        vocab_size: int = 30000, hidden_size: int = 768, num_hidden_layers: int = 12, num_attention_heads: int = 12,
        intermediate_size: int = 3072, max_position_embeddings: int = 510, type_vocab_size: int = 2,
        segment_means_seq_len: int = 64, num_landmarks: int = 64, conv_kernel_size: int | None = 65,
        layer_norm_eps: float = 1e-5,
    ) -> Twin:  # fmt: skip
        return made(
            rules,
            nystromformer.nystromformer,
            hidden_size,
            num_attention_heads,
            num_hidden_layers,
            landmarks=num_landmarks,
            value_conv=conv_kernel_size,
            vocabulary=vocab_size,
            mlp_width=intermediate_size,
            positions=max_position_embeddings,
            tokens=segment_means_seq_len,
            segments=type_vocab_size,
            epsilon=layer_norm_eps,
            head=head,
        )

    return read


NYSTROMFORMERS: tuple[tuple[str, str, Literal["states", "masked"]], ...] = (
    ("NystromformerModel", "nystromformer", "states"),
    ("NystromformerForMaskedLM", "nystromformer_masked", "masked"),
)
for _name, _rules, _kept in NYSTROMFORMERS:
    reads(
        f"transformers.{_name}", hidden_act=("gelu_new", "gelu_pytorch_tanh"), inv_coeff_init_option=False,
        add_cross_attention=False, tie_word_embeddings=True, eos_token_id=2,
    )(_nystromformer(_rules, _kept))  # fmt: skip
