"""The model under examination: a copy with disturbed weights, and made-up texts.

The copy keeps the reader's model as it is. Its weights are disturbed, so that what is
zero at the start (biases, a table, a head) cannot hide whether it is used. The texts
are the batch's own tokens in new rows, without padding: what is asked of the model
then does not depend on how the batch was made.

Chapter: 12
"""

import copy
import inspect
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

__all__ = ["Diagnosis", "Patient", "Scores", "SpecialIds", "ask_model"]

ROWS, LENGTH = 4, 12
ROUNDING = 1e-3  # in units of the spread: more than float32 makes, less than a fault


class Diagnosis(NamedTuple):
    """A fault by its name, what was measured, and what to do."""

    name: str
    seen: str
    remedy: str


class SpecialIds(NamedTuple):
    """Ids of the special tokens; the defaults are this book's vocabularies'.

    The published uncased vocabulary has `SpecialIds(0, 101, 102, 103)`.
    """

    pad: int = 0
    cls: int = 2
    sep: int = 3
    mask: int = 4


class Scores(NamedTuple):
    """What a model says: words (B, T, V); relation (B, 2) and loss () or None."""

    words: Tensor
    relation: Tensor | None = None
    loss: Tensor | None = None


Ask = Callable[[nn.Module, Mapping[str, Tensor]], Scores]


def ask_model(model: nn.Module, batch: Mapping[str, Tensor]) -> Scores:
    """Call a model as transformers' and this book's are called.

    Args:
        model: its forward takes `input_ids` and any of `attention_mask`,
            `token_type_ids`, `labels`, `next_sentence_label`, by these names. It
            gives an object or a dictionary with `prediction_logits` or `logits`,
            and perhaps `seq_relationship_logits` and `loss`.
        batch: what to hand over; names that forward lacks are left out.

    Raises:
        ValueError: what comes back has no scores (B, T, V).
    """
    taken = inspect.signature(model.forward).parameters
    output = model(**{k: v for k, v in batch.items() if k in taken or k == "input_ids"})

    def get(*names: str) -> Any:
        for name in names:
            found = (
                output.get(name)
                if isinstance(output, Mapping)
                else getattr(output, name, None)
            )
            if found is not None:
                return found
        return None

    words = get("prediction_logits", "logits")
    if words is None or words.ndim != 3:
        shape = None if words is None else tuple(words.shape)
        raise ValueError(
            f"the model must give prediction_logits or logits (B, T, V), got {shape}; "
            "pass `ask=`, a function of model and batch that returns Scores"
        )
    return Scores(words, get("seq_relationship_logits"), get("loss"))


class Patient:
    """A disturbed copy of a model in eval mode, and texts to ask it about.

    Args:
        model: is not changed.
        batch: gives the tokens.
        ids: the special tokens.
        ask: how to call it.

    Attributes:
        ids_asked: (4, T), all real; T is at most 12.
        types_asked: (4, T), 0 then 1.
    """

    def __init__(
        self, model: nn.Module, batch: Mapping[str, Tensor], ids: SpecialIds, ask: Ask
    ) -> None:
        self.special = ids
        self._ask = ask
        self.model = copy.deepcopy(model).float().eval()
        self.names = {id(p): n for n, p in self.model.named_parameters()}
        self.takes = set(inspect.signature(model.forward).parameters)
        generator = torch.Generator().manual_seed(0)
        with torch.no_grad():
            for parameter in self.model.parameters():
                wide = parameter.ndim > 1
                size = 0.5 / parameter.shape[-1] ** 0.5 if wide else 0.1
                noise = torch.randn(parameter.shape, generator=generator)
                parameter.add_(size * noise.to(parameter.device))
        self.ids_asked = self._texts(batch)
        columns = torch.arange(self.ids_asked.shape[1], device=self.ids_asked.device)
        half = columns >= self.ids_asked.shape[1] // 2
        self.types_asked = half.long().expand_as(self.ids_asked).contiguous()

    def _texts(self, batch: Mapping[str, Tensor]) -> Tensor:
        """Lay the batch's real tokens out in rows of their own, [CLS] first."""
        input_ids = batch["input_ids"]
        real = input_ids[input_ids != self.special.pad]
        columns = min(LENGTH, input_ids.shape[1])
        wanted = ROWS * columns
        if columns < 4 or not len(real):
            raise ValueError(
                "batch must have at least 4 columns and a real token, got input_ids "
                f"{tuple(input_ids.shape)}; pass a batch of longer texts"
            )
        texts = real.repeat(-(-wanted // len(real)))[:wanted].view(ROWS, columns)
        texts = texts.clone()
        texts[:, 0] = self.special.cls
        device = next(self.model.parameters()).device
        return texts.to(device)

    def other(self, ids: Tensor) -> Tensor:
        """Give another ordinary id for each: (...)."""
        V = self.vocab_size
        step = max(self.special) + 1
        return step + (ids - step + 1) % (V - step)

    @property
    def vocab_size(self) -> int:
        """Count the words that are scored."""
        if not hasattr(self, "_size"):
            with torch.no_grad():
                self._size: int = self.ask(self.ids_asked).words.shape[-1]
        return self._size

    def ask(
        self,
        input_ids: Tensor,
        mask: Tensor | None = None,
        types: Tensor | None = None,
        labels: Tensor | None = None,
        relation: Tensor | None = None,
    ) -> Scores:
        """Ask the copy; all real and all of segment 0 if nothing else is said."""
        given = {
            "input_ids": input_ids,
            "attention_mask": torch.ones_like(input_ids) if mask is None else mask,
            "token_type_ids": torch.zeros_like(input_ids) if types is None else types,
        }
        if labels is not None:
            given["labels"] = labels
        if relation is not None:
            given["next_sentence_label"] = relation
        return self._ask(self.model, given)

    def words(self, *args: Tensor, **named: Tensor) -> Tensor:
        """Ask for word scores alone, without gradients."""
        with torch.no_grad():
            return self.ask(*args, **named).words


def differs(one: Tensor, other: Tensor) -> float:
    """Give the largest difference in units of the spread; below 1e-3 it is rounding."""
    spread = float(one.std()) or 1.0
    return float((one - other).abs().max()) / spread
