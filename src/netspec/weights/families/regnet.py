"""RegNets of torchvision and squeeze-and-excitation ResNets of timm. A stage is a layer, and so is each activation."""

from netspec.weights.rules import Rule, Table

WORDS = {"N": {"conv": "conv", "norm": "bn"}, "F": {"squeeze": "fc1", "excite": "fc2"}, "int": int}
_AT, _P, _GATE = "layers.{s}.copies.0.layers.{r}", "{p:conv|norm}", "{q:squeeze|excite}"
_BLOCK = "trunk_output.block{s}.block{s}-{r // 2}"
REGNET = Table(
    rules=(
        Rule(f"layers.0.{_P}", "stem.{int(p == 'norm')}"),
        Rule(f"{_AT}.body.layers.{{k}}.{_P}", _BLOCK + ".f.{'abcc'[k]}.{int(p == 'norm')}"),
        Rule(f"{_AT}.body.layers.2.{_GATE}", _BLOCK + ".f.se.{F[q]}", layout="conv"),
        Rule(f"{_AT}.shortcut.layers.0.{_P}", _BLOCK + ".proj.{int(p == 'norm')}"),
        Rule("layers.{last}", "fc"),
    ),
    words=WORDS,
)
_BLOCK = "layer{s - 1}.{r // 2}"
SENET = Table(
    rules=(
        Rule(f"layers.0.{_P}", "layer0.{N[p]}1"),
        Rule(f"{_AT}.body.layers.{{k}}.{_P}", _BLOCK + ".{N[p]}{k + 1}"),
        Rule(f"{_AT}.body.layers.{{k}}.{_GATE}", _BLOCK + ".se_module.{F[q]}", layout="conv"),
        Rule(f"{_AT}.shortcut.layers.0.{_P}", _BLOCK + ".downsample.{int(p == 'norm')}"),
        Rule("layers.{last}", "last_linear"),
    ),
    words=WORDS,
)

TABLES = {"torchvision_regnet": REGNET, "timm_senet": SENET}
