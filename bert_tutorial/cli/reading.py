"""Commands that read: fill, tokenize, vocabulary, world, doctor.

What is large is imported by the command that needs it, so that `--help` is quick.

Chapter: 0
"""

# Imports inside functions: see above.
import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bert_tutorial.cli.output import command_line, plain_text
from bert_tutorial.files.errors import UserError

if TYPE_CHECKING:
    from bert_tutorial.model.objectives import BertForMaskedLM
    from bert_tutorial.tokenization.tokenizer import BertTokenizer

__all__ = [
    "add_machine_options",
    "add_precision",
    "add_reading_commands",
    "add_source",
    "model_folder",
    "positive",
    "seed_number",
]


def add_reading_commands(commands: Any) -> None:
    """Declare the commands and their options."""
    fill = commands.add_parser("fill", help="guess the words behind [MASK]")
    fill.add_argument(
        "text", nargs="?", type=plain_text, help="a text with one or more [MASK]"
    )
    fill.add_argument(
        "--input",
        metavar="FILE",
        help="instead of it, such a text a line; prints a line of JSON for each",
    )
    fill.add_argument(
        "--model", help="folder, hub id or english; the mini-world if not given"
    )
    fill.add_argument("--top", type=positive, default=5, help="guesses for each [MASK]")
    add_precision(fill)
    add_source(fill)
    fill.set_defaults(run=run_fill)

    tokenize = commands.add_parser("tokenize", help="show the pieces of a text")
    tokenize.add_argument("text", type=plain_text)
    tokenize.add_argument(
        "--pair", type=plain_text, help="a second segment (default: none)"
    )
    tokenize.add_argument("--vocab", help="vocab.txt (default: the shipped one)")
    tokenize.add_argument("--cased", action="store_true", help="keep capital letters")
    tokenize.set_defaults(run=run_tokenize)

    vocabulary = commands.add_parser("vocabulary", help="train a vocabulary")
    vocabulary.add_argument("files", nargs="+", help="text files or a folder")
    vocabulary.add_argument("--size", type=positive, default=8_000, help="most pieces")
    vocabulary.add_argument("--cased", action="store_true", help="keep capital letters")
    vocabulary.add_argument("--output", default="vocab.txt", help="the file to write")
    vocabulary.add_argument(
        "--overwrite", action="store_true", help="replace the file if it is there"
    )
    vocabulary.set_defaults(run=run_vocabulary)
    add_world_and_doctor(commands)


def add_world_and_doctor(commands: Any) -> None:
    """Declare the commands that show the mini-world and examine this machine."""
    world = commands.add_parser("world", help="print samples of the mini-world")
    world.add_argument("--seed", type=seed_number, default=0, help="seed of the world")
    world.add_argument(
        "--mix", choices=["quick", "full"], default="quick", help="amount of text"
    )
    what = world.add_mutually_exclusive_group()
    for name in ("sentences", "documents", "probes"):
        usual = " (default: 10)" if name == "sentences" else ""
        what.add_argument(
            f"--{name}", type=positive, metavar="N", help=f"print N {name}{usual}"
        )
    what.add_argument("--facts", action="store_true", help="print all facts")
    world.set_defaults(run=run_world)

    doctor = commands.add_parser("doctor", help="look for what would stop a run here")
    doctor.add_argument("--model", help="folder (default: the shipped one)")
    doctor.add_argument("--output", default=".", help="folder that a run is to write")
    doctor.add_argument("--device", default="auto", help="auto, cpu, cuda or mps")
    doctor.set_defaults(run=run_doctor)


def add_source(command: Any) -> None:
    """Declare what says more about a model that comes from the hub."""
    command.add_argument(
        "--revision", help="commit, branch or tag on the hub (default: the newest)"
    )
    command.add_argument(
        "--allow-bin",
        action="store_true",
        help="read an old pytorch_model.bin if there is nothing better",
    )


def add_precision(command: Any, when: str = "") -> None:
    """Declare in which precision a model is used."""
    command.add_argument(
        "--precision",
        choices=["auto", "float32", "bfloat16"],
        help=f"{when}number format of matrix products; auto takes bfloat16 on a "
        "processor that has instructions for it (default: float32)",
    )


def add_machine_options(command: Any) -> None:
    """Declare where a model is trained, and in which precision."""
    command.add_argument(
        "--precision",
        choices=["auto", "float32", "bfloat16"],
        help="number format of matrix products (default: 16 bits on a GPU, float32 on "
        "a processor; auto: bfloat16 also on a processor that has instructions for "
        "it, which is faster from 128 dimensions on)",
    )
    command.add_argument(
        "--device",
        choices=["auto", "cpu", "cuda", "mps"],
        help="where to compute (default: auto)",
    )


def model_folder(options: argparse.Namespace) -> Path:
    """Find the folder of the model that is asked for, by default the shipped one."""
    from bert_tutorial.files.hub import find_folder
    from bert_tutorial.files.shipped import shipped_weights

    if not options.model:
        return shipped_weights()
    return find_folder(options.model, options.revision, options.allow_bin)


def positive(text: str) -> int:
    """Read a whole number of at least 1."""
    try:
        value = int(text)
    except ValueError:
        value = 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, got {text!r}")
    if value >= 2**31:
        raise argparse.ArgumentTypeError(f"must be below 2**31, got {text!r}")
    return value


def seed_number(text: str) -> int:
    """Read a whole number that generators of random numbers take: of 64 bits."""
    try:
        value = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"invalid int value: {text!r}") from None
    if not -(2**63) <= value < 2**63:
        raise argparse.ArgumentTypeError(f"must be of 64 bits at most, got {text!r}")
    return value


def run_fill(options: argparse.Namespace) -> None:
    """Print the likeliest words of each mask."""
    import torch

    from bert_tutorial.model.fill import fill_masks
    from bert_tutorial.model.objectives import BertForMaskedLM
    from bert_tutorial.tokenization.tokenizer import BertTokenizer
    from bert_tutorial.tokenization.vocabulary import check_vocabulary_size
    from bert_tutorial.training.device import autocast_dtype, mixed

    if (options.text is None) == (options.input is None):
        raise UserError("fill needs either a text or --input FILE")
    cpu = torch.device("cpu")
    dtype = autocast_dtype(cpu, options.precision)
    folder = model_folder(options)
    tokenizer = BertTokenizer.from_pretrained(folder)
    model = BertForMaskedLM.from_pretrained(folder, allow_bin=options.allow_bin)
    check_vocabulary_size(folder, len(tokenizer), model.config.vocab_size)
    if options.input is not None:
        with mixed(cpu, dtype):
            fill_file(model, tokenizer, Path(options.input), options.top)
        return
    with mixed(cpu, dtype):
        all_guesses = fill_masks(model, tokenizer, options.text, options.top)
    for number, guesses in enumerate(all_guesses, start=1):
        if len(all_guesses) > 1:
            print(f"[MASK] {number}")
        for guess in guesses:
            print(f"{guess.probability:7.1%}  {guess.token}")


def fill_file(
    model: "BertForMaskedLM", tokenizer: "BertTokenizer", file: Path, top: int
) -> None:
    """Print a line of JSON for each text of a file, in the file's order."""
    import json

    from bert_tutorial.files.texts import read_text
    from bert_tutorial.tasks.fill import fill_texts

    # not splitlines(): a text may hold U+2028 or a form feed
    texts = [line for line in read_text(file).split("\n") if line.strip()]
    if not texts:
        raise UserError(f"{file}: the file must hold texts, got none")
    for text, masks in zip(
        texts, fill_texts(model, tokenizer, texts, top), strict=True
    ):
        guesses = [[[g.token, round(g.probability, 4)] for g in one] for one in masks]
        print(json.dumps({"text": text, "guesses": guesses}, ensure_ascii=False))


def run_tokenize(options: argparse.Namespace) -> None:
    """Print a line for each piece: piece, id, segment, characters."""
    from bert_tutorial.files.shipped import shipped_weights
    from bert_tutorial.tokenization.tokenizer import BertTokenizer

    file = Path(options.vocab) if options.vocab else shipped_weights() / "vocab.txt"
    tokenizer = BertTokenizer.from_vocab(file, do_lower_case=not options.cased)
    encoding = tokenizer.encode(options.text, options.pair)
    rows = zip(
        encoding.tokens,
        encoding.ids,
        encoding.type_ids,
        encoding.offsets,
        strict=True,
    )
    print("piece                 id  segment  characters")
    for token, number, kind, (start, end) in rows:
        print(f"{token:<16} {number:>7} {kind:>8}  {start}-{end}")


def run_vocabulary(options: argparse.Namespace) -> None:
    """Train a vocabulary and write it, one piece a line."""
    from bert_tutorial.pretraining.documents import read_documents
    from bert_tutorial.tokenization.learn_vocabulary import train_vocabulary
    from bert_tutorial.tokenization.vocabulary import save_vocabulary
    from bert_tutorial.training.lock import RunLock

    output = Path(options.output)
    if not output.parent.is_dir():
        raise UserError(f"{output.parent} is not a folder; make it first")
    with RunLock(output.parent):  # a run may be writing there
        if output.exists() and not options.overwrite:
            raise UserError(
                f"{output} is there already; give another --output, or replace it with "
                "--overwrite"
            )
        documents = read_documents(options.files)
        lines = (sentence for document in documents for sentence in document)
        pieces = train_vocabulary(lines, options.size, do_lower_case=not options.cased)
        save_vocabulary(pieces, output)
    print(f"{len(pieces)} pieces in {output}")
    print(f"next: {command_line('tokenize', 'a text', '--vocab', output)}")


def run_world(options: argparse.Namespace) -> None:
    """Print sentences, documents, facts or probes of a world."""
    from bert_tutorial.world import FULL, QUICK, World

    world = World(options.seed, FULL if options.mix == "full" else QUICK)
    if options.facts:
        for fact in world.facts:
            print(f"{fact.relation}({fact.subject}) = {fact.object}")
    elif options.probes:
        for probe in world.probes()[: options.probes]:
            print(f"{probe.text}  ->  {probe.answer} ({probe.status})")
    elif options.documents:
        for document in world.corpus().documents[: options.documents]:
            print("\n".join(document) + "\n")
    else:
        print("\n".join(world.corpus().sentences[: options.sentences or 10]))


def run_doctor(options: argparse.Namespace) -> None:
    """Print a line for each check and, below a fault, its remedy; 1 if any is one."""
    from bert_tutorial.cli.machine import examine

    faults = 0
    for check, seen, remedy in examine(options.model, options.output, options.device):
        print(f"{'FAULT' if remedy else 'ok':<6}{check:<16} {seen}", flush=True)
        if remedy:
            print(f"      remedy: {remedy}")
            faults += 1
    print(f"{faults} faults" if faults else "all is well")
    if faults:
        raise SystemExit(1)
