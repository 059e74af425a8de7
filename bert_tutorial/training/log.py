"""What a training run writes down, and when it stops by itself.

The sums stay on the device and are read once a record: each number that is asked of a
GPU makes the program wait for it.

Chapter: 12
"""

import json
import math
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import torch
from torch import Tensor
from tqdm import tqdm

from bert_tutorial.files.texts import replace_text

__all__ = ["RunLog", "Window", "continue_log", "write_record"]


def write_record(log: IO[str] | None, record: Mapping[str, Any]) -> None:
    """Append a record to a log of JSON lines, visible at once."""
    if log is not None:
        log.write(json.dumps(record) + "\n")
        log.flush()


def continue_log(path: Path, step: int) -> tuple[list[dict[str, Any]], IO[str]]:
    """Open a log to write on behind a step; what was written after it is dropped.

    Args:
        path: of the log; 0 steps begin it anew.
        step: the last one that counts.

    Returns:
        The records up to the step, and the open file.
    """
    records = []
    if step and path.is_file():
        for line in path.read_text(encoding="utf-8").splitlines():
            try:
                record = json.loads(line)
            except ValueError:  # the process was killed in the middle of this line
                continue
            if record["step"] <= step:
                records.append(record)
    text = "".join(json.dumps(record) + "\n" for record in records)
    replace_text(path, text)
    return records, open(path, "a", encoding="utf-8")


class RunLog:
    """The records of a run while it goes on: a list, a file and a bar.

    Args:
        steps: of the whole run.
        done: steps that it has behind it.
        file: of JSON lines, see `continue_log`; None: no file.
        progress: show the bar; None means only on a terminal.
    """

    def __init__(
        self,
        steps: int,
        done: int = 0,
        file: str | Path | None = None,
        progress: bool | None = None,
    ) -> None:
        """Open the file and draw the bar."""
        self.shown: dict[str, str] = {}
        self.records: list[dict[str, Any]] = []
        self.file: IO[str] | None = None
        if file is not None:
            self.records, self.file = continue_log(Path(file), done)
        is_quiet = not sys.stderr.isatty() if progress is None else not progress
        # plain signs: not every terminal's encoding has the others
        self.bar = tqdm(
            total=steps, initial=done, disable=is_quiet, unit="step", ascii=True
        )

    def add(
        self, record: dict[str, Any], shown: Mapping[str, str] | None = None
    ) -> None:
        """Keep a record, write it, and show some of it beside the bar."""
        self.records.append(record)
        write_record(self.file, record)
        if shown:
            self.shown |= shown
            self.bar.set_postfix(self.shown, refresh=False)

    def close(self) -> None:
        """Leave the bar as it stands, and close the file."""
        self.bar.close()
        if self.file is not None:
            self.file.close()


class Window:
    """Sums of the losses since the last record, and tokens since the run began.

    Args:
        device: where the losses are.
        names: of the means whose sum is the loss, as they stand in the records; a
            single one is the loss itself, and named so.
        is_scaled: whether gradients are scaled for float16. Then one that overflows
            is normal: its step is left out, counted, and the scale is lowered.
    """

    def __init__(
        self, device: torch.device, names: Sequence[str], is_scaled: bool = False
    ) -> None:
        """Start the clock."""
        self.names = tuple(names)
        self.started = time.perf_counter()
        self.is_scaled = is_scaled
        self.tokens = 0
        self.steps = 0
        self.sums = torch.zeros(len(names), device=device)
        self.norm = torch.zeros((), device=device)
        self.skipped = torch.zeros((), device=device)
        self.first_bad = torch.full((), math.inf, device=device)

    def count(self, group: Sequence[Mapping[str, Tensor]]) -> None:
        """Count the real tokens of some batches."""
        for batch in group:
            mask = batch.get("attention_mask")
            self.tokens += (
                batch["input_ids"].numel() if mask is None else int(mask.sum())
            )

    def add(self, step: int, losses: Tensor, norm: Tensor) -> None:
        """Add the means of a step (n,), one for each name, and its gradient norm ()."""
        self.steps += 1
        self.sums += losses
        has_norm = torch.isfinite(norm)
        self.norm = torch.where(has_norm, norm, self.norm)
        self.skipped += ~has_norm
        judged = losses.sum() if self.is_scaled else losses.sum() + norm
        bad = torch.where(torch.isfinite(judged), math.inf, float(step))
        self.first_bad = torch.minimum(self.first_bad, bad)

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Give the sums so far, and the seconds since the run began."""
        tensors = {"sums": self.sums, "norm": self.norm, "skipped": self.skipped}
        seconds = time.perf_counter() - self.started
        values = {"tokens": self.tokens, "steps": self.steps, "seconds": seconds}
        return {name: value.cpu() for name, value in tensors.items()}, values

    def load_state(
        self, tensors: Mapping[str, Tensor], values: Mapping[str, Any]
    ) -> None:
        """Go on with sums that `state` gave.

        Raises:
            ValueError: if they are of another number of losses.
        """
        if tensors["sums"].shape != self.sums.shape:
            raise ValueError(
                f"the sums must be {len(self.names)}, of {', '.join(self.names)}, "
                f"got {tensors['sums'].numel()}"
            )
        for name in ("sums", "norm", "skipped"):
            setattr(self, name, tensors[name].to(self.sums.device))
        self.tokens, self.steps = values["tokens"], values["steps"]
        self.started = time.perf_counter() - values["seconds"]

    def check(self) -> None:
        """Refuse to go on after a step that was not finite.

        Raises:
            FloatingPointError: if a loss was not finite, or a gradient that was not
                scaled.
        """
        first_bad = self.first_bad.item()
        if math.isfinite(first_bad):
            raise FloatingPointError(
                f"loss or gradient was not finite at step {int(first_bad)}, whose "
                "update was left out; lower the learning rate or look for a broken "
                "batch"
            )

    def record(self, step: int, rate: float, scale: float = 1.0) -> dict[str, Any]:
        """Give the means since the last record, and start anew.

        Raises:
            FloatingPointError: if a loss was not finite, or a gradient that was not
                scaled, or if no scale keeps the gradients finite.
        """
        self.check()
        if self.is_scaled and scale < 1:
            raise FloatingPointError(
                f"the gradients overflow float16 again and again before step {step}; "
                'train with precision="float32" (pretrain --precision float32) or a '
                "lower learning rate"
            )
        means = (self.sums / self.steps).tolist()
        self.steps = 0
        self.sums.zero_()
        record = {
            "step": step,
            "loss": round(sum(means), 5),
            **{
                name: round(mean, 5)
                for name, mean in zip(self.names, means, strict=True)
            },
            "learning_rate": rate,
            "gradient_norm": round(self.norm.item(), 4),
            "tokens": self.tokens,
            "seconds": round(time.perf_counter() - self.started, 2),
        }
        if self.is_scaled:
            record["skipped_steps"] = int(self.skipped.item())
        return record
