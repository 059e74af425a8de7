"""The command evaluate: judge a model on a world, on text files or on labels.

What is large is imported by the command that needs it, so that `--help` is quick.

Chapter: 0
"""

import argparse
from typing import Any

from bert_tutorial.cli.finetune import TASKS, add_columns
from bert_tutorial.cli.predict import add_threshold, json_line, run_task_evaluate
from bert_tutorial.cli.reading import (
    add_precision,
    add_source,
    model_folder,
    seed_number,
)
from bert_tutorial.files.errors import UserError

__all__ = ["add_evaluate_command", "print_knowledge", "print_validation"]


def add_evaluate_command(commands: Any) -> None:
    """Declare the command and its options."""
    evaluate = commands.add_parser(
        "evaluate", help="judge a pretrained or fine-tuned model"
    )
    evaluate.add_argument(
        "--model",
        help="folder, hub id or english; with --world or --corpus the mini-world if "
        "not given",
    )
    add_source(evaluate)
    judged = evaluate.add_mutually_exclusive_group(required=True)
    judged.add_argument("--world", action="store_true", help="on facts of a world")
    judged.add_argument(
        "--corpus",
        nargs="+",
        metavar="PATH",
        help="on text files, in pairs of at most 128 tokens",
    )
    judged.add_argument(
        "--data",
        metavar="FILE",
        help="on the labels of its task, see --task, --threshold and reading",
    )
    evaluate.add_argument(
        "--task", choices=TASKS, help="the task (default: that of the model's run)"
    )
    evaluate.add_argument(
        "--seed", type=seed_number, help="seed of the world (default: the model's own)"
    )
    add_columns(evaluate)
    add_threshold(evaluate)
    add_precision(evaluate, "with --data: ")
    evaluate.set_defaults(run=run_evaluate)


OF_DATA = (
    "task",
    "threshold",
    "precision",
    "lenient",
    "text_column",
    "pair_column",
    "label_column",
)


def run_evaluate(options: argparse.Namespace) -> None:
    """Judge a model on the facts of its world, on text files, or on its task."""
    import torch

    if not options.world and options.seed is not None:
        raise UserError("--seed goes with --world; leave it out")
    if options.data:
        run_task_evaluate(options)
        return
    for name in OF_DATA:
        if getattr(options, name) not in (None, False):
            flag = name.replace("_", "-")
            raise UserError(f"--{flag} goes with --data; leave it out")

    from bert_tutorial.model.objectives import BertForPreTraining
    from bert_tutorial.pretraining.corpus import CorpusData
    from bert_tutorial.pretraining.run import evaluate_corpus
    from bert_tutorial.tokenization.tokenizer import BertTokenizer
    from bert_tutorial.world.pretrain import report_folder

    folder = model_folder(options)
    if options.world:
        torch.set_num_threads(1)
        print_knowledge(report_folder(folder, options.seed, options.allow_bin), None)
        return
    tokenizer = BertTokenizer.from_pretrained(folder)
    model = BertForPreTraining.from_pretrained(folder, allow_bin=options.allow_bin)
    length = min(128, model.config.max_position_embeddings)
    data = CorpusData(options.corpus, tokenizer=tokenizer, max_length=length)
    data.validation = data.validation + data.training  # the whole text is judged
    print(json_line(evaluate_corpus(model, data)))


def print_validation(values: dict[str, float], text: str = "held-out text") -> None:
    """Print losses, by default on text that was held out."""
    if not values["masked_places"]:
        print(f"the model, on {text}: too little text for a figure, nothing was masked")
        return
    print(
        f"the model, on {text}: {values['masked_lm']:.3f} nats "
        f"(perplexity {values['perplexity']}, {values['accuracy']:.1%} of "
        f"{values['masked_places']} masked positions right)"
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
