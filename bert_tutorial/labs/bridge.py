"""From this package's models to those of transformers, and back.

Nothing here needs transformers until a function that uses it is called.

Chapter: 18
"""

import tempfile
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import IterableDataset

from bert_tutorial.model.bert import BertModel
from bert_tutorial.model.checkpoint import PreTrained, published_name
from bert_tutorial.model.config import BertConfig
from bert_tutorial.model.objectives import BertForMaskedLM, BertForPreTraining
from bert_tutorial.model.task_heads import (
    BertForQuestionAnswering,
    BertForSequenceClassification,
    BertForTokenClassification,
)
from bert_tutorial.tokenization.tokenizer import BertTokenizer

__all__ = [
    "MODELS",
    "from_transformers",
    "to_transformers",
    "tokenizer_to_transformers",
    "train_with_trainer",
]

# Each has its twin under the same name in transformers.
MODELS: tuple[type[PreTrained], ...] = (
    BertModel,
    BertForPreTraining,
    BertForMaskedLM,
    BertForSequenceClassification,
    BertForTokenClassification,
    BertForQuestionAnswering,
)


def _transformers() -> Any:
    """Import transformers.

    Raises:
        ModuleNotFoundError: if it is not installed; the text says what to do.
    """
    try:
        import transformers
    except ImportError as error:
        raise ModuleNotFoundError(
            "this function needs the package transformers, which the book's package "
            "does not install; `pip install transformers` does"
        ) from error
    return transformers


def to_transformers(model: PreTrained, attention: str = "sdpa") -> Any:
    """Build the twin of a model in transformers: same weights, mode and device.

    Args:
        model: one of `MODELS`.
        attention: "sdpa" (fused, returns no maps) or "eager".

    Returns:
        The object of the class of the same name.

    Raises:
        ModuleNotFoundError: if transformers is not installed.
        ValueError: if the class has no twin, or a name or shape does not fit.
    """
    name = type(model).__name__
    if type(model) not in MODELS:
        known = ", ".join(one.__name__ for one in MODELS)
        raise ValueError(f"model must be one of {known}, got {name}")
    package = _transformers()
    config = package.BertConfig(**model.config.to_dict(), attn_implementation=attention)
    twin = getattr(package, name)(config)
    weights = {published_name(key): value for key, value in _weights(model).items()}
    _fill(twin, weights)
    return twin.to(model.device).train(model.training)


def from_transformers(model: Any) -> PreTrained:
    """Build our twin of a BERT of transformers: same weights, mode and device.

    Raises:
        ValueError: if the class has no twin here, its configuration asks for what
            this BERT does not do, or a name or shape does not fit.
    """
    classes = {one.__name__: one for one in MODELS}
    name = type(model).__name__
    if name not in classes:
        raise ValueError(f"model must be one of {', '.join(classes)}, got {name}")
    values = model.config.to_dict() | {"num_labels": model.config.num_labels}
    twin = classes[name](BertConfig.from_dict(values))
    ours = {published_name(key): key for key, _ in twin.named_parameters()}
    weights = {ours.get(key, key): value for key, value in _weights(model).items()}
    _fill(twin, weights)
    return twin.train(model.training)


def _weights(model: nn.Module) -> dict[str, Tensor]:
    return {key: value.detach() for key, value in model.named_parameters()}


@torch.no_grad()
def _fill(model: nn.Module, weights: dict[str, Tensor]) -> None:
    """Copy weights by name; every parameter must get its own."""
    parameters = dict(model.named_parameters())
    unlike = parameters.keys() ^ weights.keys()
    if unlike:
        raise ValueError(f"these names have no partner: {', '.join(sorted(unlike))}")
    for key, parameter in parameters.items():
        if parameter.shape != weights[key].shape:
            raise ValueError(
                f"{key} must have shape {tuple(parameter.shape)}, "
                f"got {tuple(weights[key].shape)}"
            )
        parameter.data = weights[key].clone()  # keeps the precision of the source


def tokenizer_to_transformers(tokenizer: BertTokenizer, max_length: int = 512) -> Any:
    """Build the tokenizer of transformers with the same vocabulary and rules.

    Args:
        tokenizer: ours.
        max_length: what their `truncation=True` cuts to, in tokens.
    """
    package = _transformers()
    with tempfile.TemporaryDirectory() as folder:
        tokenizer.save(folder, max_length)
        return package.BertTokenizerFast.from_pretrained(folder)


class _InOrder(IterableDataset[Any]):
    """Examples in the order in which they lie, which a Trainer does not shuffle."""

    def __init__(self, examples: Sequence[Any]) -> None:
        self.examples = examples

    def __iter__(self) -> Iterator[Any]:
        return iter(self.examples)


def train_with_trainer(
    model: Any, examples: Sequence[Any], collate: Any, **settings: Any
) -> list[float]:
    """Train a model of transformers in place with their Trainer, on a CPU.

    The examples come in the given order, once; it needs the package accelerate.

    Args:
        model: of transformers, with labels in what `collate` returns.
        examples: what `collate` takes a list of.
        collate: makes a batch of them.
        settings: fields of TrainingArguments; `max_steps` is needed.

    Returns:
        The loss of each step.
    """
    package = _transformers()
    with tempfile.TemporaryDirectory() as folder:
        arguments = package.TrainingArguments(
            output_dir=folder,
            use_cpu=True,
            logging_steps=1,
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
            remove_unused_columns=False,
            **settings,
        )
        trainer = package.Trainer(
            model=model,
            args=arguments,
            data_collator=collate,
            train_dataset=_InOrder(examples),
        )
        trainer.remove_callback(package.PrinterCallback)
        trainer.train()
    return [row["loss"] for row in trainer.state.log_history if "loss" in row]
