"""Small networks written from their papers."""

from netspec.weights.rules import Rule, Table

LENET = Table(
    rules=(
        Rule("layers.{n}.conv", "conv{n // 2 + 1}"),
        Rule("layers.{last-2}.linear", "fc1"),
        Rule("layers.{last-1}.linear", "fc2"),
        Rule("layers.{last}", "fc3"),
    ),
)
DQN = Table(
    rules=(
        Rule("layers.{n}.conv", "convs.{n}"),
        Rule("layers.{last-1}.linear", "fc1"),
        Rule("layers.{last}", "fc2"),
    ),
)
HIGHWAY = Table(
    rules=(
        Rule("layers.0.linear", "first"),
        Rule("layers.{n}.transform", "plain.{n - 1}"),
        Rule("layers.{n}.gate", "gate.{n - 1}"),
        Rule("layers.{last}", "last"),
    ),
)


def _alphago(head: int) -> tuple[Rule, ...]:
    return (
        Rule("layers.0.conv", "stem"),
        Rule(f"layers.{{last-{head}}}.conv", "head"),
        Rule("layers.{n}.conv", "convs.{n - 1}"),
    )


POLICY = Table(rules=(*_alphago(3), Rule("layers.{n}.table.0", "position_bias", trail=-1)))
VALUE = Table(
    rules=(*_alphago(3), Rule("layers.{last-1}.linear", "fc1"), Rule("layers.{last}.linear", "fc2")),
)

WORDS = {"N": {"conv": 0, "norm": 1}}
_TOWER = (
    Rule("layers.0.{p:conv|norm}", "stem.{N[p]}"),
    Rule("layers.1.layers.{b}.body.layers.{k}.{p:conv|norm}", "tower.{b}.{'ab'[k]}.{N[p]}"),
    Rule("layers.2.heads.0.layers.0.{p:conv|norm}", "policy_conv.{N[p]}"),
    Rule("layers.2.heads.1.layers.0.{p:conv|norm}", "value_conv.{N[p]}"),
    Rule("layers.2.heads.1.layers.{k:[23]}.linear", "value_fc{k - 1}"),
)
ALPHAZERO = Table(rules=(*_TOWER, Rule("layers.2.heads.0.layers.2", "policy_fc")), words=WORDS)
PLANES = Table(rules=(*_TOWER, Rule("layers.2.heads.0.layers.1.conv", "policy_out")), words=WORDS)

_GROUP = "group{1 + n // (n_count // 3)}.{n % (n_count // 3)}"
WRN = Table(
    rules=(
        Rule("layers.0.conv", "conv1"),
        # Where the shape stays, the first norm is in the branch; where it changes, before both paths.
        Rule("layers.{r}.copies.0.layers.0.norm", _GROUP + ".bn1"),
        Rule("layers.{r}.copies.0.layers.1.shortcut.layers.0.conv", _GROUP + ".shortcut"),
        Rule("layers.{r}.copies.0.layers.1.body.layers.{k:[02]}.conv", _GROUP + ".conv{k // 2 + 1}"),
        Rule("layers.{r}.copies.0.layers.1.body.layers.1.norm", _GROUP + ".bn2"),
        Rule("layers.{r}.copies.0.layers.0.body.layers.{k:[02]}.norm", _GROUP + ".bn{k // 2 + 1}"),
        Rule("layers.{r}.copies.0.layers.0.body.layers.{k:[13]}.conv", _GROUP + ".conv{(k + 1) // 2}"),
        Rule("layers.{last-2}.norm", "bn"),
        Rule("layers.{last}", "fc"),
    ),
    numbers={"n": "layers.{r}.copies.0"},
)

TABLES = {
    "lenet5": LENET,
    "dqn": DQN,
    "highway": HIGHWAY,
    "alphago": POLICY,
    "alphago_value": VALUE,
    "alphazero": ALPHAZERO,
    "alphazero_planes": PLANES,
    "wrn": WRN,
}
