"""Measure the tokenizer against the one of the transformers library, on one core.

Both encode the same lines to ids without special tokens. Rounds alternate between the
contestants; the figure is the median process CPU time, and the ratio is that of the
medians. Each round of ours starts with an empty memory. The other has two ways, line by
line and all at once; the ids are compared before anything is timed.

    python tools/experiments/bench_tokenizer.py [text] [--vocab vocab.txt] [--json]
"""

import argparse
import json
import os
import random
import statistics
import time
from collections.abc import Callable
from pathlib import Path

os.environ["RAYON_NUM_THREADS"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"

from transformers import BertTokenizer as PublishedTokenizer

from bert_tutorial.tokenization.compiled import to_tokenizers
from bert_tutorial.tokenization.learn_vocabulary import train_vocabulary
from bert_tutorial.tokenization.tokenizer import BertTokenizer

BYTES = 1_000_000


def make_text(size: int = BYTES, seed: int = 0) -> str:
    """Make English-like text: 12,000 made-up words with Zipf's frequencies.

    Returns:
        Lines of 5 to 40 words with capitals and punctuation.
    """
    rng = random.Random(seed)
    syllables = [a + b for a in "bcdfghlmnprstvw" for b in ("a", "e", "i", "on", "er")]
    words = ["".join(rng.choices(syllables, k=1 + n % 4)) for n in range(12_000)]
    weights = [1 / (rank + 2.7) for rank in range(len(words))]
    lines: list[str] = []
    length = 0
    while length < size:
        chosen = rng.choices(words, weights, k=rng.randint(5, 40))
        middle = len(chosen) // 2
        chosen[middle] += rng.choice([",", ";", "", "", "'s"])
        lines.append(" ".join(chosen).capitalize() + rng.choice(".?!"))
        length += len(lines[-1]) + 1
    return "\n".join(lines)


def encode_line_by_line(published: PublishedTokenizer, lines: list[str]) -> None:
    """Encode one line a call, as a loop over a file would."""
    for line in lines:
        published(line, add_special_tokens=False)


def cpu_seconds(work: Callable[[], object]) -> float:
    """Time one call in CPU seconds of this process."""
    start = time.process_time()
    work()
    return time.process_time() - start


def measure(lines: list[str], vocabulary: list[str], rounds: int) -> dict[str, float]:
    """Time all contestants in alternating rounds.

    Returns:
        Median CPU seconds by contestant.

    Raises:
        ValueError: the contestants do not give the same ids.
    """
    vocab = {token: i for i, token in enumerate(vocabulary)}
    published = PublishedTokenizer(vocab=vocab, do_lower_case=True)
    compiled = to_tokenizers(BertTokenizer(vocabulary))
    ids = BertTokenizer(vocabulary).encode_lines(lines)
    if ids != published(lines, add_special_tokens=False)["input_ids"]:
        raise ValueError("both tokenizers must give the same ids, got different ones")

    def ours() -> Callable[[], object]:
        fresh = BertTokenizer(vocabulary)
        return lambda: fresh.encode_lines(lines)

    contestants: dict[str, Callable[[], Callable[[], object]]] = {
        "ours": ours,
        "transformers, line by line": lambda: (
            lambda: encode_line_by_line(published, lines)
        ),
        "transformers, batch": lambda: (
            lambda: published(lines, add_special_tokens=False)["input_ids"]
        ),
        "tokenizers, encode_batch_fast": lambda: (
            lambda: [e.ids for e in compiled.encode_batch_fast(lines)]
        ),
    }
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, prepare in contestants.items():
            seconds[name].append(cpu_seconds(prepare()))
    return {name: statistics.median(times) for name, times in seconds.items()}


def main() -> None:
    """Read the options, measure, print a table or JSON."""
    parser = argparse.ArgumentParser(description="Measure the tokenizer on one core.")
    parser.add_argument("text", nargs="?", type=Path, help="UTF-8; made up if left out")
    parser.add_argument("--vocab", type=Path, help="8,000 pieces trained if left out")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    data = options.text.read_bytes()[:BYTES] if options.text else make_text().encode()
    lines = data.decode("utf-8", errors="ignore").split("\n")
    start = time.process_time()
    trained = train_vocabulary(lines, 8_000)
    training = time.process_time() - start
    vocabulary = trained
    if options.vocab:
        vocabulary = BertTokenizer.from_vocab(options.vocab).id_to_token
    medians = measure(lines, vocabulary, options.rounds)
    ours = medians["ours"]
    result = {
        "bytes": len(data),
        "lines": len(lines),
        "rounds": options.rounds,
        "train_8000_cpu_s": round(training, 3),
        "cpu_s": {name: round(value, 4) for name, value in medians.items()},
        "ratio": {name: round(value / ours, 2) for name, value in medians.items()},
    }
    if options.json:
        print(json.dumps(result, indent=2))
        return
    print(f"{len(data):,} bytes, {len(lines):,} lines; training: {training:.2f} s")
    for name, value in medians.items():
        rate = len(data) / value / 1e6
        print(f"{name:32} {value:7.3f} s {rate:6.2f} MB/s {value / ours:5.1f} x ours")


if __name__ == "__main__":
    main()
