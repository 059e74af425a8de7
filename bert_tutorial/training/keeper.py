"""Save and restore everything that decides how a run goes on.

That is: weights, AdamW's moments, the step, the generators of torch (each process's
own: they draw the dropout), Python and numpy, the position in the data with the
generator of the masks, and the sums of the record in progress.

Chapter: 12
"""

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any, Protocol, runtime_checkable

import torch
from torch import Tensor

from bert_tutorial.files.errors import UserError
from bert_tutorial.files.folder import CheckpointError
from bert_tutorial.training.device import precision_name, used_precision
from bert_tutorial.training.identity import (
    Identity,
    asked_precision,
    check_identity,
    check_precision,
    lengthened,
    without_precision,
)
from bert_tutorial.training.log import Window
from bert_tutorial.training.processes import ProcessGroup
from bert_tutorial.training.states import (
    State,
    flat_names,
    list_states,
    newest_state,
    read_generators,
    restore_generators,
    seed_process,
    sweep,
    under,
    write_state,
)

__all__ = ["Resumable", "StateKeeper", "Stateful", "sweep_run"]

FOLDER = "states"
WRITTEN = (
    "model.safetensors",
    "config.json",
    "log.jsonl",
    "run.json",
    "report.json",
    "vocab.txt",
    "tokenizer_config.json",
)


# What a run leaves at its end, or what makes a folder one of a model.
RESULTS = (
    "run.json",
    "report.json",
    "seeds.json",
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
)


class Stateful(Protocol):
    """What a run trains: it gives its tensors and values, and takes them back."""

    device: torch.device
    dtype: torch.dtype | None
    group: ProcessGroup

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Give weights, moments and the scale."""
        ...

    def load_state(self, tensors: dict[str, Tensor], values: dict[str, Any]) -> None:
        """Put back what `state` gave."""
        ...


@runtime_checkable
class Resumable(Protocol):
    """Batches that know where they are, as `PretrainingBatches` do."""

    def state_dict(self) -> dict[str, int | Tensor]:
        """Give the position."""
        ...

    def load_state_dict(self, state: dict[str, int | Tensor]) -> None:
        """Go to a position."""
        ...


class StateKeeper:
    """Keep the states of a run in `folder`/states.

    Args:
        folder: of the run.
        identity: groups of choices that a resumed run must share, JSON types only.
        every: steps between two states; 0 saves one only when asked to stop.
            Otherwise the last step's state is saved, too.
        resume: go on from the newest state instead of starting.
        longer: the run to be resumed, finished or not, gets more steps.

    Raises:
        ValueError: `every` is negative, or a run is to be longer and is not.
        CheckpointError: `resume` is true, and there is no state, or one of another
            run; it says what differs. The precision is compared by `restore`, which
            knows what is computed in.
    """

    def __init__(
        self,
        folder: str | Path,
        identity: Identity,
        every: int = 0,
        resume: bool = False,
        longer: bool = False,
    ) -> None:
        """Look at what is there, before any work is done."""
        if every < 0:
            raise UserError(f"save_every must be 0 or more steps, got {every}")
        self.folder = Path(folder, FOLDER)
        self.identity = dict(identity)
        self.every = every
        self.state: State | None = None
        if resume:
            self.state = newest_state(self.folder)
            saved = self.state.values["identity"]
            if longer:
                saved = lengthened(saved, self.identity)
            check_identity(without_precision(saved), without_precision(self.identity))

    @property
    def step(self) -> int:
        """Give the number of updates behind the state to go on from."""
        return int(self.state.values["step"]) if self.state else 0

    def restore(self, trainer: Stateful, window: Window, batches: object) -> int:
        """Put a run into the state to go on from, if there is one.

        Args:
            trainer: of the run.
            window: sums since the last record.
            batches: know their position.

        Returns:
            The step of the state; 0 for a new run.

        Raises:
            ValueError: if the batches do not know their position, or the processes
                of the run differ in the state or the choices.
            CheckpointError: if the state does not fit the model or the batches, or
                was computed in another precision, which was asked for otherwise.
        """
        group = trainer.group
        if not isinstance(batches, Resumable):
            raise ValueError(
                "batches must have state_dict and load_state_dict to be resumed, as "
                f"PretrainingBatches has, got {type(batches).__name__}"
            )
        group.agree(f"{self.step:015x}", "the newest state")
        text = json.dumps(self.identity, sort_keys=True).encode()
        group.agree(hashlib.sha256(text).hexdigest(), "the run's choices and corpus")
        if self.state is None:
            seed_process(group, 0)
            return 0
        tensors, values = self.state
        self._check_precision(values, trainer)
        try:
            trainer.load_state(under("trainer", tensors), values["trainer"])
            window.load_state(under("window", tensors), values["window"])
            batches.load_state_dict(under("data", tensors) | values["data"])
            restore_generators(
                under("random", tensors),
                values["random"],
                group,
                self.step,
                trainer.device,
            )
        except (KeyError, RuntimeError, ValueError) as error:
            raise CheckpointError(
                f"{self.folder}: the state does not fit this run: {error}"
            ) from error
        step, self.state = self.step, None  # its memory is free again
        return step

    def _check_precision(self, values: dict[str, Any], trainer: Stateful) -> None:
        """Compare what a state was computed in with what is computed in now."""
        saved = values["identity"]
        used = values.get("precision")  # not in states from before it was compared
        if used is None:
            used = used_precision(trainer.device, asked_precision(saved))
        check_precision(saved, self.identity, used, precision_name(trainer.dtype))

    def after_step(
        self,
        step: int,
        trainer: Stateful,
        window: Window,
        batches: object,
        log: IO[str] | None = None,
        is_last: bool = False,
    ) -> None:
        """Save a state if one is due, or if the run was asked to stop.

        Args:
            step: the one just done.
            trainer: of the run.
            window: sums since the last record.
            batches: know their position.
            log: of the run, or None.
            is_last: whether the run is over with this step.

        Raises:
            KeyboardInterrupt: if it was, after saving; the text says how to resume.
        """
        is_due = self.every > 0 and (is_last or step % self.every == 0)
        is_stopping = trainer.group.is_stopping
        if (is_due or is_stopping) and isinstance(batches, Resumable):
            if log is not None:
                os.fsync(log.fileno())  # not behind the state that follows
            self.save(step, trainer, window, batches)
        if is_stopping:
            raise KeyboardInterrupt(
                f"stopped after step {step}; the training state is in {self.folder}; "
                "resume with the same command and --resume (resume=True)"
            )

    def save(
        self, step: int, trainer: Stateful, window: Window, batches: Resumable
    ) -> None:
        """Write the state behind a step; all processes call, the first one writes.

        Raises:
            FloatingPointError: if something was not finite since the last record:
                such a state is never saved.
            OSError: if it cannot be written; older states are intact.
        """
        window.check()
        group = trainer.group
        generators, random_values = read_generators(trainer.device)
        torch_states = group.gather(torch.get_rng_state())
        cuda = generators.pop("cuda", None)
        cuda_states = group.gather(cuda) if cuda is not None else []
        if group.rank == 0:
            weights, trainer_values = trainer.state()
            sums, window_values = window.state()
            state = batches.state_dict()
            for number, found in enumerate(torch_states):
                generators[f"torch.{number}"] = found
            for number, found in enumerate(cuda_states):
                generators[f"cuda.{number}"] = found
            data = {k: v for k, v in state.items() if isinstance(v, Tensor)}
            tensors = (
                flat_names("trainer", weights)
                | flat_names("window", sums)
                | flat_names("data", data)
                | flat_names("random", generators)
            )
            values = {
                "step": step,
                "identity": self.identity,
                "precision": precision_name(trainer.dtype),
                "trainer": trainer_values,
                "window": window_values,
                "data": {k: v for k, v in state.items() if not isinstance(v, Tensor)},
                "random": random_values,
                "torch": torch.__version__,
            }
            write_state(self.folder, step, State(tensors, values))
        group.wait()


def sweep_run(folder: Path, resume: bool) -> None:
    """Make a run's folder ready, under its lock: without leftovers of killed runs.

    Raises:
        ValueError: a new run is to begin where there is a model, or the states of an
            old run.
        CheckpointError: a run is to be resumed where there are no states.
    """
    found = list_states(folder / FOLDER)
    if not resume:
        refuse_results(folder)
    if found and not resume:
        raise UserError(
            f"{folder / FOLDER} has the training state of {found[0].stem}; resume that "
            "run (--resume, resume=True), or give another folder"
        )
    if resume and not found:
        raise CheckpointError(
            f"{folder / FOLDER} has no training state to resume from; leave --resume "
            "(resume=True) out to start a new run"
        )
    sweep(folder / FOLDER)
    for name in WRITTEN:
        for leftover in (*folder.glob(f".{name}.*"), *folder.glob(f"{name}.partial")):
            leftover.unlink()


def refuse_results(folder: Path, own: Sequence[str] = ()) -> None:
    """Refuse a folder that has a model, or the files of a finished run.

    Args:
        folder: that a run is to write to.
        own: names of files that may be there.

    Raises:
        UserError: naming one of those that would be replaced.
    """
    results = [name for name in RESULTS if (folder / name).exists()]
    for name in results:
        if name not in own:
            raise UserError(
                f"{folder} has the files of a finished run or a model ({name}), "
                "which would be replaced; give another folder"
            )


def refuse_other_vocabulary(folder: Path, pieces: Sequence[str]) -> None:
    """Refuse to replace a vocabulary or tokenizer that no run has left there.

    One with the same pieces is no loss, nor is that of a run that was killed before
    its first state: its log lies beside it.

    Raises:
        UserError: if there is another vocabulary, or a tokenizer.json.
    """
    file = folder / "vocab.txt"
    if (folder / "log.jsonl").exists():
        return
    if (folder / "tokenizer.json").exists():
        raise UserError(
            f"{folder / 'tokenizer.json'} is another tokenizer, which would be "
            "replaced by vocab.txt; give another folder"
        )
    if not file.exists():
        return
    if file.read_bytes().decode("utf-8", "replace").splitlines() != list(pieces):
        raise UserError(
            f"{file} is another vocabulary, which would be replaced; give another "
            "folder, or train with it (pretrain --vocab FILE, tokenizer=...)"
        )
