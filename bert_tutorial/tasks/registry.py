"""The tasks by name.

Chapter: 0
"""

from typing import Protocol, TypeVar

from bert_tutorial.files.errors import UserError
from bert_tutorial.tasks.questions.task import QUESTIONS
from bert_tutorial.tasks.sentiment.task import SENTIMENT
from bert_tutorial.tasks.sentiment.values import REGRESSION
from bert_tutorial.tasks.summaries.task import SUMMARIES
from bert_tutorial.tasks.tagging.task import TAGGING
from bert_tutorial.tasks.task import Head, Row, Task

__all__ = ["ForAnyTask", "with_task"]

Result = TypeVar("Result")
Result_co = TypeVar("Result_co", covariant=True)


class ForAnyTask(Protocol[Result_co]):
    """What can be done with each task, whatever its rows and its model are."""

    def __call__(self, task: Task[Row, Head], /) -> Result_co:
        """Do it."""


def with_task(name: str, do: ForAnyTask[Result]) -> Result:
    """Do something with the task of a name.

    The tasks have rows of different types, so no table of them has a type that says
    more than "anything". A function for any task keeps each one's own.

    Raises:
        UserError: if there is no task of that name.
    """
    if name == SENTIMENT.name:
        return do(SENTIMENT)
    if name == REGRESSION.name:
        return do(REGRESSION)
    if name == TAGGING.name:
        return do(TAGGING)
    if name == QUESTIONS.name:
        return do(QUESTIONS)
    if name == SUMMARIES.name:
        return do(SUMMARIES)
    tasks = (SENTIMENT, REGRESSION, TAGGING, QUESTIONS, SUMMARIES)
    known = ", ".join(task.name for task in tasks)
    raise UserError(f"task must be {known}, got {name!r}")
