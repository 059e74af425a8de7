"""pick_device and the precision, in the six cases of the table."""

import pytest
import torch

from bert_tutorial.training.device import autocast_dtype, pick_device


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
