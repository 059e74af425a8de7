"""The command pretrain: on the mini-world or on text files.

What is large is imported by the command that needs it, so that --help is quick.

Chapter: 0
"""

import argparse
import os
import sys
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bert_tutorial.cli.evaluate import print_knowledge, print_validation
from bert_tutorial.cli.reading import positive, seed_number
from bert_tutorial.files.errors import UserError

if TYPE_CHECKING:
    from bert_tutorial.pretraining.run import CorpusRun

__all__ = ["add_pretrain_command"]

WORLD_ONLY: tuple[str, ...] = ("masking", "mix")
CORPUS_ONLY: tuple[str, ...] = (
    "config",
    "vocab_size",
    "vocab",
    "cased",
    "learning_rate",
    "max_length",
    "tokens_per_batch",
    "accumulation_steps",
    "mlm_probability",
    "dropout",
    "initializer_range",
    "position_initializer_range",
    "device",
    "save_every",
    "resume",
    "shards",
    "answer_seconds",
)


def add_pretrain_command(commands: Any) -> None:
    """Declare the command and its options."""
    pretrain = commands.add_parser(
        "pretrain", help="pretrain a BERT on the mini-world or on text files"
    )
    source = pretrain.add_mutually_exclusive_group(required=True)
    source.add_argument("--world", action="store_true", help="on the mini-world")
    source.add_argument("--corpus", nargs="+", metavar="PATH", help="on text files")
    pretrain.add_argument("--output", metavar="FOLDER", help="where to save the model")
    pretrain.add_argument("--seed", type=seed_number, default=0)
    pretrain.add_argument("--steps", type=positive)
    pretrain.add_argument("--threads", type=positive, help="of the processor")
    world = pretrain.add_argument_group("with --world")
    world.add_argument("--masking", choices=["content", "uniform"])
    world.add_argument("--mix", choices=["quick", "full"])
    add_corpus_options(pretrain)
    pretrain.set_defaults(run=run_pretrain)


def add_corpus_options(command: Any) -> None:
    """Declare what goes with text files only."""
    text = command.add_argument_group("with --corpus")
    text.add_argument("--config", help="tiny, mini, small, medium, base, large or FILE")
    text.add_argument("--vocab-size", type=positive, help="of a vocabulary to train")
    text.add_argument("--vocab", metavar="FILE", help="use this vocab.txt")
    text.add_argument("--cased", action=argparse.BooleanOptionalAction)
    text.add_argument("--learning-rate", type=float)
    text.add_argument("--max-length", type=positive, help="pieces of a pair")
    text.add_argument("--tokens-per-batch", type=positive)
    text.add_argument("--accumulation-steps", type=positive)
    text.add_argument("--mlm-probability", type=float)
    text.add_argument("--dropout", type=float)
    text.add_argument("--initializer-range", type=float, help="initial spread")
    text.add_argument(
        "--position-initializer-range", type=float, help="that of the positions"
    )
    text.add_argument("--device", choices=["auto", "cpu", "cuda", "mps"])
    add_long_run_options(text)


def add_long_run_options(text: Any) -> None:
    """Declare what a run of hours or of several processes needs."""
    text.add_argument(
        "--save-every",
        type=int,
        metavar="N",
        help="steps between training states (default 1000; 0: only at Ctrl-C)",
    )
    text.add_argument(
        "--resume",
        nargs="?",
        const="always",
        choices=["always", "auto"],
        help="go on from the newest training state in --output; auto starts a new run "
        "if there is none, so that one command serves for every start",
    )
    text.add_argument(
        "--shards",
        action=argparse.BooleanOptionalAction,
        help="leave the corpus on disk and read it in parts, a sentence a line "
        "(default: from 500 MB of text on)",
    )
    text.add_argument(
        "--answer-seconds",
        type=positive,
        help="how long one of several processes may keep the others waiting",
    )


def run_pretrain(options: argparse.Namespace) -> None:
    """Train on the mini-world or on files."""
    import torch

    refuse_unused(options)
    if options.threads or options.world:
        torch.set_num_threads(options.threads or 1)
    if options.world:
        pretrain_on_world(options)
    else:
        pretrain_on_files(options)


def refuse_unused(options: argparse.Namespace) -> None:
    """Refuse options that would do nothing.

    Raises:
        ValueError: if there is one; the text names it.
    """
    kind, unused = "--corpus", WORLD_ONLY
    if options.world:
        kind, unused = "--world", CORPUS_ONLY
    elif options.vocab:
        kind, unused = "--vocab", (*WORLD_ONLY, "vocab_size")
    for name in unused:
        if getattr(options, name) is not None:
            flag = "--" + name.replace("_", "-")
            raise UserError(f"{flag} does nothing with {kind}; leave it out")


def pretrain_on_world(options: argparse.Namespace) -> None:
    """Train on the mini-world and print what was learned."""
    from bert_tutorial.course.plots.curves import save_loss_curve
    from bert_tutorial.world import FULL, QUICK
    from bert_tutorial.world.data import WorldRecipe
    from bert_tutorial.world.pretrain import full_recipe, pretrain_world

    given = {
        key: getattr(options, key)
        for key in ("seed", "steps", "masking")
        if getattr(options, key) is not None
    }
    is_full = options.mix == "full"
    recipe = full_recipe(**given) if is_full else WorldRecipe(**given)
    log = None
    if options.output:
        Path(options.output).mkdir(parents=True, exist_ok=True)
        log = Path(options.output, "log.jsonl")
    run = pretrain_world(
        recipe, FULL if is_full else QUICK, output=options.output, log_file=log
    )
    if options.output:
        lines = {"uniform": run.report["uniform"]}
        save_loss_curve(run.records, Path(options.output, "loss.png"), lines)
    print_knowledge(run.report["trained"], run.report["untrained"])
    print(f"{run.report['seconds']:.0f} seconds, {run.report['parameters']} parameters")


def pretrain_on_files(options: argparse.Namespace) -> None:
    """Train on text files and print the losses beside those of who knows less."""
    from bert_tutorial.pretraining.run import CorpusRecipe, pretrain_corpus
    from bert_tutorial.tokenization.tokenizer import BertTokenizer
    from bert_tutorial.training.device import pick_device
    from bert_tutorial.training.processes import ANSWER_SECONDS

    if not options.output:
        raise UserError("pretrain --corpus needs --output FOLDER")
    names = [field.name for field in fields(CorpusRecipe)]
    given = {
        name: getattr(options, name)
        for name in names
        if getattr(options, name, None) is not None
    }
    recipe = CorpusRecipe(**given)
    tokenizer = None
    if options.vocab:
        tokenizer = BertTokenizer.from_vocab(options.vocab, not recipe.cased)
    device = pick_device(options.device or "auto")
    every = options.save_every
    run = pretrain_corpus(
        options.corpus,
        recipe,
        tokenizer=tokenizer,
        output=options.output,
        device=device,
        save_every=1_000 if every is None else every,
        resume=is_resumed(options),
        shards=is_sharded(options),
        answer_seconds=options.answer_seconds or ANSWER_SECONDS,
    )
    if run.report:  # else one of several processes, and not the first
        show_corpus_run(run, options.output)


def is_sharded(options: argparse.Namespace) -> bool:
    """Tell whether the corpus stays on disk, and say so if it does."""
    from bert_tutorial.pretraining.run import reads_shards

    is_so = reads_shards(options.corpus, options.shards)
    if is_so and os.environ.get("RANK", "0") == "0":
        why = "as asked" if options.shards else "large (--no-shards holds it in memory)"
        print(f"the corpus stays on disk and is read in shards: {why}", file=sys.stderr)
    return is_so


def is_resumed(options: argparse.Namespace) -> bool:
    """Tell whether a run is to go on from a state."""
    from bert_tutorial.training.states import list_states

    if options.resume == "auto":
        return bool(list_states(Path(options.output, "states")))
    return options.resume == "always"


def show_corpus_run(run: "CorpusRun", output: str) -> None:
    """Draw the losses of a run and print them beside those of who knows less."""
    from bert_tutorial.course.plots.curves import save_loss_curve

    report = run.report
    lines = {
        "uniform": report["uniform"],
        "unigram": report["unigram_entropy"],
        "validation": report["validation"]["masked_lm"],
    }
    save_loss_curve(run.records, Path(output, "loss.png"), lines)
    print(f"knows nothing (ln {report['vocabulary']}): {report['uniform']:.3f} nats")
    print(f"knows the frequencies only: {report['unigram_entropy']:.3f}")
    print_validation(report["validation"])
    print(f"{report['seconds_training']:.0f} seconds of training; in {output}")
