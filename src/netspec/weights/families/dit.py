"""DiT of its release and of diffusers."""

from netspec.weights.rules import Rule, Table


def _block(name: str, modulation: str) -> tuple[Rule, ...]:
    """What both branches are told. A map of the library leaves a shift, a scale and a scale of the branch's end for
    each; ours has the scale before the shift. The first branch has an even place in the listing.
    """
    rules = []
    for branch, parity in ((0, "02468"), (1, "13579")):
        shift, scale, end = ((3 * branch + part, 3 * branch + part + 1, 6) for part in range(3))
        path = f"layers.{{i:[0-9]*[{parity}]}}.body.layers"
        full = name + modulation
        rules += [
            Rule(f"{path}.1.projection", (full, full), pieces=(scale, shift)),
            Rule(f"{path}.{3 + branch}.projection", full, piece=end),
        ]
    return tuple(rules)


def _last(name: str) -> Rule:
    return Rule("layers.{last-2}.projection", (name, name), pieces=((1, 2, 2), (0, 1, 2)))


_BRANCH = "layers.{i}.body.layers"
_TOLD = "layers.{i}.branches"
#: Branches with tensors, and embeddings, in the order of the listing.
NUMBERS = {"r": "layers.{i}.body", "t": "layers.{i}.branches"}

_NAME = "transformer_blocks.{r // 2}"
_EMB = "transformer_blocks.{t}.norm1.emb"
DIFFUSERS = Table(
    rules=(
        Rule("layers.0.conv", "pos_embed.proj"),
        Rule(f"{_TOLD}.0.layers.2.linear", _EMB + ".timestep_embedder.linear_1"),
        Rule(f"{_TOLD}.0.layers.3", _EMB + ".timestep_embedder.linear_2"),
        Rule(f"{_TOLD}.1.layers.1.tokens", _EMB + ".class_embedder.embedding_table"),
        *_block(_NAME, ".norm1.linear"),
        Rule(f"{_BRANCH}.2.query", _NAME + ".attn1.to_q"),
        Rule(f"{_BRANCH}.2.key_value", (_NAME + ".attn1.to_k", _NAME + ".attn1.to_v")),
        Rule(f"{_BRANCH}.2.out", _NAME + ".attn1.to_out.0"),
        Rule(f"{_BRANCH}.2.linear", _NAME + ".ff.net.0.proj"),
        Rule(f"{_BRANCH}.3", _NAME + ".ff.net.2"),
        _last("proj_out_1"),
        Rule("layers.{last-1}", "proj_out_2"),
    ),
    numbers=NUMBERS,
    buffers=(r"pos_embed\.pos_embed",),
)

_NAME = "blocks.{r // 2}"
RELEASED = Table(
    rules=(
        Rule("layers.0.conv", "x_embedder.proj"),
        Rule(f"{_TOLD}.0.layers.2.linear", "t_embedder.mlp.0"),
        Rule(f"{_TOLD}.0.layers.3", "t_embedder.mlp.2"),
        Rule(f"{_TOLD}.1.layers.1.tokens", "y_embedder.embedding_table"),
        *_block(_NAME, ".adaLN_modulation.1"),
        Rule(f"{_BRANCH}.2.query", _NAME + ".attn.qkv", piece=(0, 1, 3)),
        Rule(f"{_BRANCH}.2.key_value", _NAME + ".attn.qkv", piece=(1, 3, 3)),
        Rule(f"{_BRANCH}.2.out", _NAME + ".attn.proj"),
        Rule(f"{_BRANCH}.2.linear", _NAME + ".mlp.fc1"),
        Rule(f"{_BRANCH}.3", _NAME + ".mlp.fc2"),
        _last("final_layer.adaLN_modulation.1"),
        Rule("layers.{last-1}", "final_layer.linear"),
    ),
    numbers=NUMBERS,
    buffers=(r"pos_embed",),
)

TABLES = {"diffusers_dit": DIFFUSERS, "dit": RELEASED}
