"""The tasks by name.

Chapter: 14
"""

from bert_tutorial.files.errors import UserError
from bert_tutorial.tasks.questions.task import QUESTIONS
from bert_tutorial.tasks.sentiment.task import SENTIMENT
from bert_tutorial.tasks.summaries.task import SUMMARIES
from bert_tutorial.tasks.tagging.task import TAGGING
from bert_tutorial.tasks.task import Task

__all__ = ["TASKS", "find_task"]

TASKS: dict[str, Task] = {
    "sentiment": SENTIMENT,
    "tagging": TAGGING,
    "qa": QUESTIONS,
    "summarize": SUMMARIES,
}


def find_task(name: str) -> Task:
    """Give a task by its name.

    Raises:
        UserError: if there is none of that name.
    """
    if name not in TASKS:
        raise UserError(f"task must be {', '.join(TASKS)}, got {name!r}")
    return TASKS[name]
