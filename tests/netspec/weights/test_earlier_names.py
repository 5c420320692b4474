"""Files that a library wrote before it renamed its modules have the names of now."""

import pytest

from netspec.weights import families

#: Table, the name in a released file, the name in the library now.
NAMES = [
    ("transformers_vit", "vit.encoder.layer.3.attention.attention.query.bias", "vit.layers.3.attention.q_proj.bias"),
    ("transformers_vit", "vit.encoder.layer.3.attention.output.dense.weight", "vit.layers.3.attention.o_proj.weight"),
    ("transformers_vit", "vit.encoder.layer.3.intermediate.dense.weight", "vit.layers.3.mlp.fc1.weight"),
    ("transformers_vit", "vit.encoder.layer.3.output.dense.weight", "vit.layers.3.mlp.fc2.weight"),
    ("dinov2", "encoder.layer.0.attention.attention.value.bias", "encoder.layer.0.attention.v_proj.bias"),
    ("detr", "model.backbone.conv_encoder.model.layer1.0.conv1.weight", "model.backbone.model.layer1.0.conv1.weight"),
    ("detr", "model.decoder.layers.5.encoder_attn.out_proj.bias", "model.decoder.layers.5.encoder_attn.o_proj.bias"),
    ("detr", "model.encoder.layers.0.fc2.weight", "model.encoder.layers.0.mlp.fc2.weight"),
    ("llava", "language_model.lm_head.weight", "lm_head.weight"),
    ("llava", "language_model.model.norm.weight", "model.language_model.norm.weight"),
    (
        "segformer",
        "segformer.encoder.block.1.0.attention.self.sr.weight",
        "segformer.stages.1.blocks.0.attention.sequence_reduction.sequence_reduction.weight",
    ),
    ("segformer", "segformer.encoder.layer_norm.2.bias", "segformer.stages.2.layer_norm.bias"),
    ("mit", "segformer.encoder.block.1.0.layer_norm_2.bias", "segformer.stages.1.blocks.0.layernorm_after.bias"),
]


@pytest.mark.parametrize(("table", "before", "now"), NAMES, ids=[before for _, before, _ in NAMES])
def test_a_name_of_before_is_the_name_of_now(table, before, now):
    assert families.find(table).current(before) == now
    assert families.find(table).current(now) == now
