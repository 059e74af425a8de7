"""Pretrain on a corpus larger than memory, with torchrun in several processes.

    python -m bert_tutorial vocabulary sample.txt --size 30000 --output vocab.txt
    torchrun --nproc-per-node=8 tools/experiments/pretrain_sharded.py corpus/
    vocab.txt run/

Goes on by itself from the newest state in the folder, so that the same command serves
for the first start and for every other one.
"""

import argparse
import hashlib
import json
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from bert_tutorial.model.config import SIZES, BertConfig
from bert_tutorial.model.objectives import BertForPreTraining
from bert_tutorial.pretraining.large_corpus import ShardedBatches, ShardedCorpus
from bert_tutorial.tokenization.tokenizer import BertTokenizer
from bert_tutorial.training.device import pick_device
from bert_tutorial.training.keeper import StateKeeper
from bert_tutorial.training.lock import RunLock
from bert_tutorial.training.loop import TrainingConfig, train
from bert_tutorial.training.processes import join_world


def read_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("vocab", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--size", choices=list(SIZES), default="base")
    parser.add_argument("--steps", type=int, default=100_000)
    parser.add_argument("--learning-rate", type=float, default=1e-4)
    parser.add_argument("--tokens-per-batch", type=int, default=32_768)
    parser.add_argument("--max-length", type=int, default=128)
    parser.add_argument("--save-every", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="auto")
    return parser.parse_args()


def digest_of(corpus: ShardedCorpus) -> str:
    """Give a short digest of the files' names and sizes; nothing is read."""
    blocks = [[block.file.name, block.start, block.stop] for block in corpus.blocks]
    return hashlib.sha256(json.dumps(blocks).encode()).hexdigest()[:16]


def identity_of(
    options: argparse.Namespace,
    config: TrainingConfig,
    model: BertConfig,
    corpus: ShardedCorpus,
) -> dict[str, Any]:
    """Gather what must not change between the parts of a run."""
    return {
        "training": asdict(config) | {"betas": list(config.betas)},
        "model": model.to_dict(),
        "data": {
            "names and sizes of files": digest_of(corpus),
            "tokens_per_batch": options.tokens_per_batch,
            "max_length": options.max_length,
            "seed": options.seed,
        },
    }


def main() -> None:
    """Train, save the model and its vocabulary."""
    options = read_options()
    device = pick_device(options.device)
    torch.manual_seed(options.seed)
    tokenizer = BertTokenizer.from_vocab(options.vocab)
    # All processes draw the same batches, and each takes its rows of every one.
    corpus = ShardedCorpus(options.corpus, seed=options.seed)
    batches = ShardedBatches(
        corpus,
        tokenizer,
        tokens_per_batch=options.tokens_per_batch,
        max_length=options.max_length,
    )
    config = TrainingConfig(steps=options.steps, learning_rate=options.learning_rate)
    model = BertForPreTraining(
        BertConfig.named(options.size, vocab_size=len(tokenizer))
    )
    identity = identity_of(options, config, model.config, corpus)
    with ExitStack() as stack:
        world = stack.enter_context(join_world(device))
        if world.rank == 0:
            stack.enter_context(RunLock(options.output))
        world.wait()
        is_resumed = any(options.output.glob("states/*"))
        keeper = StateKeeper(options.output, identity, options.save_every, is_resumed)
        train(
            model,
            batches,
            config,
            device=device,
            log_file=options.output / "log.jsonl",
            keeper=keeper,
            world=world,
        )
        if world.rank == 0:
            model.save_pretrained(options.output)
            tokenizer.save(options.output)
        world.wait()


if __name__ == "__main__":
    main()
