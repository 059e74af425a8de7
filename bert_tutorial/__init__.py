"""BERT, built from scratch: the companion package of the book.

The public names below are fetched from their modules on first use, so that
`import bert_tutorial` alone loads neither torch nor anything else that is large.

Chapter: 0
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bert_tutorial.model.bert import BertModel
    from bert_tutorial.model.config import BertConfig
    from bert_tutorial.model.objectives import BertForMaskedLM, BertForPreTraining
    from bert_tutorial.model.task_heads import (
        BertForQuestionAnswering,
        BertForSequenceClassification,
        BertForTokenClassification,
    )
    from bert_tutorial.tokenization.tokenizer import BertTokenizer

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
    "BertConfig": "model.config",
    "BertTokenizer": "tokenization.tokenizer",
    "BertModel": "model.bert",
    "BertForPreTraining": "model.objectives",
    "BertForMaskedLM": "model.objectives",
    "BertForSequenceClassification": "model.task_heads",
    "BertForTokenClassification": "model.task_heads",
    "BertForQuestionAnswering": "model.task_heads",
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
