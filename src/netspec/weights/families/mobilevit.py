"""MobileViT of timm and transformers, MobileViT v2 of timm."""

from netspec.weights.rules import Rule, Table

_P = "{p:conv|norm}"
_STAGE = "layers.{s}.copies.0.layers"
_IN, _BODY = f"{_STAGE}.{{b}}.copies.0.layers.{{k}}", f"{_STAGE}.{{b}}.copies.0.layers.0.body.layers.{{k}}"
#: The convolutions of the block around the transformer, in our words.
_AROUND = f"{_STAGE}.{{b}}.{{w:local|narrow|fuse}}.{_P}"

_BLOCK = "stages.{s - 1}.{b}"
TIMM = Table(
    rules=(
        Rule(f"layers.0.{_P}", "stem.{N[p]}"),
        Rule(f"{_IN}.{_P}", _BLOCK + ".{K[k]}.{N[p]}"),
        Rule(f"{_BODY}.{_P}", _BLOCK + ".{K[k]}.{N[p]}"),
        Rule(_AROUND, _BLOCK + ".conv_{W[w]}.{N[p]}"),
        Rule(f"{_STAGE}.{{b}}.widen", _BLOCK + ".conv_1x1"),
        Rule(f"{_STAGE}.{{b}}.blocks.{{n}}.norm{{k}}", _BLOCK + ".transformer.{n}.norm{k}"),
        Rule(f"{_STAGE}.{{b}}.blocks.{{n}}.attention.{{q:qkv|out}}", _BLOCK + ".transformer.{n}.attn.{A[q]}"),
        Rule(f"{_STAGE}.{{b}}.blocks.{{n}}.fc{{k}}", _BLOCK + ".transformer.{n}.mlp.fc{k}"),
        Rule(f"{_STAGE}.{{b}}.norm", _BLOCK + ".norm"),
        Rule(f"layers.{{last-2}}.{_P}", "final_conv.{N[p]}"),
        Rule("layers.{last}", "head.fc"),
    ),
    words={
        "N": {"conv": "conv", "norm": "bn"},
        "K": ("conv1_1x1", "conv2_kxk", "conv3_1x1"),
        "W": {"local": "kxk", "narrow": "proj", "fuse": "fusion"},
        "A": {"qkv": "qkv", "out": "proj"},
    },
)

_SECOND = "layers.{s:[345]}.copies.0.layers.1.copies.0.layers"
_LINEAR = "stages.{s - 1}.1.transformer.{r // 2 - 1}"
#: Two layers for each block behind two of the convolutions; what is behind them tells how many blocks there are.
TIMM_V2 = Table(
    rules=(
        Rule(f"layers.0.{_P}", "stem.{N[p]}"),
        Rule(f"{_SECOND}.0.{_P}", "stages.{s - 1}.1.conv_kxk.{N[p]}"),
        Rule(f"{_SECOND}.1.conv", "stages.{s - 1}.1.conv_1x1"),
        Rule(f"{_SECOND}.{{r}}.body.layers.0.norm", _LINEAR + ".norm{1 + r % 2}"),
        Rule(f"{_SECOND}.{{r}}.body.layers.1.mapped", _LINEAR + ".attn.qkv_proj", layout="conv"),
        Rule(f"{_SECOND}.{{r}}.body.layers.1.out", _LINEAR + ".attn.out_proj", layout="conv"),
        Rule(f"{_SECOND}.{{r}}.body.layers.1.linear", _LINEAR + ".mlp.fc1", layout="conv"),
        Rule(f"{_SECOND}.{{r}}.body.layers.2", _LINEAR + ".mlp.fc2", layout="conv"),
        Rule(f"{_SECOND}.{{r:6|8|10}}.norm", "stages.{s - 1}.1.norm"),
        Rule(f"{_SECOND}.{{r:7|9|11}}.{_P}", "stages.{s - 1}.1.conv_proj.{N[p]}"),
        Rule(f"{_IN}.{_P}", _BLOCK + ".{K[k]}.{N[p]}"),
        Rule(f"{_BODY}.{_P}", _BLOCK + ".{K[k]}.{N[p]}"),
        Rule("layers.{last}", "head.fc"),
    ),
    words=TIMM.words,
)

_HF = "mobilevit.encoder.layer.{s - 1}"
_NARROW = _HF + ".{'downsampling_layer' if s > 2 else 'layer.' + str(b)}.{K[k]}.{N[p]}"
_LAYER = _HF + ".transformer.layer.{n}"
_QKV = tuple(f"{_LAYER}.attention.attention.{part}" for part in ("query", "key", "value"))
TRANSFORMERS = Table(
    rules=(
        Rule(f"layers.0.{_P}", "mobilevit.conv_stem.{N[p]}"),
        Rule(f"{_IN}.{_P}", _NARROW),
        Rule(f"{_BODY}.{_P}", _NARROW),
        Rule(_AROUND, _HF + ".{W[w]}.{N[p]}"),
        Rule(f"{_STAGE}.{{b}}.widen", _HF + ".conv_1x1.convolution"),
        Rule(f"{_STAGE}.{{b}}.blocks.{{n}}.norm{{k}}", _LAYER + ".layernorm_{('before', 'after')[k - 1]}"),
        Rule(f"{_STAGE}.{{b}}.blocks.{{n}}.attention.qkv", _QKV),
        Rule(f"{_STAGE}.{{b}}.blocks.{{n}}.attention.out", _LAYER + ".attention.output.dense"),
        Rule(f"{_STAGE}.{{b}}.blocks.{{n}}.fc1", _LAYER + ".intermediate.dense"),
        Rule(f"{_STAGE}.{{b}}.blocks.{{n}}.fc2", _LAYER + ".output.dense"),
        Rule(f"{_STAGE}.{{b}}.norm", _HF + ".layernorm"),
        Rule(f"layers.{{last-2}}.{_P}", "mobilevit.conv_1x1_exp.{N[p]}"),
        Rule("layers.{last}", "classifier"),
    ),
    words={
        "N": {"conv": "convolution", "norm": "normalization"},
        "K": ("expand_1x1", "conv_3x3", "reduce_1x1"),
        "W": {"local": "conv_kxk", "narrow": "conv_projection", "fuse": "fusion"},
        "str": str,
    },
)

TABLES = {"timm_mobilevit": TIMM, "timm_mobilevitv2": TIMM_V2, "transformers_mobilevit": TRANSFORMERS}
