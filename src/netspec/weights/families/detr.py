"""DETR of transformers, on ResNets of timm and of transformers."""

from netspec.weights.families.backbones import STAGES, frozen
from netspec.weights.rules import Rule, Table

_BODY = "model.backbone.model."
_IN = "layers.{s}.copies.0.layers.{b}.copies.0.layers.0"
_BLOCK = _BODY + "encoder.stages.{stage}.layers.{b}"


def _part(path: str, name: str) -> tuple[Rule, ...]:
    return (Rule(f"{path}.conv", f"{name}.convolution"), Rule(f"{path}.norm", f"{name}.normalization"))


#: The body of transformers: a norm is the layer behind its convolution.
OWN = (
    Rule("layers.0.copies.0.layers.{k}.conv", _BODY + "embedder.embedder.convolution"),
    Rule("layers.0.copies.0.layers.{k}.norm", _BODY + "embedder.embedder.normalization"),
    *_part(f"{_IN}.body.layers.{{k}}", _BLOCK + ".layer.{k // 2}"),
    *_part(f"{_IN}.shortcut.layers.{{k}}", _BLOCK + ".shortcut"),
)

_ATTENTION = "layers.{k}.body.layers.0.{q:query|key|value|out}"
_FIRST, _SECOND = "layers.{last-7}.copies.{b}", "layers.{last-2}.copies.{b}"
_ENCODER, _DECODER = "model.encoder.layers.{b}", "model.decoder.layers.{b}"
DETR = (
    Rule("layers.{last-12}.conv", "model.input_projection"),
    Rule(f"{_FIRST}.{_ATTENTION}", _ENCODER + ".self_attn.{A[q]}_proj"),
    Rule(f"{_FIRST}.layers.{{k:[13]}}", _ENCODER + ".{('self_attn', 'final')[k // 2]}_layer_norm"),
    Rule(f"{_FIRST}.layers.2.body.layers.0.linear", _ENCODER + ".mlp.fc1"),
    Rule(f"{_FIRST}.layers.2.body.layers.1", _ENCODER + ".mlp.fc2"),
    Rule("layers.{last-5}.tokens.0", "model.query_position_embeddings.weight"),
    Rule(f"{_SECOND}.{_ATTENTION}", _DECODER + ".{('self_attn', 'encoder_attn')[k // 2]}.{A[q]}_proj"),
    Rule(f"{_SECOND}.layers.{{k:[135]}}", _DECODER + ".{('self_attn', 'encoder_attn', 'final')[k // 2]}_layer_norm"),
    Rule(f"{_SECOND}.layers.4.body.layers.0.linear", _DECODER + ".mlp.fc1"),
    Rule(f"{_SECOND}.layers.4.body.layers.1", _DECODER + ".mlp.fc2"),
    Rule("layers.{last-1}", "model.decoder.layernorm"),
    Rule("layers.{last}.heads.0.layers.0", "class_labels_classifier"),
    Rule("layers.{last}.heads.1.layers.{k}.linear", "bbox_predictor.layers.{k}"),
)
WORDS = {"A": {"query": "q", "key": "k", "value": "v", "out": "o"}}
#: Files written before the library renamed its maps.
EARLIER = (
    (r"backbone\.conv_encoder", "backbone"),
    (r"out_proj", "o_proj"),
    (r"(layers\.[0-9]+)\.fc([12])", r"\1.mlp.fc\2"),
)

TABLES = {
    "detr": Table((*frozen(_BODY), *DETR), STAGES, WORDS, earlier=EARLIER),
    "detr_own_body": Table((*OWN, *DETR), STAGES, WORDS, earlier=EARLIER),
}
