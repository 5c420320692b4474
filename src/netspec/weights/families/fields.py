"""NeRF of the released code, and the VAE of the PyTorch examples."""

from netspec.weights.rules import Rule, Table

NERF = Table(
    rules=(
        Rule("layers.{a}.linear", "pts_linears.{n}"),
        Rule("layers.{last}.heads.0.layers.1", "feature_linear"),
        Rule("layers.{last}.heads.0.layers.3.linear", "views_linears.0"),
        Rule("layers.{last}.heads.0.layers.4", "rgb_linear"),
        Rule("layers.{last}.heads.1.layers.1", "alpha_linear"),
    ),
    numbers={"n": "layers.{a}.linear"},
)
VAE = Table(
    rules=(
        Rule("layers.0.linear", "fc1"),
        Rule("layers.1.heads.{h:[01]}.layers.0", "fc2{h + 1}"),
        Rule("layers.1.heads.2.layers.{k}.linear", "fc{k + 2}"),
    )
)

TABLES = {"nerf": NERF, "mlp_vae": VAE}
