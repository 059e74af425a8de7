"""Question answering for finetune, evaluate and predict.

Chapter: 0
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from bert_tutorial.files.errors import UserError
from bert_tutorial.model.task_heads import BertForQuestionAnswering
from bert_tutorial.tasks.examples import Example
from bert_tutorial.tasks.questions.answers import answer_questions
from bert_tutorial.tasks.questions.files import SquadItem, read_squad
from bert_tutorial.tasks.questions.scores import evaluate
from bert_tutorial.tasks.questions.windows import encode_squad
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


def query_length(
    tokenizer: BertTokenizer, items: Sequence[SquadItem], shape: Shape, source: str
) -> int:
    """Give the most pieces of a question; a longer one is refused, not cut.

    Raises:
        UserError: naming file, question, its pieces, those allowed.
    """
    most = min(QUERY, shape.max_length // 2)
    for item in items:
        got = len(tokenizer.tokenize(item.question))
        if got > most:
            raise UserError(
                f"{source}: question {item.id}: it must have at most {most} pieces so "
                f"that {shape.max_length} tokens have room for its passage, got {got}"
            )
    return most


def encode_questions(
    tokenizer: BertTokenizer,
    rows: Sequence[SquadItem],
    names: Sequence[str],
    shape: Shape,
    source: str,
) -> list[Example]:
    """Cut passages into windows."""
    most = query_length(tokenizer, rows, shape, source)
    windows = encode_squad(
        tokenizer,
        rows,
        shape.max_length,
        shape.stride or default_stride(shape.max_length),
        max_query_length=most,
    )
    return [window.example for window in windows]


def default_stride(max_length: int) -> int:
    """Give the published 128 pieces for 384 tokens, and the same share of others."""
    return max(1, max_length // 3)


def answers_of(
    model: BertForQuestionAnswering,
    tokenizer: BertTokenizer,
    rows: Sequence[SquadItem],
    shape: Shape,
    threshold: float | None,
    source: str,
) -> Mapping[str, str]:
    """Answer questions."""
    return answer_questions(
        model,
        tokenizer,
        rows,
        max_length=shape.max_length,
        stride=shape.stride or default_stride(shape.max_length),
        threshold=threshold,
        max_query_length=query_length(tokenizer, rows, shape, source),
    )


def score_questions(
    model: BertForQuestionAnswering,
    tokenizer: BertTokenizer,
    rows: Sequence[SquadItem],
    names: Sequence[str],
    shape: Shape,
    source: str,
) -> dict[str, float]:
    """Score answers; where some questions have none, "no answer" wins from 0 on."""
    threshold = 0.0 if any(row.is_impossible for row in rows) else None
    answers = answers_of(model, tokenizer, rows, shape, threshold, source)
    scores = evaluate(answers, rows)
    return {"f1": scores["f1"], "exact_match": scores["exact_match"]}


def read_asked(file: Path, columns: Mapping[str, str]) -> Sequence[SquadItem]:
    """Read questions with passages; their answers are not looked at."""
    return read_questions(file, True, columns)


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
    """Say of each question: id, question, answer."""
    answers = answers_of(model, tokenizer, rows, shape, None, "the questions")
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
    check=encode_questions,
    read_texts=read_asked,
    from_words=asked_of_texts,
    predict=predict_answers,
    max_length=384,
    stride=default_stride,
)
