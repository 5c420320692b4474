"""YOLOv3, v5 and v8 of ultralytics: modules have the places that they have in the listing."""

from netspec.weights.rules import Rule, Table

WORDS = {"N": {"conv": "conv", "norm": "bn"}}
_AT = "layers.{i}.copies.0.layers"
_UNIT = "{p:conv|norm}"
#: More blocks in a module than any size has.
MOST = 14

_POOLED = (
    Rule("layers.9.copies.0.layers.0." + _UNIT, "model.9.cv1.{N[p]}"),
    Rule("layers.9.copies.0.layers.2." + _UNIT, "model.9.cv2.{N[p]}"),
)
_C3 = (
    Rule(_AT + ".0.branches.0.layers.0." + _UNIT, "model.{i}.cv1.{N[p]}"),
    Rule(_AT + ".0.branches.1.layers.0." + _UNIT, "model.{i}.cv2.{N[p]}"),
    Rule(_AT + ".1." + _UNIT, "model.{i}.cv3.{N[p]}"),
    Rule(_AT + ".0.branches.0.layers.{k}.body.layers.{u}." + _UNIT, "model.{i}.m.{k - 1}.cv{u + 1}.{N[p]}"),
    Rule(_AT + ".0.branches.0.layers.{k}." + _UNIT, "model.{i}.m.{(k - 1) // 2}.cv{1 + (k - 1) % 2}.{N[p]}"),
)


def _nested(first: int) -> tuple[Rule, ...]:
    """Blocks that all leave something, each of ``first`` layers of the listing, inside of one another."""
    found = []
    for block in range(MOST):
        path = _AT + ".1.branches.1.layers.1" + f".branches.1.layers.{first}" * block + ".branches.1.layers"
        name = f"model.{{i}}.m.{block}."
        if first == 1:
            found.append(Rule(f"{path}.0.body.layers.{{u}}.{_UNIT}", name + "cv{u + 1}.{N[p]}"))
        else:
            found.append(Rule(f"{path}.{{u:[01]}}.{_UNIT}", name + "cv{u + 1}.{N[p]}"))
    return tuple(found)


V5 = Table(
    rules=(
        *_POOLED,
        *_C3,
        Rule(_AT + ".0." + _UNIT, "model.{i}.{N[p]}"),
        Rule("layers.24.heads.{k}.layers.1.conv", "model.24.m.{k}"),
    ),
    words=WORDS,
    buffers=(r".*anchors", r".*anchor_grid"),
)

_LEVEL = "layers.22.heads.{k}.layers.1.heads"
V8 = Table(
    rules=(
        *_POOLED,
        *_nested(1),
        *_nested(2),
        Rule("layers.{i:2|4|6|8|12|15|18|21}.copies.0.layers.0." + _UNIT, "model.{i}.cv1.{N[p]}"),
        Rule(_AT + ".2." + _UNIT, "model.{i}.cv2.{N[p]}"),
        Rule(_AT + ".0." + _UNIT, "model.{i}.{N[p]}"),
        Rule(_LEVEL + ".{h}.layers.{u:[01]}." + _UNIT, "model.22.cv{h + 2}.{k}.{u}.{N[p]}"),
        Rule(_LEVEL + ".{h}.layers.2.conv", "model.22.cv{h + 2}.{k}.2"),
    ),
    words=WORDS,
    buffers=(r".*dfl\.conv\.weight", r".*anchors", r".*strides"),
)

_ALONE = "layers.{i:2|11|19|20|26}.copies.0.layers"
V3 = Table(
    rules=(
        Rule("layers.2.copies.0.layers.0.body.layers.{u}." + _UNIT, "model.2.cv{u + 1}.{N[p]}"),
        Rule(_AT + ".{k}.body.layers.{u}." + _UNIT, "model.{i}.{k}.cv{u + 1}.{N[p]}"),
        Rule("layers.27.copies.0.layers.{k}." + _UNIT, "model.27.{k // 2}.cv{1 + k % 2}.{N[p]}"),
        Rule(_ALONE + ".{u}." + _UNIT, "model.{i}.cv{u + 1}.{N[p]}"),
        Rule(_AT + ".{u}." + _UNIT, "model.{i}.{N[p]}"),
        Rule("layers.28.heads.{k}.layers.1.conv", "model.28.m.{k}"),
    ),
    words=WORDS,
    buffers=(r".*anchors", r".*anchor_grid"),
)

_PSA = "layers.10.copies.0.layers.1.branches.1.layers"
#: Queries and keys of a head have 32 channels, values 64; the library keeps them head by head in one map.
_HEAD = {"query": (0, 1, 4), "key": (1, 2, 4), "value": (2, 4, 4)}


def _deep() -> tuple[Rule, ...]:
    """Blocks that are C3 themselves."""
    found = []
    for block in range(MOST):
        path = _AT + ".1.branches.1.layers.1" + ".branches.1.layers.2" * block + ".branches.1.layers"
        name = f"model.{{i}}.m.{block}."
        found += [
            Rule(f"{path}.0.branches.0.layers.0.{_UNIT}", name + "cv1.{N[p]}"),
            Rule(f"{path}.0.branches.1.layers.0.{_UNIT}", name + "cv2.{N[p]}"),
            Rule(f"{path}.1.{_UNIT}", name + "cv3.{N[p]}"),
            Rule(f"{path}.0.branches.0.layers.{{k}}.body.layers.{{u}}.{_UNIT}", name + "m.{k - 1}.cv{u + 1}.{N[p]}"),
        ]
    return tuple(found)


_LEVEL_11 = "layers.23.heads.{k}.layers.1.heads"
V11 = Table(
    rules=(
        *_POOLED,
        *(
            Rule(
                f"{_PSA}.{{j}}.body.layers.0.{part}." + _UNIT,
                "model.10.m.{(j - 1) // 2}.attn.qkv.{N[p]}",
                piece=piece,
                block=128,
            )
            for part, piece in _HEAD.items()
        ),
        Rule(_PSA + ".{j}.body.layers.0.position." + _UNIT, "model.10.m.{(j - 1) // 2}.attn.pe.{N[p]}"),
        Rule(_PSA + ".{j}.body.layers.0.out." + _UNIT, "model.10.m.{(j - 1) // 2}.attn.proj.{N[p]}"),
        Rule(_PSA + ".{j}.body.layers.{u}." + _UNIT, "model.10.m.{(j - 1) // 2}.ffn.{u}.{N[p]}"),
        *_nested(1),
        *_deep(),
        Rule("layers.{i:2|4|6|8|10|13|16|19|22}.copies.0.layers.0." + _UNIT, "model.{i}.cv1.{N[p]}"),
        Rule(_AT + ".2." + _UNIT, "model.{i}.cv2.{N[p]}"),
        Rule(_AT + ".0." + _UNIT, "model.{i}.{N[p]}"),
        Rule(_LEVEL_11 + ".0.layers.{u:[01]}." + _UNIT, "model.23.cv2.{k}.{u}.{N[p]}"),
        Rule(_LEVEL_11 + ".0.layers.2.conv", "model.23.cv2.{k}.2"),
        Rule(_LEVEL_11 + ".1.layers.{u:[0-3]}." + _UNIT, "model.23.cv3.{k}.{u // 2}.{u % 2}.{N[p]}"),
        Rule(_LEVEL_11 + ".1.layers.4.conv", "model.23.cv3.{k}.2"),
    ),
    words=WORDS,
    buffers=V8.buffers,
)

TABLES = {"yolo11": V11, "yolov5": V5, "yolov8": V8, "yolov3": V3}
