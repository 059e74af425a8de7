"""BERT, built from scratch: the companion package of the book.

The public names below are fetched from their modules on first use, so that
`import bert_tutorial` alone loads neither torch nor anything else that is large.

Chapter: 0
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bert_tutorial.config import BertConfig
    from bert_tutorial.model import BertModel
    from bert_tutorial.objectives import BertForMaskedLM, BertForPreTraining
    from bert_tutorial.tasks import (
        BertForQuestionAnswering,
        BertForSequenceClassification,
        BertForTokenClassification,
    )
    from bert_tutorial.tokenizer import BertTokenizer

__version__ = "0.1.0"

__all__ = [
    "BertConfig",
    "BertForMaskedLM",
    "BertForPreTraining",
    "BertForQuestionAnswering",
    "BertForSequenceClassification",
    "BertForTokenClassification",
    "BertModel",
    "BertTokenizer",
    "__version__",
]

_HOME = {
    "BertConfig": "config",
    "BertTokenizer": "tokenizer",
    "BertModel": "model",
    "BertForPreTraining": "objectives",
    "BertForMaskedLM": "objectives",
    "BertForSequenceClassification": "tasks",
    "BertForTokenClassification": "tasks",
    "BertForQuestionAnswering": "tasks",
}


def __getattr__(name: str) -> Any:
    """Fetch a public name from its module on first use."""
    if name not in _HOME:
        raise AttributeError(f"module 'bert_tutorial' has no attribute {name!r}")
    value = getattr(import_module(f"bert_tutorial.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names, fetched or not."""
    return sorted(__all__)
