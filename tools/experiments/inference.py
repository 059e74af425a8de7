"""Measure what a finished model costs in use, against transformers' pipeline.

    python tools/experiments/inference.py                 all parts, into the package's
        runs, in about fifteen minutes
    python tools/experiments/inference.py --rounds 1 --rows 60 --output inference.json

The model is the published encoder all-MiniLM-L6-v2 with a head for the twelve kinds of
`read_definitions`, fitted on its frozen vectors. Rows are those definitions. Both sides
have the same weights; before anything is timed they must give the same labels and, but
for rounding, the same probabilities. Rounds alternate between the sides; one thread is
timed by the CPU seconds of the process: nothing else should run meanwhile.

The parts: rows a second from text to label, milliseconds of the encoder by length and
batch size, the first answer of a fresh process, peak memory, and what 16 bits, 8 bits,
fewer layers and fewer heads do to the accuracy. `--parts` measures some of them again
and keeps the others.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
import transformers
from bench import alternate, medians_of, resident
from record import RUNS, Document, main, origin
from torch import Tensor, nn
from torch.nn import functional as F

from bert_tutorial.files.hub import published_encoder
from bert_tutorial.model.config import ConfigChanges
from bert_tutorial.model.task_heads import BertForSequenceClassification
from bert_tutorial.tasks.fit import length_batches
from bert_tutorial.tasks.sentiment.classify import encode_texts
from bert_tutorial.tasks.sentiment.definitions import read_definitions
from bert_tutorial.tasks.sentiment.tables import LabelledText
from bert_tutorial.tasks.sentiment.task import SENTIMENT
from bert_tutorial.tasks.task import Shape
from bert_tutorial.tokenization.tokenizer import BertTokenizer
from bert_tutorial.training.device import has_bfloat16, mixed, processor_flags

CPU = torch.device("cpu")
SHAPE = Shape(128, None)
TOLERANCE = 2e-4  # of a probability, which our side gives with four digits
LENGTHS = (8, 32, 128, 512)
SIZES = (1, 8, 32)
FILL = "The capital of France is [MASK]."
DROPPED = 0.5  # of the heads
PARTS = ["rows", "shapes", "latency", "peak_mib", "pruning"]
Rows = Sequence[LabelledText]


def vectors(
    model: BertForSequenceClassification, tokenizer: BertTokenizer, rows: Rows
) -> Tensor:
    """Give what the head reads: (N, H), the pooled [CLS] of each row."""
    examples = [row[0] for row in encode_texts(tokenizer, rows)]
    found = torch.zeros(len(rows), model.config.hidden_size)
    with torch.no_grad():
        for numbers, batch in length_batches(examples, 64, CPU):
            found[numbers] = model.bert(**batch).pooler_output
    return found


def fit_head(
    model: BertForSequenceClassification, seen: Tensor, labels: Tensor
) -> None:
    """Fit the head by logistic regression on vectors that stay as they are."""
    head: Any = model.classifier
    optimizer = torch.optim.LBFGS(
        head.parameters(), max_iter=300, line_search_fn="strong_wolfe"
    )  # without a search along the line it diverges on some vectors

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = F.cross_entropy(head(seen), labels) + 1e-4 * head.weight.square().sum()
        loss.backward()
        return loss

    optimizer.step(closure)  # type: ignore[arg-type]


def build(layers: int | None = None, heads: Sequence[Sequence[int]] = ()) -> Any:
    """Open the encoder, without some layers or heads, and fit its head.

    Args:
        layers: the first so many; None: all.
        heads: numbers of those whose result is set to zero, for each layer.

    Returns:
        Model, tokenizer, names of the labels.
    """
    folder = published_encoder()
    data = read_definitions()
    names = sorted({row.label for row in data.train})
    changes: ConfigChanges = {"id2label": names}
    if layers is not None:
        changes["num_hidden_layers"] = layers
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = BertForSequenceClassification.from_pretrained(folder, **changes)
        tokenizer = BertTokenizer.from_pretrained(folder)
    width = model.config.hidden_size // model.config.num_attention_heads
    made: Any = model.bert.encoder.layers
    for layer, gone in zip(made, heads, strict=False):
        for head in gone:
            matrix = layer.attention.output.weight.data
            matrix[:, head * width : (head + 1) * width] = 0
    labels = torch.tensor([names.index(row.label) for row in data.train])
    fit_head(model, vectors(model, tokenizer, data.train), labels)
    return model.eval(), tokenizer, names


def in_8_bits(model: nn.Module) -> nn.Module:
    """Quantize the matrices of a model to int8, the inputs of each as they come."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch means to move this to torchao
        quantize = torch.ao.quantization.quantize_dynamic
        return quantize(model, {nn.Linear}, dtype=torch.qint8)  # type: ignore[no-any-return]


def pipeline_of(folder: str) -> Any:
    """Open the saved model in transformers, as its documentation does."""
    return transformers.pipeline("text-classification", model=folder, device="cpu")


def contestants(
    model: Any, tokenizer: BertTokenizer, names: list[str], rows: Rows
) -> dict[str, Callable[[], list[dict[str, Any]]]]:
    """Give each side's way from texts to labels with probabilities."""
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        tokenizer.save(Path(folder), model.config.max_position_embeddings)
        published = pipeline_of(folder)
    small = in_8_bits(model)
    texts = [row.text for row in rows]
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))

    def ours(made: Any, dtype: torch.dtype | None = None) -> list[dict[str, Any]]:
        with mixed(CPU, dtype):
            found = SENTIMENT.predict(made, tokenizer, rows, names, SHAPE)
        return [{"label": x["label"], "score": x["probability"]} for x in found]

    def theirs(
        size: int, is_sorted: bool = False, dtype: torch.dtype | None = None
    ) -> list[dict[str, Any]]:
        given = [texts[i] for i in order] if is_sorted else texts
        with mixed(CPU, dtype):
            found = published(given, batch_size=size)
        if not is_sorted:
            return found  # type: ignore[no-any-return]
        back = dict(zip(order, found, strict=True))
        return [back[i] for i in range(len(texts))]

    half = torch.bfloat16
    return {
        "transformers, one by one": lambda: theirs(1),
        "transformers, 32": lambda: theirs(32),
        "transformers, 32, sorted": lambda: theirs(32, True),
        "transformers, 32, sorted, bfloat16": lambda: theirs(32, True, half),
        "ours": lambda: ours(model),
        "ours, bfloat16": lambda: ours(model, half),
        "ours, int8": lambda: ours(small),
    }


def compare(answers: dict[str, list[dict[str, Any]]], rows: Rows) -> dict[str, Any]:
    """Hold all answers against those of the package in float32.

    Raises:
        ValueError: if transformers in float32 says anything else.
    """
    right, found = answers["ours"], {}
    for name, given in answers.items():
        same = [a["label"] == b["label"] for a, b in zip(given, right, strict=True)]
        gaps = [
            abs(a["score"] - b["score"])
            for a, b, is_same in zip(given, right, same, strict=True)
            if is_same
        ]
        hits = [a["label"] == row.label for a, row in zip(given, rows, strict=True)]
        found[name] = {
            "accuracy": round(statistics.mean(hits), 4),
            "same_label": round(statistics.mean(same), 4),
            "largest_gap": round(max(gaps), 6),
        }
        is_exact = "bfloat16" not in name and "int8" not in name
        if is_exact and not (all(same) and max(gaps) < TOLERANCE):
            raise ValueError(f"{name} must say the same as ours, got {found[name]}")
    return found


def measure_rows(options: argparse.Namespace) -> dict[str, Any]:
    """Time the way from texts to labels, all rows at once."""
    model, tokenizer, names = build()
    rows = read_definitions().test[: options.rows]
    sides = contestants(model, tokenizer, names, rows)
    equal = compare({name: side() for name, side in sides.items()}, rows)
    medians = medians_of(alternate(sides, options.rounds))  # type: ignore[arg-type]
    lengths = [len(tokenizer.encode(row.text).ids) for row in rows]
    return {
        "rows": len(rows),
        "mean_tokens": round(statistics.mean(lengths), 1),
        "longest": max(lengths),
        "answers": equal,
        "rows_per_second": {n: round(len(rows) / s, 1) for n, s in medians.items()},
    }


def measure_shapes(rounds: int) -> list[dict[str, Any]]:
    """Time the encoder alone, by length and batch size: milliseconds a text."""
    model, _, _ = build()
    small = in_8_bits(model)
    found = []
    for length in LENGTHS:
        for size in SIZES:
            ids = torch.randint(1000, 20_000, (size, length))

            def work(made: Any, dtype: Any, ids: Tensor = ids) -> Callable[[], object]:
                def run() -> None:
                    with torch.inference_mode(), mixed(CPU, dtype):
                        for _ in range(max(1, 512 // ids.numel())):
                            made(ids)

                return run

            ways = {
                "float32": work(model, None),
                "bfloat16": work(model, torch.bfloat16),
                "int8": work(small, None),
            }
            times = medians_of(alternate(ways, rounds))
            texts = size * max(1, 512 // ids.numel())
            each = {name: round(1000 * s / texts, 3) for name, s in times.items()}
            found.append({"length": length, "batch": size, "ms_a_text": each})
    return found


def measure_latency(rounds: int) -> dict[str, Any]:
    """Time one sentence at a time, and the first answer of a fresh process."""
    model, tokenizer, names = build()
    row = sorted(read_definitions().test[:101], key=lambda row: len(row.text))[50]
    sides = contestants(model, tokenizer, names, [row])
    chosen = ("transformers, one by one", "ours", "ours, bfloat16", "ours, int8")
    calls = 5
    ways = {name: lambda n=name: [sides[n]() for _ in range(calls)] for name in chosen}
    medians = medians_of(alternate(ways, max(3, rounds)))  # type: ignore[arg-type]
    firsts = [first_answer() for _ in range(rounds)]
    return {
        "tokens": len(tokenizer.encode(row.text).ids),
        "ms": {name: round(1000 * s / calls, 2) for name, s in medians.items()},
        "first_answer_of_fill": {
            "cpu_seconds": statistics.median(cpu for cpu, _ in firsts),
            "of_which_torch": statistics.median(torch_ for _, torch_ in firsts),
        },
    }


def first_answer() -> tuple[float, float]:
    """Give the CPU seconds of `fill` in a fresh process, and of `import torch`."""
    fill = [sys.executable, "-m", "bert_tutorial", "fill", FILL]
    return cpu_seconds(fill), cpu_seconds([sys.executable, "-c", "import torch"])


def cpu_seconds(command: list[str]) -> float:
    """Run a command; give the CPU seconds that it took."""

    def spent() -> float:
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    before = spent()
    subprocess.run(command, check=True, capture_output=True)
    return round(spent() - before, 2)


def measure_memory(options: argparse.Namespace) -> dict[str, float]:
    """Ask a fresh process for each side's peak, MiB above the models at rest."""
    found = {}
    for name in ("transformers, 32", "transformers, 32, sorted", "ours"):
        command = [sys.executable, __file__, "--rows", str(options.rows)]
        command += ["--memory", name]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        found[name] = float(done.stdout.splitlines()[-1])
    return found


def memory_here(name: str, count: int) -> float:
    """Predict in this process; MiB of the peak above what was there before."""
    torch.set_num_threads(1)
    model, tokenizer, names = build()
    rows = read_definitions().test[:count]
    sides = contestants(model, tokenizer, names, rows)
    before = resident("VmHWM")
    status = Path("/proc/self/clear_refs")
    if status.exists():  # the peak starts anew
        status.write_text("5")
        before = resident("VmRSS")
    sides[name]()
    return round((resident("VmHWM") - before) / 2**20, 1)


def measure_quality(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Take layers or heads away, fit the head anew, and count right answers."""
    rows = read_definitions().test[: options.rows]
    found = []
    plans: list[tuple[str, int | None, int | None]]
    plans = [(f"{n} layers", n, None) for n in (6, 5, 4, 3, 2, 1)]
    plans += [("half of the heads", None, seed) for seed in options.seeds]
    for name, layers, seed in plans:
        gone: list[list[int]] = []
        if seed is not None:
            generator = torch.Generator().manual_seed(seed)
            for _ in range(6):
                order = torch.randperm(12, generator=generator).tolist()
                gone.append(order[: round(DROPPED * 12)])
        model, tokenizer, names = build(layers, gone)
        start = time.process_time()
        said = SENTIMENT.predict(model, tokenizer, rows, names, SHAPE)
        took = time.process_time() - start
        hits = [a["label"] == row.label for a, row in zip(said, rows, strict=True)]
        record: dict[str, Any] = {"pruned": name, "seed": seed}
        record["accuracy"] = round(statistics.mean(hits), 4)
        found.append(record | {"rows_per_second": round(len(rows) / took, 1)})
    return found


def run(options: argparse.Namespace, document: Document) -> Iterator[None]:
    """Measure one part after the other."""
    transformers.logging.set_verbosity_error()
    document |= origin() | {
        "model": "all-MiniLM-L6-v2, 22.7 M parameters, with a head of twelve classes",
        "instructions": sorted(processor_flags()),
        "bfloat16_in_hardware": has_bfloat16(CPU),
        "threads": 1,
        "timed": "process CPU time",
        "rounds": options.rounds,
    }
    parts: dict[str, Callable[[], object]] = {
        "rows": lambda: measure_rows(options),
        "shapes": lambda: measure_shapes(options.rounds),
        "latency": lambda: measure_latency(options.rounds),
        "peak_mib": lambda: measure_memory(options),
        "pruning": lambda: measure_quality(options),
    }
    for name in options.parts:
        document[name] = parts[name]()
        print(f"{name}: {json.dumps(document[name])}", flush=True)
        yield


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what only this experiment has."""
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rows", type=int, default=1_000)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)


if __name__ == "__main__":
    if "--memory" in sys.argv:
        transformers.logging.set_verbosity_error()
        print(memory_here(sys.argv[-1], int(sys.argv[sys.argv.index("--rows") + 1])))
    else:
        main(run, RUNS / "inference.json", options=add_options, goes_on=True)
