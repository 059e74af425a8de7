"""Encode sentences with both sides, and compare how long it takes."""

from typing import Any

import bench_sides as sides
import torch
import transformers
from bench_sides import Case
from bench_timing import alternate

from bert_tutorial.model.bert import BertModel
from bert_tutorial.model.checkpoint import published_name
from bert_tutorial.model.config import BertConfig
from bert_tutorial.pretraining.batches import length_buckets

BIG = 30_522
LONGEST = 256  # tokens of a sentence


def measure_encoding(size: str, count: int, rounds: int) -> dict[str, Any]:
    """Compare the encoding of sentences with lengths as in real text."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    case = Case(f"encode, {size}", size, count, LONGEST, BIG, 0.0, batches=1)
    rows = sides.rows_of(case, sides.sentence_lengths(count, LONGEST))
    model = BertModel(BertConfig.named(size, vocab_size=BIG)).eval()
    published = published_encoder(model)
    groups = groups_of(rows["attention_mask"].sum(1))
    keys = ("input_ids", "attention_mask", "token_type_ids")
    inputs = {
        name: sides.cut({key: rows[key] for key in keys}, given, name == "ours")
        for name, given in groups.items()
    }

    def encode(name: str) -> torch.Tensor:
        run = model if name == "ours" else published
        first = torch.empty(count, model.config.hidden_size)
        with torch.inference_mode():
            for group, batch in zip(groups[name], inputs[name], strict=True):
                first[group] = run(**batch).last_hidden_state[:, 0]
        return first

    difference = float((encode("ours") - encode("transformers")).abs().max())
    if not difference < 1e-4:
        raise ValueError(f"vectors must be the same, got a difference of {difference}")
    medians = alternate({n: lambda n=n: encode(n) for n in groups}, rounds)  # type: ignore[misc]
    return {
        "case": case.name,
        "sentences": count,
        "tokens": int(rows["attention_mask"].sum()),
        "vector_difference": difference,
        "sentences_per_second": {n: round(count / s) for n, s in medians.items()},
        "ratio": {n: round(medians[n] / medians["ours"], 2) for n in list(medians)[:2]},
        "demand": {"transformers": 2.5, "transformers, sorted": 1.0},
    }


def published_encoder(model: BertModel) -> Any:
    """Make transformers' encoder with the same weights and torch's fused attention."""
    config = transformers.BertConfig(**model.config.to_dict())
    config._attn_implementation = "sdpa"
    published = transformers.BertModel(config).eval()
    weights = {
        published_name(name).removeprefix("bert."): value
        for name, value in model.state_dict().items()
    }
    published.load_state_dict(weights)
    return published


def groups_of(lengths: torch.Tensor) -> dict[str, list[torch.Tensor]]:
    """Put sentences into batches: as they come, sorted, and by length as we do."""
    generator = torch.Generator().manual_seed(0)
    return {
        "transformers": list(torch.arange(len(lengths)).split(32)),
        "transformers, sorted": list(lengths.argsort(stable=True).split(32)),
        "ours": length_buckets(lengths, 1_024, generator, exact=True),
    }
