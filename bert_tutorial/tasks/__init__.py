"""Fine-tuning: sentiment, values on a scale, tagging, questions, summaries.

The names below fine-tune, evaluate and predict on files and on rows, as the command
line does. They are fetched on first use: `import bert_tutorial.tasks` is light.

Chapter: 14
Used from: 1
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bert_tutorial.tasks.fine_tuning import FineTuningConfig
    from bert_tutorial.tasks.questions.task import QUESTIONS
    from bert_tutorial.tasks.run import RunOptions, fine_tune_model, report_lines
    from bert_tutorial.tasks.sentiment.task import SENTIMENT
    from bert_tutorial.tasks.sentiment.values import REGRESSION
    from bert_tutorial.tasks.summaries.task import SUMMARIES
    from bert_tutorial.tasks.tagging.task import TAGGING
    from bert_tutorial.tasks.task import Reading, Task
    from bert_tutorial.tasks.use import evaluate_model, predict_rows

__all__ = [
    "QUESTIONS",
    "REGRESSION",
    "SENTIMENT",
    "SUMMARIES",
    "TAGGING",
    "FineTuningConfig",
    "Reading",
    "RunOptions",
    "Task",
    "evaluate_model",
    "fine_tune_model",
    "predict_rows",
    "report_lines",
]

_HOME = {
    "FineTuningConfig": "fine_tuning",
    "QUESTIONS": "questions.task",
    "REGRESSION": "sentiment.values",
    "Reading": "task",
    "RunOptions": "run",
    "SENTIMENT": "sentiment.task",
    "SUMMARIES": "summaries.task",
    "TAGGING": "tagging.task",
    "Task": "task",
    "evaluate_model": "use",
    "fine_tune_model": "run",
    "predict_rows": "use",
    "report_lines": "run",
}


def __getattr__(name: str) -> Any:
    """Fetch a public name from its module on first use."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names, fetched or not."""
    return sorted(__all__)
