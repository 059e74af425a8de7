"""Show that a corpus larger than memory is read with flat memory.

    python tools/experiments/big_corpus.py                      2 GB in a temporary
        folder
    python tools/experiments/big_corpus.py --megabytes 50 --batches

Writes made-up text, reads all of it through the shuffled stream, and prints rows
(lines) per second and the peak memory above that of the imported package; with
--batches it also encodes, pairs and masks. The folder is removed at the end.
"""

import argparse
import json
import random
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

from bert_tutorial.files.shipped import shipped_weights
from bert_tutorial.pretraining.large_corpus import ShardedBatches, ShardedCorpus
from bert_tutorial.tokenization.tokenizer import BertTokenizer

FILE_BYTES = 200_000_000


def write_corpus(folder: Path, size: int) -> int:
    """Write files of documents of 3 to 30 sentences.

    Args:
        folder: where to.
        size: bytes of all files.

    Returns:
        The number of sentences.
    """
    rng = random.Random(0)
    words = ["the", "of", "is", *(f"w{n}" for n in range(5_000))]
    sentences = [
        " ".join(rng.choices(words, k=rng.randint(5, 30))) + "." for _ in range(20_000)
    ]
    rows = written = number = 0
    while written < size:
        target = min(size, written + FILE_BYTES)
        with open(folder / f"part-{number:04}.txt", "w", encoding="utf-8") as file:
            while written < target:
                document = rng.choices(sentences, k=rng.randint(3, 30))
                written += file.write("\n".join(document) + "\n\n")
                rows += len(document)
        number += 1
    return rows


def resident(key: str) -> int:
    """Read VmRSS or VmHWM (its peak) in bytes; 0 where the system does not say."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(x.split()[1]) * 1024 for x in lines if x.startswith(key)), 0)


def reset_peak() -> None:
    """Let the peak begin at what is in use now, where Linux allows it."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return


def measure(folder: Path, rows: int, with_batches: bool) -> dict[str, Any]:
    """Read one epoch and compare its rows with those written.

    Raises:
        ValueError: if a row was lost or came twice.
    """
    corpus = ShardedCorpus(folder)
    tokenizer = BertTokenizer.from_pretrained(shipped_weights())
    reset_peak()
    before, start = resident("VmRSS"), time.perf_counter()
    tokens = found = 0
    if with_batches:
        batches = ShardedBatches(corpus, tokenizer)
        for batch in batches:
            if batches.epoch:
                break
            tokens += int((batch["input_ids"] != tokenizer.pad_id).sum())
        found = rows
    else:
        found = sum(map(len, corpus.documents()))
    seconds = time.perf_counter() - start
    if found != rows:
        raise ValueError(f"{rows} rows were written, but {found} were read")
    result: dict[str, Any] = {
        "bytes": sum(file.stat().st_size for file in folder.iterdir()),
        "blocks": len(corpus.blocks),
        "rows": rows,
        "rows_per_second": round(rows / seconds),
        "peak_mib_above_start": round((resident("VmHWM") - before) / 2**20, 1),
        "peak_mib": round(resident("VmHWM") / 2**20, 1),
    }
    if with_batches:
        result["tokens_per_second"] = round(tokens / seconds)
    return result


def main() -> None:
    """Write, measure, print, remove."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--megabytes", type=int, default=2_000)
    parser.add_argument("--batches", action="store_true", help="encode and mask, too")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    size = options.megabytes * 1_000_000
    with tempfile.TemporaryDirectory() as name:
        free = shutil.disk_usage(name).free
        if free < size * 1.1:
            raise SystemExit(f"error: {name} has {free / 1e9:.1f} GB free, too little")
        result = measure(
            Path(name), write_corpus(Path(name), size), with_batches=options.batches
        )
    if options.json:
        print(json.dumps(result))
        return
    for key, value in result.items():
        print(f"{key:<22} {value:>16,}")


if __name__ == "__main__":
    main()
