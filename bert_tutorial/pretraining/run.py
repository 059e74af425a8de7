"""Pretrain a BERT on text files of one's own.

Chapter: 12
"""

import hashlib
import json
import math
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors import SafetensorError
from torch.nn import functional as F

from bert_tutorial.files.errors import UnwritableError, UserError
from bert_tutorial.files.texts import find_text_files, replace_json
from bert_tutorial.model.config import BertConfig
from bert_tutorial.model.objectives import BertForPreTraining
from bert_tutorial.pretraining.corpus import CorpusData
from bert_tutorial.pretraining.large_corpus import (
    MEMORY_BYTES,
    ShardedData,
    corpus_bytes,
    paragraph_file,
)
from bert_tutorial.pretraining.recipe import CorpusRecipe
from bert_tutorial.pretraining.start import Start
from bert_tutorial.tokenization.tokenizer import BertTokenizer
from bert_tutorial.training.device import (
    autocast_dtype,
    pick_device,
    precision_name,
    versions,
)
from bert_tutorial.training.keeper import (
    StateKeeper,
    refuse_other_vocabulary,
    sweep_run,
)
from bert_tutorial.training.lock import RunLock
from bert_tutorial.training.loop import train
from bert_tutorial.training.processes import ANSWER_SECONDS, ProcessGroup, join_group

__all__ = ["CorpusRecipe", "CorpusRun", "evaluate_corpus", "pretrain_corpus"]

# Choices that were added to the recipe after its first release.
LATER = ("precision", "optimizer", "whole_word")
START_BYTES = 1_000_000  # of each file tell a large corpus from another


class CorpusRun(NamedTuple):
    """What a run leaves: the model, its data, the log and the report."""

    model: BertForPreTraining
    data: CorpusData | ShardedData
    records: list[dict[str, Any]]
    report: dict[str, Any]


@torch.no_grad()
def evaluate_corpus(
    model: BertForPreTraining, data: CorpusData | ShardedData
) -> dict[str, float]:
    """Judge a model on held-out documents, masked once and for all.

    Returns:
        masked_lm (nats), perplexity, accuracy and number of the masked positions;
        next_sentence (nats).
    """
    device = next(model.parameters()).device
    model.eval()
    words, hits, number, relation, pairs = 0.0, 0, 0, 0.0, 0
    for batch in data.validation_batches():
        on_device = {key: value.to(device) for key, value in batch.items()}
        output = model.bert(
            on_device["input_ids"],
            on_device.get("attention_mask"),
            on_device["token_type_ids"],
        )
        is_masked = on_device["labels"] != -100  # (B, T), M of them true
        right = on_device["labels"][is_masked]  # (M,)
        logits = model.cls.predictions(output.last_hidden_state[is_masked])  # (M, V)
        words += F.cross_entropy(logits, right, reduction="sum").item()
        hits += int((logits.argmax(dim=-1) == right).sum())
        number += len(right)
        scores = model.cls.seq_relationship(output.pooler_output)  # (B, 2)
        labels = on_device["next_sentence_label"]  # (B,)
        relation += F.cross_entropy(scores, labels, reduction="sum").item()
        pairs += len(labels)
    masked_lm = words / max(1, number)
    return {
        "masked_lm": round(masked_lm, 4),
        "perplexity": round(math.exp(min(masked_lm, 100)), 2),
        "accuracy": round(hits / max(1, number), 4),
        "masked_places": number,
        "next_sentence": round(relation / max(1, pairs), 4),
    }


def checked_recipe(
    paths: Sequence[str | Path],
    recipe: CorpusRecipe,
    start: Start | None,
    tokenizer: BertTokenizer | None,
    device: torch.device,
) -> CorpusRecipe:
    """Refuse what cannot work before any work is done; give the recipe."""
    if start is None:
        recipe.model_config(recipe.vocab_size)
    elif tokenizer is not None:
        raise UserError(
            "a run that goes on from a model takes its vocabulary, got a tokenizer, "
            "too; leave it out"
        )
    else:
        start.check(recipe)
    autocast_dtype(device, recipe.precision)
    find_text_files(paths)
    return recipe


def write_tokenizer(
    folder: Path,
    data: CorpusData | ShardedData,
    model: BertForPreTraining,
    resume: bool,
) -> None:
    """Keep the vocabulary of a run in its folder, and no other one's."""
    if not resume:
        refuse_other_vocabulary(folder, data.tokenizer.id_to_token)
    data.tokenizer.save(folder, model.config.max_position_embeddings)


def came_from(start: Start | None) -> dict[str, dict[str, object]]:
    """Say for a state which weights its run started from."""
    return {} if start is None else {"start": {"sha256": start.digest()}}


def tokenizer_of_run(
    given: BertTokenizer | None, folder: Path, resume: bool, start: Start | None
) -> BertTokenizer | None:
    """Take the tokenizer of the model to start from, or of the run to go on with."""
    if start is not None:
        return BertTokenizer.from_pretrained(start.folder)
    if resume and given is None:
        return BertTokenizer.from_pretrained(folder)
    return given


def pretrain_corpus(
    paths: Sequence[str | Path],
    recipe: CorpusRecipe | None = None,
    *,
    tokenizer: BertTokenizer | None = None,
    output: str | Path,
    device: torch.device | None = None,
    progress: bool | None = None,
    save_every: int = 0,
    resume: bool = False,
    answer_seconds: float = ANSWER_SECONDS,
    shards: bool | None = None,
    start: Start | None = None,
    longer: bool = False,
) -> CorpusRun:
    """Train a vocabulary and a model on text files, and save both.

    Under torchrun all its processes train together, and the first one writes.

    Args:
        paths: UTF-8 files or a folder: one sentence a line and blank lines between
            documents, or plain paragraphs.
        recipe: all choices.
        tokenizer: a tokenizer to use instead of training a vocabulary; none with
            `start`, which brings its own.
        output: folder for model.safetensors, config.json, vocab.txt, log.jsonl,
            run.json and, while it trains, states/.
        device: None picks one.
        progress: show a progress bar; None means only on a terminal.
        save_every: steps between two training states, of which the last two are
            kept; 0 saves one only at Ctrl-C or SIGTERM.
        resume: go on from the newest state in `output`, bit by bit as if the run had
            not been stopped (on the same device, with as many threads and processes).
        answer_seconds: how long a process may keep the others waiting in a step.
        shards: leave the corpus on disk and read it part by part, a sentence a line;
            None does so where it is large (see `reads_shards`).
        start: a pretrained model to go on from (Gururangan et al. 2020, "Don't stop
            pretraining"): its weights, sizes and vocabulary, with a new optimizer and
            schedule; None starts from nothing.
        longer: with `resume`: the run, finished or not, gets the recipe's steps, more
            than it had; the learning rate falls over the longer run. A finished one
            needs the state of its last step, which `save_every` keeps.

    Returns:
        The trained model, its data, the log and the report.

    Raises:
        ValueError: a choice is out of its range, or the folder is in use or has a
            model or states and `resume` is false.
        CheckpointError: there is no state to resume from, or it is of other choices,
            another seed or another corpus.
        OSError: a file cannot be read or written.
    """
    device, folder = device or pick_device(), Path(output)
    recipe = checked_recipe(paths, recipe or CorpusRecipe(), start, tokenizer, device)
    is_sharded = reads_shards(paths, shards)
    with ExitStack() as stack:
        group = stack.enter_context(join_group(device, answer_seconds))
        if group.rank == 0:
            stack.enter_context(RunLock(folder))
            sweep_run(folder, resume)
        clock = time.perf_counter()
        torch.manual_seed(recipe.seed)
        tokenizer = tokenizer_of_run(tokenizer, folder, resume, start)
        data = _read(paths, recipe, tokenizer, is_sharded)
        model = _model(recipe, data, start)
        pieces = data.tokenizer.id_to_token
        digests = corpus_digests(paths, START_BYTES if is_sharded else None)
        same = run_identity(recipe, model.config, pieces, digests) | came_from(start)
        keeper = StateKeeper(folder, same, save_every, resume, longer)
        if group.rank == 0:
            write_tokenizer(folder, data, model, resume)
        run = CorpusRun(model, data, [], {"corpus": digests} | _since(clock))
        run = _train(run, recipe, folder, device, progress, keeper, group, start)
        if group.rank == 0:
            _save(folder, model, run.report)
        group.wait()
    return run


def _model(
    recipe: CorpusRecipe, data: CorpusData | ShardedData, start: Start | None
) -> BertForPreTraining:
    """Make a model with initial weights, or load the one to go on from."""
    if start is None:
        config = recipe.model_config(len(data.tokenizer))
        # a vocabulary of the user's may have [PAD] anywhere
        return BertForPreTraining(config.changed(pad_token_id=data.tokenizer.pad_id))
    return start.load(recipe, len(data.tokenizer))


def _since(started: float) -> dict[str, float]:
    """Give the seconds since then, for the report."""
    return {"seconds_preparing": round(time.perf_counter() - started, 1)}


def reads_shards(paths: Sequence[str | Path], shards: bool | None = None) -> bool:
    """Say whether a run leaves its corpus on disk.

    Args:
        paths: of the corpus.
        shards: the user's choice; None means from MEMORY_BYTES of text on, unless it
            is in paragraphs, which only reading it whole can split.
    """
    if shards is not None:
        return shards
    return corpus_bytes(paths) >= MEMORY_BYTES and paragraph_file(paths) is None


def _read(
    paths: Sequence[str | Path],
    recipe: CorpusRecipe,
    tokenizer: BertTokenizer | None,
    is_sharded: bool,
) -> CorpusData | ShardedData:
    """Read the files, and train a vocabulary on them if there is no tokenizer."""
    kind = ShardedData if is_sharded else CorpusData
    return kind(
        paths,
        vocab_size=recipe.vocab_size,
        tokenizer=tokenizer,
        do_lower_case=not recipe.cased,
        max_length=recipe.max_length,
        seed=recipe.seed,
    )


def _train(
    run: CorpusRun,
    recipe: CorpusRecipe,
    folder: Path,
    device: torch.device,
    progress: bool | None,
    keeper: StateKeeper,
    group: ProcessGroup,
    start: Start | None,
) -> CorpusRun:
    """Train the model; the first process judges it, the others report nothing."""
    before: dict[str, Any] = {}
    if start is not None and group.rank == 0:  # the baseline: before a step is made
        run.model.to(device)
        before = {"before": evaluate_corpus(run.model, run.data)}
        before |= {"start": str(start.name), "fresh_parts": run.model.missing_keys}
    group.wait()
    records = train(
        run.model,
        run.data.batches(
            recipe.tokens_per_batch, recipe.mlm_probability, recipe.whole_word
        ),
        recipe.training_config(),
        device=device,
        log_file=folder / "log.jsonl",
        progress=progress,
        keeper=keeper,
        group=group,
    )
    # the log's clock goes on through all parts of a resumed run
    took = records[-1]["seconds"] if records else 0.0
    seconds = run.report | {"seconds_training": round(took, 1)}
    report = {}
    if group.rank == 0:
        report = _report(run.model, run.data, recipe) | seconds | before
        report["processes"] = group.size
    return run._replace(records=records, report=report)


def _report(
    model: BertForPreTraining, data: CorpusData | ShardedData, recipe: CorpusRecipe
) -> dict[str, Any]:
    """Judge the model, and say what it was made of."""
    device = next(model.parameters()).device
    return {
        "recipe": asdict(recipe),
        "validation": evaluate_corpus(model, data),
        "unigram_entropy": round(data.unigram_entropy, 4),
        "uniform": round(math.log(len(data.tokenizer)), 4),
        **data.facts(),
        "vocabulary": len(data.tokenizer),
        "parameters": sum(p.numel() for p in model.parameters()),
        "device": device.type,
        "precision": precision_name(autocast_dtype(device, recipe.precision)),
        **versions(),
    }


def _save(folder: Path, model: BertForPreTraining, report: dict[str, Any]) -> None:
    """Write the model and the report, each whole or not at all."""
    try:
        model.save_pretrained(folder)
    except SafetensorError as error:
        raise UnwritableError(
            f"the model could not be written to {folder} ({error}); make room and "
            "resume"
        ) from error
    replace_json(folder / "run.json", report)


def corpus_digests(
    paths: Sequence[str | Path], start: int | None = None
) -> dict[str, str]:
    """Give size and SHA-256 of each file of a corpus, in its order.

    Names are left out: a corpus that was moved is still the same.

    Args:
        paths: of the corpus.
        start: digest only so many bytes of each file; None reads it whole.
    """
    digests = {}
    of = "sha256" if start is None else f"sha256 of the first {start}"
    for number, path in enumerate(find_text_files(paths), start=1):
        with open(path, "rb") as file:
            if start is None:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            else:
                digest = hashlib.sha256(file.read(start)).hexdigest()
        digests[f"file {number}"] = f"{path.stat().st_size} bytes, {of} {digest}"
    return digests


def run_identity(
    recipe: CorpusRecipe,
    model: BertConfig,
    vocabulary: Sequence[str],
    corpus: Mapping[str, str],
) -> dict[str, dict[str, object]]:
    """Gather what must not change between the parts of a run.

    Device, number of processes and how often states are saved are not among it.
    """
    choices = asdict(recipe)
    del choices["config"]  # a name or a path; what it says is in `model`
    for name in LATER:  # a state from before they were there is still one of this run
        if choices[name] == getattr(CorpusRecipe, name):
            del choices[name]
    text = "\n".join(vocabulary).encode()
    values = {
        "recipe": choices,
        "model": model.to_dict(),
        "vocabulary": {"sha256": hashlib.sha256(text).hexdigest()},
        "corpus": dict(corpus),
    }
    return json.loads(json.dumps(values))
