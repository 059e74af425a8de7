"""Question answering for finetune, evaluate and predict.

Chapter: 0
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from bert_tutorial.files.errors import UserError, how_many
from bert_tutorial.model.task_heads import BertForQuestionAnswering
from bert_tutorial.tasks.examples import Example
from bert_tutorial.tasks.questions.answers import Answers, answer_questions
from bert_tutorial.tasks.questions.files import SquadItem, read_squad
from bert_tutorial.tasks.questions.scores import evaluate
from bert_tutorial.tasks.questions.windows import (
    PassageWindow,
    encode_squad,
    lost_answers,
)
from bert_tutorial.tasks.rows import Rows
from bert_tutorial.tasks.task import Prediction, Shape, Task, given_texts, no_columns
from bert_tutorial.tokenization.tokenizer import BertTokenizer

__all__ = ["QUESTIONS"]

QUERY = 64  # pieces of a question, as in the published code


def read_questions(
    file: Path, strict: bool, columns: Mapping[str, str]
) -> Rows[SquadItem]:
    """Read a file in the form of SQuAD."""
    no_columns(columns)
    return read_squad(file, strict=strict)


def query_length(shape: Shape) -> int:
    """Give the most pieces of a question; the rest of a longer one is cut off."""
    return min(QUERY, shape.max_length // 2)


def windows_of(
    tokenizer: BertTokenizer, rows: Sequence[SquadItem], shape: Shape
) -> list[PassageWindow]:
    """Cut passages into windows."""
    return encode_squad(
        tokenizer,
        rows,
        shape.max_length,
        shape.stride or default_stride(shape.max_length),
        max_query_length=query_length(shape),
    )


def encode_questions(
    tokenizer: BertTokenizer,
    rows: Sequence[SquadItem],
    names: Sequence[str],
    shape: Shape,
    source: str,
) -> list[Example]:
    """Cut passages into windows, and find the answers in them."""
    return [window.example for window in windows_of(tokenizer, rows, shape)]


def question_notes(
    tokenizer: BertTokenizer, rows: Sequence[SquadItem], shape: Shape
) -> list[str]:
    """Say how many questions are cut, and how many answers are lost."""
    most = query_length(shape)
    pieces = tokenizer.encode_lines([row.question for row in rows])
    cut = sum(len(ids) > most for ids in pieces)
    found = []
    if cut:
        found.append(
            f"{cut:,} of {len(rows):,} questions are cut to {most} pieces, so that "
            f"{shape.max_length} tokens have room for the passage"
        )
    lost = len(lost_answers(windows_of(tokenizer, rows, shape), rows))
    if lost:
        there = sum(bool(row.answers) for row in rows)
        found.append(
            f"{lost:,} of {there:,} answers are lost: no window that may give them "
            "shows them whole; a smaller --stride or a larger --max-length keeps more"
        )
    return found


def count_questions(rows: Sequence[SquadItem]) -> list[str]:
    """Say how many questions have an answer."""
    silent = sum(row.is_impossible for row in rows)
    answered = how_many(len(rows) - silent, "question")
    return [f"{answered} with an answer, {silent:,} without"]


def null_threshold(rows: Sequence[SquadItem]) -> float | None:
    """Let "no answer" win from 0 on, if it was learned, as the published code does."""
    return 0.0 if any(row.is_impossible for row in rows) else None


def default_stride(max_length: int) -> int:
    """Give the published 128 pieces for 384 tokens, and the same share of others."""
    return max(1, max_length // 3)


def answers_of(
    model: BertForQuestionAnswering,
    tokenizer: BertTokenizer,
    rows: Sequence[SquadItem],
    shape: Shape,
) -> Answers:
    """Answer questions: the one way, for scores and for use."""
    return answer_questions(
        model,
        tokenizer,
        rows,
        max_length=shape.max_length,
        stride=shape.stride or default_stride(shape.max_length),
        threshold=shape.threshold,
        max_query_length=query_length(shape),
    )


def score_questions(
    model: BertForQuestionAnswering,
    tokenizer: BertTokenizer,
    rows: Sequence[SquadItem],
    names: Sequence[str],
    shape: Shape,
    source: str,
) -> dict[str, float]:
    """Score answers, from 0 to 1 as all tasks; the rules are those of `evaluate`."""
    scores = evaluate(answers_of(model, tokenizer, rows, shape), rows)
    kept = ("f1", "exact_match")
    parts = [f"{kind}_f1" for kind in ("answerable", "unanswerable")]
    return {name: scores[name] / 100 for name in (*kept, *parts) if name in scores}


def read_asked(file: Path, strict: bool, columns: Mapping[str, str]) -> Rows[SquadItem]:
    """Read questions with passages; their answers are not looked at."""
    no_columns(columns)
    return read_squad(file, strict=strict, labelled=False)


def asked_of_texts(texts: Sequence[str], question: str | None) -> Sequence[SquadItem]:
    """Ask one question of each text.

    Raises:
        UserError: if there is no question.
    """
    if question is None or not question.strip():
        raise UserError("--task qa needs --question, about each TEXT")
    return [
        SquadItem(str(number), question.strip(), text, [], True)
        for number, text in enumerate(given_texts(texts), start=1)
    ]


def predict_answers(
    model: BertForQuestionAnswering,
    tokenizer: BertTokenizer,
    rows: Sequence[SquadItem],
    names: Sequence[str],
    shape: Shape,
) -> list[Prediction]:
    """Say of each question: id, question, answer; "" is no answer."""
    answers = answers_of(model, tokenizer, rows, shape)
    return [
        {"id": row.id, "question": row.question, "answer": answers[row.id]}
        for row in rows
    ]


QUESTIONS = Task(
    name="qa",
    model=BertForQuestionAnswering,
    metric="f1",
    read=read_questions,
    names=lambda rows, source: [],
    encode=encode_questions,
    score=score_questions,
    read_texts=read_asked,
    from_words=asked_of_texts,
    predict=predict_answers,
    texts=lambda rows: [f"{row.question} {row.context}" for row in rows],
    describe=count_questions,
    notes=question_notes,
    threshold=null_threshold,
    max_length=384,
    stride=default_stride,
)
