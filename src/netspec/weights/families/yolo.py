"""YOLO of Ultralytics, whose modules are numbered; those without parameters, too."""

from netspec.weights.rules import Rule, Table

N = {"conv": "conv", "norm": "bn"}
_P = "{p:conv|norm}"


def _c3(path: str, name: str) -> tuple[Rule, ...]:
    """Two paths and what joins them; bottlenecks on the first path, added to what they read or not."""
    return (
        Rule(f"{path}.layers.0.branches.{{i}}.layers.0.{_P}", name + ".cv{i + 1}.{N[p]}"),
        Rule(f"{path}.layers.1.{_P}", name + ".cv3.{N[p]}"),
        *_bottleneck(f"{path}.layers.0.branches.0.layers.{{m}}", name + ".m.{m - 1}"),
    )


def _bottleneck(path: str, name: str, *, residual: bool = False) -> tuple[Rule, ...]:
    inside = f"{path}.copies.0.layers"
    plain = Rule(f"{inside}.{{k}}.{_P}", name + ".cv{k + 1}.{N[p]}")
    added = Rule(f"{inside}.0.body.layers.{{k}}.{_P}", name + ".cv{k + 1}.{N[p]}")
    return (added,) if residual else (plain, added)


_A, _M = "layers.{a}.copies.0", "model.{M[n]}"
#: Blocks of C2f are in each other: each joins what arrives with what is behind.
_DEEP = _A + ".layers.1.branches.1.layers.1{deep:(?:[.]branches[.]1[.]layers[.]1)*}.branches.1.layers.0"
_INNER = _M + ".m.{deep.count('b')}"
_UNITS = (
    Rule(f"layers.{{a}}.{_P}", _M + ".{N[p]}"),
    # First and last of SPPF, C2f and C2PSA.
    Rule(f"{_A}.layers.{{k:[02]}}.{_P}", _M + ".cv{1 + k // 2}.{N[p]}"),
)
_C2F = (*_UNITS, *_bottleneck(_DEEP, _INNER))
_HEAD = "layers.{last}.heads.{h}.layers.1"
_ANCHORS = (Rule(f"{_HEAD}.conv", "model.{max(M)}.m.{h}"),)
_DFL = (r"model\.[0-9]+\.dfl\.conv\.weight",)


def _free(*classes: Rule) -> tuple[Rule, ...]:
    """The head without anchors."""
    box = f"{_HEAD}.heads.0.layers"
    return (
        Rule(f"{box}.{{k:[01]}}.{_P}", "model.{max(M)}.cv2.{h}.{k}.{N[p]}"),
        Rule(f"{box}.2.conv", "model.{max(M)}.cv2.{h}.2"),
        *classes,
    )


_SEEN = f"{_HEAD}.heads.1.layers"
_PLAIN = _free(
    Rule(f"{_SEEN}.{{k:[01]}}.{_P}", "model.{max(M)}.cv3.{h}.{k}.{N[p]}"),
    Rule(f"{_SEEN}.2.conv", "model.{max(M)}.cv3.{h}.2"),
)
_LIGHT = _free(
    Rule(f"{_SEEN}.{{k:[0-3]}}.{_P}", "model.{max(M)}.cv3.{h}.{k // 2}.{k % 2}.{N[p]}"),
    Rule(f"{_SEEN}.4.conv", "model.{max(M)}.cv3.{h}.2"),
)

_PSA = _A + ".layers.1.branches.1.layers"
_QKV = _M + ".m.{j // 2}.attn.qkv.{N[p]}"
_ATTENTION = (
    Rule(f"{_PSA}.{{j}}.body.layers.0.query.{_P}", _QKV, piece=(0, 1, 4), by_head=True),
    Rule(f"{_PSA}.{{j}}.body.layers.0.key.{_P}", _QKV, piece=(1, 2, 4), by_head=True),
    Rule(f"{_PSA}.{{j}}.body.layers.0.value.{_P}", _QKV, piece=(2, 4, 4), by_head=True),
    Rule(f"{_PSA}.{{j}}.body.layers.0.out.{_P}", _M + ".m.{j // 2}.attn.proj.{N[p]}"),
    Rule(f"{_PSA}.{{j}}.body.layers.0.position.{_P}", _M + ".m.{j // 2}.attn.pe.{N[p]}"),
    Rule(f"{_PSA}.{{j}}.body.layers.{{k}}.{_P}", _M + ".m.{j // 2 - 1}.ffn.{k}.{N[p]}"),
)
_C3K2 = (*_UNITS, *_bottleneck(_DEEP, _INNER, residual=True), *_c3(f"{_DEEP}.copies.0", _INNER))


def _table(rules: tuple[Rule, ...], modules: tuple[int, ...], buffers: tuple[str, ...] = ()) -> Table:
    """``modules`` are the numbers of those with parameters, in order."""
    return Table(rules, {"n": "layers.{a}"}, {"N": N, "M": modules, "max": max}, buffers=buffers)


_V5 = (*range(11), 13, 14, 17, 18, 20, 21, 23, 24)
_V8 = (*range(10), 12, 15, 16, 18, 19, 21, 22)
_V11 = (*range(11), 13, 16, 17, 19, 20, 22, 23)
_V5_BODY = (*_UNITS, *_c3(_A, _M))

#: Of v3, the modules of the backbone's and the neck's convolutions, and of its residual blocks.
_V3_UNITS = (
    *("0", "1", "3", "5", "7", "9", "11.cv1", "11.cv2", "12", "13", "14", "16", "19.cv1", "19.cv2", "20.cv1"),
    *("20.cv2", "21", "23", "26.cv1", "26.cv2", "27.0.cv1", "27.0.cv2", "27.1.cv1"),
)
_V3_BLOCKS = ("2", *(f"{module}.{b}" for module, count in ((4, 2), (6, 8), (8, 8), (10, 4)) for b in range(count)))
V3 = Table(
    rules=(
        Rule(f"layers.{{a}}.{_P}", "model.{U[c]}.{N[p]}"),
        Rule(f"layers.{{r}}.body.layers.{{k}}.{_P}", "model.{B[b]}.cv{k + 1}.{N[p]}"),
        Rule(f"layers.{{last}}.heads.0.layers.0.{_P}", "model.27.1.cv2.{N[p]}"),
        Rule("layers.{last}.heads.0.layers.1.conv", "model.28.m.0"),
        Rule(f"layers.{{last}}.heads.{{h:[12]}}.layers.1.{_P}", "model.{(22, 15)[h - 1]}.{N[p]}"),
        Rule("layers.{last}.heads.{h:[12]}.layers.2.conv", "model.28.m.{h}"),
    ),
    numbers={"c": "layers.{a}.conv", "b": "layers.{r}.body"},
    words={"N": N, "U": _V3_UNITS, "B": _V3_BLOCKS},
    buffers=(r"model\.28\.anchors",),
)
V1 = Table(
    rules=(
        Rule("layers.{a}.conv", "convs.{c}"),
        Rule("layers.{last-1}.linear", "fc1"),
        Rule("layers.{last}", "fc2"),
    ),
    numbers={"c": "layers.{a}.conv"},
)

TABLES = {
    "yolov1": V1,
    "yolov3": V3,
    "yolov5": _table((*_V5_BODY, *_ANCHORS), _V5, (r"model\.24\.anchors",)),
    "yolov5u": _table((*_V5_BODY, *_PLAIN), _V5, _DFL),
    "yolov8": _table((*_C2F, *_PLAIN), _V8, _DFL),
    "yolo11": _table((*_C3K2, *_ATTENTION, *_LIGHT), _V11, _DFL),
}
