"""Commands that train and judge: pretrain, evaluate.

What is large is imported by the command that needs it, so that --help is quick.

Chapter: 0
"""

import argparse
import json
from dataclasses import fields
from pathlib import Path
from typing import Any

from bert_tutorial.commands import add_source, model_folder, positive
from bert_tutorial.commands_finetune import TASKS, add_columns, run_task_evaluate

__all__ = ["add_training_commands"]

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
    "answer_seconds",
)


def add_training_commands(commands: Any) -> None:
    """Declare the commands and their options."""
    pretrain = commands.add_parser(
        "pretrain", help="pretrain a BERT on the mini-world or on text files"
    )
    source = pretrain.add_mutually_exclusive_group(required=True)
    source.add_argument("--world", action="store_true", help="on the mini-world")
    source.add_argument("--corpus", nargs="+", metavar="PATH", help="on text files")
    pretrain.add_argument("--output", metavar="FOLDER", help="where to save the model")
    pretrain.add_argument("--seed", type=int, default=0)
    pretrain.add_argument("--steps", type=positive)
    pretrain.add_argument("--threads", type=positive, help="of the processor")
    world = pretrain.add_argument_group("with --world")
    world.add_argument("--masking", choices=["content", "uniform"])
    world.add_argument("--mix", choices=["quick", "full"])
    text = pretrain.add_argument_group("with --corpus")
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
    text.add_argument(
        "--save-every",
        type=int,
        metavar="N",
        help="steps between training states (default 1000; 0: only at Ctrl-C)",
    )
    text.add_argument(
        "--resume",
        action="store_true",
        default=None,
        help="go on from the newest training state in --output",
    )
    text.add_argument(
        "--answer-seconds",
        type=positive,
        help="how long one of several processes may keep the others waiting",
    )
    pretrain.set_defaults(run=run_pretrain)

    evaluate = commands.add_parser(
        "evaluate", help="judge a pretrained or fine-tuned model"
    )
    evaluate.add_argument("--model", help="folder; the shipped one if not given")
    add_source(evaluate)
    judged = evaluate.add_mutually_exclusive_group(required=True)
    judged.add_argument("--world", action="store_true", help="on facts of a world")
    judged.add_argument("--corpus", nargs="+", metavar="PATH", help="on text files")
    judged.add_argument("--data", metavar="FILE", help="on the labels of its task")
    evaluate.add_argument("--task", choices=TASKS, help="that of the model's run")
    evaluate.add_argument("--seed", type=int, help="of the world; the model's own")
    add_columns(evaluate)
    evaluate.set_defaults(run=run_evaluate)


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
            raise ValueError(f"{flag} does nothing with {kind}; leave it out")


def pretrain_on_world(options: argparse.Namespace) -> None:
    """Train on the mini-world and print what was learned."""
    from bert_tutorial.plot_runs import save_loss_curve
    from bert_tutorial.pretrain_world import full_recipe, pretrain_world
    from bert_tutorial.world import FULL, QUICK
    from bert_tutorial.world_data import WorldRecipe

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
    from bert_tutorial.device import pick_device
    from bert_tutorial.distributed import ANSWER_SECONDS
    from bert_tutorial.plot_runs import save_loss_curve
    from bert_tutorial.pretrain_corpus import CorpusRecipe, pretrain_corpus
    from bert_tutorial.tokenizer import BertTokenizer

    if not options.output:
        raise ValueError("pretrain --corpus needs --output FOLDER")
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
        resume=bool(options.resume),
        answer_seconds=options.answer_seconds or ANSWER_SECONDS,
    )
    report = run.report
    if not report:  # one of several processes, and not the first
        return
    lines = {
        "uniform": report["uniform"],
        "unigram": report["unigram_entropy"],
        "validation": report["validation"]["masked_lm"],
    }
    save_loss_curve(run.records, Path(options.output, "loss.png"), lines)
    print(f"knows nothing (ln {report['vocabulary']}): {report['uniform']:.3f} nats")
    print(f"knows the frequencies only: {report['unigram_entropy']:.3f}")
    print_validation(report["validation"])
    print(f"{report['seconds_training']:.0f} seconds of training; in {options.output}")


def print_validation(values: dict[str, float]) -> None:
    """Print losses on held-out text."""
    print(
        f"the model, on held-out text: {values['masked_lm']:.3f} nats "
        f"(perplexity {values['perplexity']}, {values['accuracy']:.1%} of "
        f"{values['masked_places']} masked places right)"
    )


def print_knowledge(model: dict[str, Any], other: dict[str, Any] | None) -> None:
    """Print a model's knowledge of its world beside those who know nothing."""
    print("right first choice at [MASK]      model  untrained  majority")
    rows: list[tuple[str, str, str | None]]
    rows = [("facts in new wordings", "recall_rephrased", "majority_answer")]
    rows += [("facts in known wordings", "recall_stated", None)]
    if "recall_inferable" in model:
        rows.append(("facts never stated", "recall_inferable", "majority_inferable"))
    rows.append(("next sentence or random", "next_sentence", "next_sentence_majority"))
    for title, key, null in rows:
        untrained = f"{other[key]:.1%}" if other else "-"
        majority = f"{model[null]:.1%}" if null else "-"
        print(f"{title:<30} {model[key]:>8.1%} {untrained:>10} {majority:>9}")
    answer, share = model["france_answer"], model["france_probability"]
    print(f"The capital of France is [MASK]: {answer}; paris has {share:.1%}")


def run_evaluate(options: argparse.Namespace) -> None:
    """Judge a model on the facts of its world, on text files, or on its task."""
    import torch

    if options.data:
        run_task_evaluate(options)
        return
    if options.task:
        raise ValueError("--task goes with --data; leave it out")

    from bert_tutorial.corpus_data import CorpusData
    from bert_tutorial.objectives import BertForPreTraining
    from bert_tutorial.pretrain_corpus import evaluate_corpus
    from bert_tutorial.pretrain_world import report_folder
    from bert_tutorial.tokenizer import BertTokenizer

    folder = model_folder(options)
    if options.world:
        torch.set_num_threads(1)
        print_knowledge(report_folder(folder, options.seed), None)
        return
    tokenizer = BertTokenizer.from_pretrained(folder)
    model = BertForPreTraining.from_pretrained(folder, allow_bin=options.allow_bin)
    length = min(128, model.config.max_position_embeddings)
    data = CorpusData(options.corpus, tokenizer=tokenizer, max_length=length)
    data.validation = data.validation + data.training  # all of it is held out here
    values = evaluate_corpus(model, data)
    print_validation(values)
    print(json.dumps(values))
