"""pick_device and the precision, in the cases of the table and on processors."""

from dataclasses import replace

import pytest
import torch

from bert_tutorial.course.notebook import set_seed
from bert_tutorial.files.errors import UserError
from bert_tutorial.model.objectives import BertForPreTraining
from bert_tutorial.training import device as device_module
from bert_tutorial.training.device import (
    autocast_dtype,
    pick_device,
    processor_flags,
)
from bert_tutorial.training.loop import train
from bert_tutorial.world import QUICK, World
from bert_tutorial.world.data import WorldData, WorldRecipe


def machine(monkeypatch, cuda=False, bf16=False, mps=False):
    """Pretend to be a machine."""

    def supports(including_emulation=True):
        return True if including_emulation else bf16

    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", supports)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)


@pytest.mark.parametrize(
    "has,device,dtype",
    [
        ({}, "cpu", None),
        ({"cuda": False}, "cpu", None),
        ({"cuda": True, "bf16": False}, "cuda", torch.float16),  # T4: only emulated
        ({"cuda": True, "bf16": True}, "cuda", torch.bfloat16),
        ({"cuda": True, "bf16": True, "mps": False}, "cuda", torch.bfloat16),
        ({"mps": True}, "mps", None),
    ],
)
def test_six_machines(monkeypatch, has, device, dtype):
    machine(monkeypatch, **has)
    picked = pick_device()
    assert picked.type == device
    assert autocast_dtype(picked) is dtype


def test_a_device_that_is_not_there_is_refused(monkeypatch):
    machine(monkeypatch)
    with pytest.raises(ValueError, match="no cuda device"):
        pick_device("cuda")
    with pytest.raises(ValueError, match="one of auto, cpu, cuda, mps, got 'gpu'"):
        pick_device("gpu")
    assert pick_device("cpu").type == "cpu"


FLAGS = {"avx2": True, "avx512_bf16": False, "amx_bf16": False, "l2_cache_size": 1}


def processor(monkeypatch, mkldnn=True, **flags):
    """Pretend that torch finds these instructions."""
    found = FLAGS | flags
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: found, raising=False)
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: mkldnn)


@pytest.mark.parametrize(
    "flags,dtype",
    [
        ({}, None),
        ({"avx512_bf16": True}, torch.bfloat16),
        ({"amx_bf16": True}, torch.bfloat16),
        ({"amx_bf16": True, "mkldnn": False}, None),  # a torch without the products
        ({"amx_tile": True, "avx512_f": True, "avx512_vnni": True}, None),
    ],
)
def test_a_processor_takes_bfloat16_only_with_instructions_for_it(
    monkeypatch, flags, dtype
):
    machine(monkeypatch)
    processor(monkeypatch, **flags)
    cpu = torch.device("cpu")
    assert autocast_dtype(cpu, "auto") is dtype
    assert autocast_dtype(cpu) is None  # unasked, the same numbers everywhere
    assert autocast_dtype(cpu, "float32") is None
    if dtype is not None:
        assert autocast_dtype(cpu, "bfloat16") is dtype
    else:
        with pytest.raises(UserError, match="must be auto or float32 here: this cpu"):
            autocast_dtype(cpu, "bfloat16")


@pytest.mark.parametrize(
    "line,found",
    [
        ("flags\t\t: fpu avx512f avx512_bf16 vaes", {"avx512_bf16"}),
        ("flags\t\t: amx_tile amx_bf16 avx512_bf16", {"amx_bf16", "avx512_bf16"}),
        ("flags\t\t: fpu avx2", set()),
        ("Features\t: asimd bf16", set()),  # of ARM: nobody has measured it
        ("", set()),
    ],
)
def test_an_older_torch_leaves_the_question_to_linux(
    monkeypatch, tmp_path, line, found
):
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    info = tmp_path / "cpuinfo"
    info.write_text(f"processor\t: 0\n{line}\nprocessor\t: 1\n{line}\n")
    monkeypatch.setattr(device_module, "CPU_INFO", info)
    assert processor_flags() == found
    monkeypatch.setattr(device_module, "CPU_INFO", tmp_path / "nowhere")
    assert processor_flags() == set()


@pytest.mark.parametrize("bf16", [False, True])
def test_a_gpu_takes_what_is_asked_for(monkeypatch, bf16):
    machine(monkeypatch, cuda=True, bf16=bf16)
    cuda = torch.device("cuda")
    best = torch.bfloat16 if bf16 else torch.float16
    assert autocast_dtype(cuda) is autocast_dtype(cuda, "auto") is best
    assert autocast_dtype(cuda, "float32") is None
    if not bf16:
        with pytest.raises(UserError, match="this cuda device has no"):
            autocast_dtype(cuda, "bfloat16")


def losses_of_a_run(precision, steps):
    """Pretrain on the mini-world; give the records, one a step."""
    set_seed(0)
    recipe = WorldRecipe(steps=steps)
    data = WorldData(World(0, QUICK), recipe)
    model = BertForPreTraining(recipe.config(len(data.tokenizer)))
    config = replace(recipe.training_config(), precision=precision, log_every=1)
    batches = data.batches(recipe)
    return train(model, batches, config, device=torch.device("cpu"), progress=False)


@pytest.mark.weekly  # where the processor lacks bfloat16, it is slow
def test_losses_in_bfloat16_stay_beside_those_in_float32(monkeypatch):
    """Within 0.01 nats of each step's loss, over a fall of more than a nat."""
    monkeypatch.setattr(device_module, "has_bfloat16", lambda device: True)
    full, half = (losses_of_a_run(p, 25) for p in ("float32", "bfloat16"))
    assert all("precision" not in record for record in full)
    assert {record["precision"] for record in half} == {"bfloat16"}
    assert full[0]["loss"] - full[-1]["loss"] > 1
    gaps = [abs(a["loss"] - b["loss"]) for a, b in zip(full, half, strict=True)]
    assert 0 < max(gaps) < 0.01, max(gaps)
