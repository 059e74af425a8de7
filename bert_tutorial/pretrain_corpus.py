"""Pretrain a BERT on text files of one's own.

Chapter: 12
"""

import json
import math
import platform
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import torch

from bert_tutorial.corpus_data import CorpusData
from bert_tutorial.corpus_recipe import CorpusRecipe
from bert_tutorial.device import pick_device
from bert_tutorial.objectives import BertForPreTraining, pretraining_loss
from bert_tutorial.tokenizer import BertTokenizer
from bert_tutorial.training import train

__all__ = ["CorpusRecipe", "CorpusRun", "evaluate_corpus", "pretrain_corpus"]


class CorpusRun(NamedTuple):
    """What a run leaves: the model, its data, the log and the report."""

    model: BertForPreTraining
    data: CorpusData
    records: list[dict[str, Any]]
    report: dict[str, Any]


@torch.no_grad()
def evaluate_corpus(model: BertForPreTraining, data: CorpusData) -> dict[str, float]:
    """Judge a model on held-out documents, masked once and for all.

    Returns:
        masked_lm (nats), perplexity, accuracy and number of the masked places;
        next_sentence (nats).
    """
    device = next(model.parameters()).device
    model.eval()
    words, hits, number, relation, pairs = 0.0, 0, 0, 0.0, 0
    for batch in data.validation_batches():
        on_device = {key: value.to(device) for key, value in batch.items()}
        loss = pretraining_loss(model, on_device)
        words += loss.masked_lm.item() * loss.num_masked
        number += loss.num_masked
        count = len(batch["next_sentence_label"])
        relation += loss.next_sentence.item() * count
        pairs += count
        where = on_device["labels"] != -100
        hidden = model.bert(
            on_device["input_ids"],
            on_device.get("attention_mask"),
            on_device["token_type_ids"],
        ).last_hidden_state[where]
        guess = model.cls.predictions(hidden).argmax(dim=-1)
        hits += int((guess == on_device["labels"][where]).sum())
    masked_lm = words / max(1, number)
    return {
        "masked_lm": round(masked_lm, 4),
        "perplexity": round(math.exp(min(masked_lm, 100)), 2),
        "accuracy": round(hits / max(1, number), 4),
        "masked_places": number,
        "next_sentence": round(relation / max(1, pairs), 4),
    }


def pretrain_corpus(
    paths: Sequence[str | Path],
    recipe: CorpusRecipe | None = None,
    *,
    tokenizer: BertTokenizer | None = None,
    output: str | Path,
    device: torch.device | None = None,
    progress: bool | None = None,
) -> CorpusRun:
    """Train a vocabulary and a model on text files, and save both.

    Args:
        paths: UTF-8 files or a folder: one sentence a line and blank lines between
            documents, or plain paragraphs.
        recipe: all choices.
        tokenizer: a tokenizer to use instead of training a vocabulary.
        output: folder for model.safetensors, config.json, vocab.txt, log.jsonl and
            run.json.
        device: None picks one.
        progress: show a progress bar; None means only on a terminal.

    Returns:
        The trained model, its data, the log and the report.
    """
    recipe = recipe or CorpusRecipe()
    recipe.model_config(recipe.vocab_size)  # refuse a bad one before any work
    started = time.perf_counter()
    torch.manual_seed(recipe.seed)
    data = CorpusData(
        paths,
        vocab_size=recipe.vocab_size,
        tokenizer=tokenizer,
        do_lower_case=not recipe.cased,
        max_length=recipe.max_length,
        seed=recipe.seed,
    )
    folder = Path(output)
    folder.mkdir(parents=True, exist_ok=True)
    model = BertForPreTraining(recipe.model_config(len(data.tokenizer)))
    batches = data.batches(recipe.tokens_per_batch, recipe.mlm_probability)
    device = device or pick_device()
    prepared = time.perf_counter()
    records = train(
        model,
        batches,
        recipe.training_config(),
        device=device,
        log_file=folder / "log.jsonl",
        progress=progress,
    )
    report = {
        "recipe": asdict(recipe),
        "validation": evaluate_corpus(model, data),
        "unigram_entropy": round(data.unigram_entropy, 4),
        "uniform": round(math.log(len(data.tokenizer)), 4),
        "training_tokens": data.tokens,
        "documents": len(data.training) + len(data.validation),
        "vocabulary": len(data.tokenizer),
        "parameters": sum(p.numel() for p in model.parameters()),
        "seconds_preparing": round(prepared - started, 1),
        "seconds_training": round(time.perf_counter() - prepared, 1),
        "device": device.type,
        "torch": torch.__version__.split("+")[0],
        "python": platform.python_version(),
    }
    model.save_pretrained(folder)
    data.tokenizer.save(folder)
    text = json.dumps(report, indent=1) + "\n"
    (folder / "run.json").write_text(text, encoding="utf-8")
    return CorpusRun(model, data, records, report)
