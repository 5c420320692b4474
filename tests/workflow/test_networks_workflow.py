"""`snakemake networks`: a job per variant, the large ones traced only, and one of them run."""

import json
import shutil

import pytest
from commands import ROOT, planned, snakemake

import netspec
from netspec import catalogue


@pytest.fixture
def config_folder(tmp_path):
    shutil.copytree(ROOT / "config", tmp_path / "config")
    return tmp_path


def test_every_variant_is_a_job(config_folder):
    variants = [spec for spec in catalogue.specs() if spec.provenance.role == "variant"]
    jobs = planned(config_folder, "networks")
    assert jobs == {"run_network": len(variants), "networks_report": 1, "networks": 1}


@pytest.mark.exhaustive
def test_one_network_by_its_file(config_folder):
    snakemake(config_folder, "results/networks/lenet-5.json")
    record = json.loads((config_folder / "results/networks/lenet-5.json").read_text(encoding="utf-8"))
    assert record["built"] == netspec.find("LeNet-5").params
    assert record["backward"]["without_gradient"] == []
    assert record["machine"].startswith("1 CPU thread, jax ")


@pytest.mark.exhaustive
def test_a_large_network_is_traced_only(config_folder):
    snakemake(config_folder, "results/networks/llava-13b-lm-llama-13b-backbone.json")
    record = json.loads(
        (config_folder / "results/networks/llava-13b-lm-llama-13b-backbone.json").read_text(encoding="utf-8")
    )
    assert record["built"] == netspec.find("LLaVA 13B LM (LLaMA-13B backbone)").params
    assert "forward" not in record
