"""Measure the memory of a run on text files, in MB for each MB of text.

    python tools/experiments/corpus_memory.py --text FILE            5, 20 and 80 MB
    python tools/experiments/corpus_memory.py --text FILE --sizes 5

The text is repeated until it is long enough; each time one word in ten gets another
ending, so that no two copies are alike. A fresh process reads it as `pretrain --corpus
--no-shards` does, draws the pairs of an epoch and takes a batch; its peak is what the
system reports, less that of a process that only loads the package.
"""

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from record import RUNS, Document, main

MB = 1_000_000


def peak() -> float:
    """Give the peak of this process in MB; Linux counts in KiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / MB


def varied(text: str, rng: random.Random) -> str:
    """Give one word in ten another ending."""
    words = text.split(" ")
    for place in range(len(words)):
        if words[place].isalpha() and rng.random() < 0.1:
            words[place] += rng.choice(("a", "en", "ing", "ly", "o", "ur"))
    return " ".join(words)


def write_corpus(text: str, file: Path, megabytes: int) -> None:
    """Write a text again and again, changed, until there is so much."""
    rng = random.Random(megabytes)
    with file.open("w", encoding="utf-8") as target:
        while target.tell() < megabytes * MB:
            target.write(varied(text, rng) + "\n\n")


def read_here(file: str | None) -> float:
    """Read a corpus and take a batch in this process; give its peak."""
    from bert_tutorial.pretraining.corpus import CorpusData

    if file is not None:
        next(CorpusData([file]).batches(4_096))
    return peak()


def peak_of(*words: str) -> float:
    """Give the peak of a fresh process."""
    command = [sys.executable, __file__, "--here", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout)


def run(options: argparse.Namespace, document: Document) -> Iterator[None]:
    """Measure size after size."""
    text = options.text.read_text(encoding="utf-8")
    bare = peak_of()
    document |= {"package_alone_mb": round(bare), "runs": []}
    for size in options.sizes:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "text.txt")
            write_corpus(text, file, size)
            true_size = file.stat().st_size / MB
            most = peak_of(str(file))
        made = {"text_mb": round(true_size, 1), "peak_mb": round(most)}
        made["mb_a_mb"] = round((most - bare) / true_size, 1)
        print(json.dumps(made), flush=True)
        document["runs"].append(made)
        yield


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what only this experiment has."""
    parser.add_argument("--text", type=Path, required=True, help="to be repeated")
    parser.add_argument("--sizes", type=int, nargs="+", default=[5, 20, 80])


if __name__ == "__main__":
    if "--here" in sys.argv:
        given = sys.argv[sys.argv.index("--here") + 1 :]
        print(read_here(given[0] if given else None))
    else:
        main(run, RUNS / "corpus_memory.json", seeds=None, options=add_options)
