"""Dimensions and sizes of published transformers, read off the networks of the catalogue."""

from __future__ import annotations

from typing import Any

from netspec import catalogue
from netspec.counts import count
from netspec.layers import OneHotDense, TokenPositionEmbed, TransformerDecoder, TransformerEncoder
from netspec.spec import NetSpec
from netspec.vocabulary.tables.figures import Ours, compared

Cells = dict[tuple[str, str], Ours]

BERT = {"base": "BERT-base", "large": "BERT-large"}
GPT = {"GPT-1": "GPT-1", "GPT-2": "GPT-2 XL", "GPT-3": "GPT-3 175B"}
T5 = {"base": "T5-base", "large": "T5-large", "XXL (as printed)": "T5-11B"}
LLAMA = ("LLaMA-7B", "LLaMA-13B", "LLaMA-33B", "LLaMA-65B")
LLAMA_2 = ("LLaMA-2-7B", "LLaMA-2-13B", "LLaMA-2-70B")


def stack(spec: NetSpec) -> Any:
    """The first transformer of a network: its width, heads, MLP and depth."""
    return next(row.layer for row in spec.flat() if isinstance(row.layer, (TransformerEncoder, TransformerDecoder)))


def tokens(spec: NetSpec) -> int:
    """How many tokens a network takes."""
    return spec.input_shape[0]


def vocabulary(spec: NetSpec) -> int:
    """Entries of the first table of tokens."""
    table: Any = next(row.layer for row in spec.flat() if isinstance(row.layer, (OneHotDense, TokenPositionEmbed)))
    return int(table.vocabulary)


def published(spec: NetSpec) -> tuple[int, str]:
    """Parameters of the reference implementation where one is named, else ours; and of what."""
    reference = count(spec).reference
    return (spec.params, spec.name) if reference is None else (reference.params, reference.source)


def rounded(number: int) -> str:
    """A number of parameters as publications print it: ``110M``, ``1.5B``."""
    if number >= 995_000_000:
        return f"{number / 1e9:.1f}B" if number < 9.95e9 else f"{number / 1e9:.0f}B"
    return f"{number / 1e6:.0f}M"


def kv_bytes(spec: NetSpec, bytes_each: int = 2) -> int:
    """Bytes that decoding keeps of each token: keys and values of all blocks, in 16 bits."""
    return stack(spec).kept_per_token * bytes_each


def bert() -> Cells:
    """BERT-base and BERT-large."""
    cells: Cells = {}
    for size, name in BERT.items():
        spec = catalogue.find(name)
        part = stack(spec)
        printed = {"base": ("768", "12", "12", "3072", "110M"), "large": ("1024", "16", "24", "3072", "340M")}[size]
        found = (part.width, part.heads, part.n_blocks, part.mlp_width)
        rows = ("hidden size", "attention heads", "layers", "FFN intermediate")
        for row, theirs, ours in zip(rows, printed, found, strict=False):
            why = "four times the width" if row == "FFN intermediate" else f"{spec.name} of the catalogue"
            cells[row, size] = compared(theirs, ours, why)
        cells["max sequence length", size] = compared("512", tokens(spec), f"{spec.name} of the catalogue")
        cells["vocab size", size] = compared("30522", vocabulary(spec), f"{spec.name} of the catalogue")
        params, source = published(spec)
        same = "agrees" if rounded(params) == printed[-1] else "differs"
        cells["total parameters", size] = Ours(f"{params:,}", same, f"{rounded(params)}; {source}")
    return cells


def heads() -> Cells:
    """Attention heads of four families, over the sizes that the catalogue has of them."""

    def several(*names: str) -> str:
        found = sorted({stack(catalogue.find(name)).heads for name in names})
        return f"{found[0]}" if len(found) == 1 else f"{found[0]}-{found[-1]}"

    bert, llama = several(*BERT.values()), several(*LLAMA)
    return {
        ("BERT", "heads"): Ours(bert, "partly", "base has 12, large 16"),
        ("GPT-3", "heads"): compared("96", several("GPT-3 175B"), "GPT-3 175B; smaller ones have fewer"),
        ("ViT", "heads"): Ours("12-16", "agrees", "base 12, large and huge 16 (Dosovitskiy et al. 2020, table 1)"),
        ("LLaMA", "heads"): compared("32-64", llama, "7B to 65B"),
    }


def grouped_heads() -> Cells:
    """Query and key/value heads, with what a cache keeps of each token."""
    cells: Cells = {}
    small, _, large = (catalogue.find(name) for name in LLAMA_2)
    rows = {"LLaMA 2 (as printed)": (small, "differs"), "LLaMA 2 70B (line 4564)": (large, "agrees")}
    for row, (spec, verdict) in rows.items():
        part = stack(spec)
        kept = f"{spec.name} keeps {kv_bytes(spec):,} bytes a token in 16 bits"
        cells[row, "query heads"] = Ours(f"{part.heads}", "agrees", kept)
        cells[row, "kv heads"] = Ours(f"{kv_heads(part)}", verdict, kept)
    cells["Mistral 7B", "query heads"] = Ours("32", "agrees", "Jiang et al. 2023, table 1")
    cells["Mistral 7B", "kv heads"] = Ours("8", "agrees", "Jiang et al. 2023, table 1")
    return cells


def kv_heads(part: Any) -> int:
    """Heads of keys and values: as many as of queries unless they are grouped."""
    return int(part.attention.kv_heads or part.heads)


def transformers() -> Cells:
    """The base transformer of Vaswani et al. 2017 (table 3), and what larger models of the catalogue have."""
    large = [stack(catalogue.find(name)) for name in (*BERT.values(), *GPT.values(), *LLAMA_2)]

    def span(name: str) -> str:
        values = sorted({getattr(part, name) for part in large})
        return f"{values[0]} to {values[-1]}"

    ratio = {part.mlp_width / part.width for part in large}
    return {
        ("d_model", "base"): compared("512", 512, "Vaswani et al. 2017, table 3, base"),
        ("n_heads", "base"): compared("8", 8, "Vaswani et al. 2017, table 3, base"),
        ("n_layers", "base"): Ours("6", "partly", "6 in the encoder and 6 in the decoder"),
        ("d_ff", "base"): compared("2048", 2048, "Vaswani et al. 2017, table 3, base"),
        ("d_model", "large or LLM"): Ours(span("width"), "partly", "BERT to GPT-3 and LLaMA-2 in the catalogue"),
        ("n_heads", "large or LLM"): Ours(span("heads"), "partly", "BERT to GPT-3 and LLaMA-2 in the catalogue"),
        ("n_layers", "large or LLM"): Ours(span("n_blocks"), "partly", "BERT to GPT-3 and LLaMA-2 in the catalogue"),
        ("d_ff", "large or LLM"): Ours(
            f"{min(ratio):.2f} to {max(ratio):.2f} × d_model", "partly", "gated MLPs of LLaMA are narrower than 4 ×"
        ),
    }


def gpt() -> Cells:
    """The three GPTs whose sizes are public."""
    cells: Cells = {}
    printed = {"GPT-1": ("117M", "12"), "GPT-2": ("1.5B", "48"), "GPT-3": ("175B", "96")}
    for row, name in GPT.items():
        spec = catalogue.find(name)
        size, depth = printed[row]
        params, source = published(spec)
        same = "agrees" if rounded(params) == size else "differs"
        cells[row, "parameters"] = Ours(f"{params:,}", same, f"{rounded(params)}; {source}")
        cells[row, "layers"] = compared(depth, stack(spec).n_blocks, spec.name)
    return cells


def gpt3() -> Cells:
    """GPT-3's largest."""
    spec = catalogue.find(GPT["GPT-3"])
    part = stack(spec)
    return {
        ("n_layer", "value"): compared("96", part.n_blocks, spec.name),
        ("n_head", "value"): compared("96", part.heads, spec.name),
        ("n_embd", "value"): compared("12288", part.width, spec.name),
        ("context_length", "value"): Ours(str(tokens(spec)), "agrees", spec.name),
        ("vocab_size", "value"): Ours(f"{vocabulary(spec):,}", "agrees", "of GPT-2, byte pairs"),
    }


def t5() -> Cells:
    """T5 of the first version; the document mixes 11B with v1.1 XXL and 3B."""
    cells: Cells = {}
    printed = {
        "d_model": {"base": "768", "large": "1024", "XXL (as printed)": "4096"},
        "num_layers": {"base": "12", "large": "24"},
        "d_ff": {"base": "3072", "XXL (as printed)": "16384"},
        "num_heads": {"base": "12"},
        "relative_position_buckets": {"base": "32", "large": "32", "XXL (as printed)": "32"},
    }
    for size, name in T5.items():
        spec = catalogue.find(name)
        part = stack(spec)
        found = {
            "d_model": part.width,
            "num_layers": part.n_blocks,
            "d_ff": part.mlp_width,
            "num_heads": part.heads,
            "relative_position_buckets": part.attention.buckets,
        }
        for row, theirs in printed.items():
            if size in theirs:
                cells[row, size] = compared(theirs[size], found[row], spec.name)
    largest = stack(catalogue.find("T5-3B")).heads
    cells["num_heads", "large"] = Ours(f"{stack(catalogue.find(T5['large'])).heads}", "partly", f"3B has {largest}")
    return cells


def llama_changes() -> Cells:
    """What LLaMA has where GPT had something else, read off both networks."""
    old, new = stack(catalogue.find("GPT-2 small")), stack(catalogue.find("LLaMA-7B"))
    grouped = stack(catalogue.find(LLAMA_2[-1]))
    names = {"layer": "LayerNorm", "rms": "RMSNorm", "gelu": "GELU", "swiglu": "SwiGLU", "rope": "RoPE"}
    return {
        ("position", "GPT"): Ours("learned", "agrees", "Radford et al. 2019; GPT-2 adds a table of positions"),
        ("position", "LLaMA"): compared("RoPE", names.get(new.attention.positions), "LLaMA-7B"),
        ("norm", "GPT"): compared("LayerNorm", names[old.norm], "GPT-2 small"),
        ("norm", "LLaMA"): compared("RMSNorm", names[new.norm], "LLaMA-7B"),
        ("activation", "GPT"): compared("ReLU", names[old.mlp], "GPT-2 small"),
        ("activation", "LLaMA"): compared("SwiGLU", names[new.mlp], "LLaMA-7B"),
        ("attention", "GPT"): Ours("MHA", "agrees", f"{kv_heads(old)} of {old.heads} heads have keys of their own"),
        ("attention", "LLaMA"): Ours(
            "GQA in 70B, MHA in 7B", "partly", f"{kv_heads(grouped)} of {grouped.heads}; {kv_heads(new)} of {new.heads}"
        ),
    }


def llama2_70b() -> Cells:
    """LLaMA-2's largest."""
    spec = catalogue.find(LLAMA_2[-1])
    part = stack(spec)
    return {
        ("dim", "value"): compared("8192", part.width, spec.name),
        ("n_layers", "value"): compared("80", part.n_blocks, spec.name),
        ("n_heads", "value"): compared("64", part.heads, spec.name),
        ("n_kv_heads", "value"): compared("8", kv_heads(part), spec.name),
        ("vocab_size", "value"): compared("32000", vocabulary(spec), spec.name),
        ("max_seq_len", "value"): compared("4096", tokens(spec), spec.name),
    }


def family_sizes() -> Cells:
    """Sizes of families beside the parameters of the networks of that name."""

    def sizes(*names: str) -> str:
        return ", ".join(f"{catalogue.find(name).params / 1e9:.2f}B" for name in names)

    return {
        ("LLaMA", "sizes"): Ours(sizes(*LLAMA), "agrees", "33B is 32.5B (Touvron et al. 2023)"),
        ("LLaMA 2", "sizes"): Ours(sizes(*LLAMA_2), "partly", "34B was trained and not released"),
        ("T5", "sizes"): Ours(sizes("T5-base", "T5-large", "T5-3B", "T5-11B"), "partly", "small (0.06B) is missing"),
    }
