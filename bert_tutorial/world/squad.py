"""Questions of the mini-world in the form of a SQuAD file's.

Chapter: 16
"""

from collections.abc import Sequence

from bert_tutorial.tasks.questions.files import SquadItem
from bert_tutorial.world.tasks import Question

__all__ = ["squad_items"]


def squad_items(questions: Sequence[Question]) -> list[SquadItem]:
    """Give questions of the mini-world the form of a file's; the ids are numbers."""
    return [
        SquadItem(str(i), q.question, q.context, [(q.answer, q.answer_start)], False)
        for i, q in enumerate(questions)
    ]
