"""The command pretrain: on the mini-world or on text files.

What is large is imported by the command that needs it, so that `--help` is quick.

Chapter: 0
"""

import argparse
import os
import sys
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bert_tutorial.cli.evaluate import print_knowledge, print_validation
from bert_tutorial.cli.output import command_line
from bert_tutorial.cli.reading import add_machine_options, positive, seed_number
from bert_tutorial.files.errors import UserError, how_many

if TYPE_CHECKING:
    from bert_tutorial.pretraining.recipe import CorpusRecipe
    from bert_tutorial.pretraining.run import CorpusRun
    from bert_tutorial.pretraining.start import Start
    from bert_tutorial.world.data import WorldRecipe

__all__ = ["add_pretrain_command"]

SAVE_EVERY = 1_000
WORLD_ONLY: tuple[str, ...] = ("masking", "mix")
CORPUS_ONLY: tuple[str, ...] = (
    "start",
    "revision",
    "allow_bin",
    "new_heads",
    "config",
    "vocab_size",
    "vocab",
    "cased",
    "learning_rate",
    "max_length",
    "tokens_per_batch",
    "accumulation_steps",
    "mlm_probability",
    "whole_word",
    "dropout",
    "initializer_range",
    "position_initializer_range",
    "precision",
    "device",
    "shards",
    "answer_seconds",
)
# What the model to go on from has already.
FRESH_ONLY: tuple[str, ...] = (
    "config",
    "vocab_size",
    "vocab",
    "cased",
    "initializer_range",
    "position_initializer_range",
)
START_ONLY: tuple[str, ...] = ("revision", "allow_bin", "new_heads")


def add_pretrain_command(commands: Any) -> None:
    """Declare the command and its options."""
    pretrain = commands.add_parser(
        "pretrain", help="pretrain a BERT on the mini-world or on text files"
    )
    source = pretrain.add_mutually_exclusive_group(required=True)
    source.add_argument("--world", action="store_true", help="on the mini-world")
    source.add_argument("--corpus", nargs="+", metavar="PATH", help="on text files")
    pretrain.add_argument(
        "--output",
        metavar="FOLDER",
        help="where to save the model; without it, --world measures a model and does "
        "not keep it",
    )
    pretrain.add_argument("--seed", type=seed_number, default=0, help="seed of the run")
    pretrain.add_argument(
        "--steps",
        type=positive,
        help="number of updates (default: 800 with --world, 3000 there with "
        "adamw, 16000 with --mix full, 1000 with --corpus)",
    )
    pretrain.add_argument(
        "--threads",
        type=positive,
        help="processor threads (default: 1 with --world, else torch's own choice)",
    )
    pretrain.add_argument(
        "--optimizer",
        choices=["adamw", "muon"],
        help="adamw, the paper's, or muon for the encoder's matrices, which learns in "
        "fewer steps (default: muon with --world, adamw with --mix full or --corpus)",
    )
    add_state_options(pretrain)
    add_world_options(pretrain)
    add_start_options(pretrain)
    add_corpus_options(pretrain)
    pretrain.set_defaults(run=run_pretrain)


def add_world_options(command: Any) -> None:
    """Declare what the mini-world can be told."""
    world = command.add_argument_group("with --world")
    world.add_argument(
        "--masking",
        choices=["content", "uniform"],
        help="hide content words more often, or all alike (default: content)",
    )
    world.add_argument(
        "--mix", choices=["quick", "full"], help="amount of text (default: quick)"
    )


def add_state_options(command: Any) -> None:
    """Declare what a run needs that may be stopped."""
    command.add_argument(
        "--save-every",
        type=not_negative,
        metavar="STEPS",
        help="between training states (default: 1000; 0: only when it is stopped)",
    )
    command.add_argument(
        "--resume",
        nargs="?",
        const="always",
        choices=["always", "auto", "longer"],
        help="go on from the newest training state in --output (default: start a new "
        "run; --resume alone: always). auto starts a new run if there is none, so that "
        "one command serves for every start; longer goes on with a run, finished or "
        "not, that gets more --steps",
    )


def add_start_options(command: Any) -> None:
    """Declare how a run goes on from a pretrained model."""
    start = command.add_argument_group(
        "with --corpus: go on from a pretrained model, on texts of another kind"
    )
    start.add_argument(
        "--from",
        dest="start",
        metavar="MODEL",
        help="folder or hub id: its weights, sizes and vocabulary (default: start "
        "from nothing)",
    )
    start.add_argument(
        "--revision",
        help="commit, branch or tag on the hub (default: the newest)",
    )
    start.add_argument(
        "--allow-bin",
        action="store_const",
        const=True,
        help="read an old pytorch_model.bin if there is nothing better",
    )
    start.add_argument(
        "--new-heads",
        action="store_const",
        const=True,
        help="let pretraining heads that the files lack start fresh",
    )


def add_corpus_options(command: Any) -> None:
    """Declare what goes with text files only."""
    text = command.add_argument_group("with --corpus")
    text.add_argument(
        "--config",
        help="tiny, mini, small, medium, base, large, a config.json or a model's "
        "folder (default: tiny)",
    )
    text.add_argument(
        "--vocab-size", type=positive, help="pieces of a new vocabulary (default: 8000)"
    )
    text.add_argument(
        "--vocab", metavar="FILE", help="use this vocab.txt (default: train one)"
    )
    text.add_argument(
        "--cased",
        action=argparse.BooleanOptionalAction,
        help="keep capital letters (default: --no-cased)",
    )
    text.add_argument(
        "--max-length", type=positive, help="most tokens of a pair (default: 128)"
    )
    add_recipe_options(text)
    add_long_run_options(text)


def add_recipe_options(text: Any) -> None:
    """Declare how a model is trained on text files."""
    text.add_argument(
        "--learning-rate",
        type=float,
        help="the highest one (default: 1e-3, with muon 3e-3; with --from by the "
        "model's size: 5e-5 from 512 dimensions on, 3e-4 from 128 on, else 1e-3)",
    )
    text.add_argument(
        "--tokens-per-batch",
        type=positive,
        help="tokens of a batch, padding included (default: 4096)",
    )
    text.add_argument(
        "--accumulation-steps", type=positive, help="batches per step (default: 1)"
    )
    text.add_argument(
        "--mlm-probability",
        type=float,
        help="fraction of pieces to predict (default: 0.15)",
    )
    text.add_argument(
        "--whole-word",
        action=argparse.BooleanOptionalAction,
        help="predict all pieces of a word or none of them (default: no)",
    )
    add_first_weights_options(text)
    add_machine_options(text)


def add_first_weights_options(text: Any) -> None:
    """Declare dropout and how the weights begin."""
    text.add_argument(
        "--dropout",
        type=float,
        help="(default: 0 for a named size; that of a FILE or of --from)",
    )
    text.add_argument(
        "--initializer-range",
        type=float,
        help="deviation of the first weights (default: 1 / sqrt(dimensions) up to "
        "256, else 0.02)",
    )
    text.add_argument(
        "--position-initializer-range",
        type=float,
        help="the same for the position table (default: 0.03 up to 256 dimensions, "
        "else 0.02)",
    )


def add_long_run_options(text: Any) -> None:
    """Declare what a run of hours or of several processes needs."""
    text.add_argument(
        "--shards",
        action=argparse.BooleanOptionalAction,
        help="leave the corpus on disk and read it in parts, a sentence a line "
        "(default: from 500 MB of text on, unless it is in paragraphs)",
    )
    text.add_argument(
        "--answer-seconds",
        type=positive,
        help="how long one of several processes may keep the others waiting "
        "(default: 15)",
    )


def not_negative(text: str) -> int:
    """Read a whole number of at least 0."""
    return 0 if text.strip() == "0" else positive(text)


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
    rules: list[tuple[str, bool, tuple[str, ...]]] = [
        ("with --world", options.world, CORPUS_ONLY),
        ("with --corpus", not options.world, WORLD_ONLY),
        ("with --vocab", bool(options.vocab), ("vocab_size",)),
        ("with --from", bool(options.start), FRESH_ONLY),
        ("without --from", not options.start, START_ONLY),
        ("without --output", not options.output, ("save_every", "resume")),
    ]
    for when, is_so, unused in rules:
        for name in unused:
            if is_so and getattr(options, name) is not None:
                flag = "--from" if name == "start" else "--" + name.replace("_", "-")
                raise UserError(f"{flag} does nothing {when}; leave it out")


def pretrain_on_world(options: argparse.Namespace) -> None:
    """Train on the mini-world and print what was learned."""
    from bert_tutorial.course.plots.curves import save_loss_curve
    from bert_tutorial.world import FULL, QUICK
    from bert_tutorial.world.pretrain import pretrain_world

    is_full = options.mix == "full"
    if not options.output:
        print(
            "the model will be measured and not kept: there is no --output FOLDER",
            file=sys.stderr,
        )
    run = pretrain_world(
        world_recipe_of(options),
        FULL if is_full else QUICK,
        output=options.output,
        log_file=Path(options.output, "log.jsonl") if options.output else None,
        save_every=saving(options),
        resume=is_resumed(options),
        longer=options.resume == "longer",
    )
    if options.output:
        lines = {"uniform": run.report["uniform"]}
        save_loss_curve(run.records, Path(options.output, "loss.png"), lines)
    print_knowledge(run.report["trained"], run.report["untrained"])
    took = how_many(run.report["seconds"], "second")
    print(f"{took}, {run.report['parameters']} parameters")
    if options.output:
        say_next(options.output, "fill", "The capital of France is [MASK].")


def world_recipe_of(options: argparse.Namespace) -> "WorldRecipe":
    """Choose the recipe of a run on the mini-world, and change what was given."""
    from bert_tutorial.world.data import WorldRecipe
    from bert_tutorial.world.pretrain import full_recipe, minute_recipe

    given = {
        key: getattr(options, key)
        for key in ("seed", "steps", "masking", "optimizer")
        if getattr(options, key) is not None
    }
    if options.mix == "full":
        if options.optimizer == "muon":
            given["learning_rate"] = minute_recipe().learning_rate
        return full_recipe(**given)
    return (WorldRecipe if options.optimizer == "adamw" else minute_recipe)(**given)


def pretrain_on_files(options: argparse.Namespace) -> None:
    """Train on text files and print the losses beside those of who knows less."""
    from bert_tutorial.pretraining.run import pretrain_corpus
    from bert_tutorial.pretraining.start import Start
    from bert_tutorial.tokenization.tokenizer import BertTokenizer
    from bert_tutorial.training.device import has_bfloat16, pick_device
    from bert_tutorial.training.processes import ANSWER_SECONDS

    if not options.output:
        raise UserError("pretrain --corpus needs --output FOLDER")
    start = None
    if options.start:
        start = Start.find(
            options.start,
            revision=options.revision,
            new_heads=bool(options.new_heads),
            allow_bin=bool(options.allow_bin),
        )
    recipe = recipe_of(options, start)
    tokenizer = None
    if options.vocab:
        tokenizer = BertTokenizer.from_vocab(options.vocab, not recipe.cased)
    device = pick_device(options.device or "auto")
    run = pretrain_corpus(
        options.corpus,
        recipe,
        tokenizer=tokenizer,
        output=options.output,
        device=device,
        save_every=saving(options),
        resume=is_resumed(options),
        longer=options.resume == "longer",
        shards=is_sharded(options),
        start=start,
        answer_seconds=options.answer_seconds or ANSWER_SECONDS,
    )
    if run.report:  # else one of several processes, and not the first
        show_corpus_run(run, options.output)
        if device.type == "cpu" and recipe.precision is None:
            offer_bfloat16(has_bfloat16(device))


def recipe_of(options: argparse.Namespace, start: "Start | None") -> "CorpusRecipe":
    """Gather the choices of a run on text files."""
    from bert_tutorial.pretraining.recipe import CorpusRecipe

    given = {
        field.name: getattr(options, field.name)
        for field in fields(CorpusRecipe)
        if getattr(options, field.name, None) is not None
    }
    usual: dict[str, Any] = {}
    if given.get("optimizer") == "muon":
        usual = {"learning_rate": 3e-3}
    if start is not None:
        usual |= start.defaults()
    if start is not None and "learning_rate" not in given and is_first_process():
        rate = usual["learning_rate"]
        print(f"learning rate {rate:g}, by the model's size", file=sys.stderr)
    return CorpusRecipe(**(usual | given))


def offer_bfloat16(is_there: bool) -> None:
    """Say that this processor could do the run in less time."""
    if is_there:
        print(
            "this processor multiplies bfloat16 itself: --precision auto uses that and "
            "takes less time, with slightly other numbers",
            file=sys.stderr,
        )


def saving(options: argparse.Namespace) -> int:
    """Give the steps between two training states."""
    every = options.save_every
    return SAVE_EVERY if every is None else int(every)


def is_first_process() -> bool:
    """Tell whether this process is the one that prints."""
    return os.environ.get("RANK", "0") == "0"


def is_sharded(options: argparse.Namespace) -> bool:
    """Tell whether the corpus stays on disk, and say so if it does."""
    from bert_tutorial.pretraining.run import reads_shards

    is_so = reads_shards(options.corpus, options.shards)
    if is_so and is_first_process():
        why = "as asked" if options.shards else "large (--no-shards holds it in memory)"
        print(f"the corpus stays on disk and is read in shards: {why}", file=sys.stderr)
    return is_so


def is_resumed(options: argparse.Namespace) -> bool:
    """Tell whether a run is to go on from a state."""
    from bert_tutorial.training.states import list_states

    if options.resume == "auto":
        return bool(list_states(Path(options.output, "states")))
    return options.resume is not None


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
    for notice in report.get("notices", []):
        print(notice)
    print(f"knows nothing (ln {report['vocabulary']}): {report['uniform']:.3f} nats")
    print(f"knows the frequencies only: {report['unigram_entropy']:.3f}")
    if "before" in report:
        loss = report["before"]["masked_lm"]
        print(f"{report['start']}, before: {loss:.3f} nats")
    if report.get("fresh_parts"):
        print(f"started fresh: {', '.join(report['fresh_parts'])}")
    print_validation(report["validation"])
    took = how_many(report["seconds_training"], "second")
    print(f"{took} of training; in {output}")
    say_next(output, "fill", "a text with a [MASK]")


def say_next(output: str, command: str, *words: str) -> None:
    """Print what can be done with the model, as commands to copy."""
    print(f"next: {command_line(command, *words, '--model', output)}")
    tune = ("finetune", "--task", "sentiment", "--data", "FILE", "--model", output)
    print(f"or:   {command_line(*tune, '--output', 'FOLDER')}")
