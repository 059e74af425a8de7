"""Facts of the World Factbook, in sentences that it does not have."""

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any

import torch
from english_text import capital_of, places
from torch import Tensor

from bert_tutorial.model.objectives import BertForPreTraining
from bert_tutorial.pretraining.batches import pad
from bert_tutorial.pretraining.corpus import CorpusData, encode_documents
from bert_tutorial.pretraining.documents import read_documents
from bert_tutorial.tokenization.tokenizer import BertTokenizer

__all__ = ["QUESTIONS", "ask", "questions"]


@torch.no_grad()
def scores(
    model: BertForPreTraining,
    tokenizer: BertTokenizer,
    sentence: str,
    names: Sequence[str],
    answers: Sequence[str],
) -> Tensor:
    """Give how well each answer fits each place: (places, answers).

    An answer of k pieces is read at k masks; its score is the mean of its pieces' log
    probabilities, less that of the same answer over all places, which is how much a
    model likes it whatever is asked.
    """
    pieces = tokenizer.encode_lines(list(answers))
    table = torch.zeros(len(names), len(answers))
    for count in {len(one) for one in pieces}:
        columns = [i for i, one in enumerate(pieces) if len(one) == count]
        wanted = torch.tensor([pieces[i] for i in columns])  # (C, k)
        masks = " ".join(["[MASK]"] * count)
        asked = [sentence.format(place=name, answer=masks) for name in names]
        ids, is_token = pad([tokenizer.encode(text).ids for text in asked], 0)
        hidden = model.bert(ids, is_token).last_hidden_state[ids == tokenizer.mask_id]
        logs = model.cls.predictions(hidden).log_softmax(-1)  # (places * k, V)
        logs = logs.view(len(names), count, -1)
        for column, answer in zip(columns, wanted, strict=True):
            table[:, column] = logs[:, torch.arange(count), answer].mean(1)
    return table - table.mean(0)


def recall(table: Tensor, gold: Sequence[int]) -> dict[str, float]:
    """Give how often the true answer is first, and among the first ten."""
    right = table.gather(1, torch.tensor(gold)[:, None])
    ranks = (table > right).sum(1)
    return {
        "first": round((ranks == 0).float().mean().item(), 4),
        "first ten": round((ranks < 10).float().mean().item(), 4),
    }


def questions(sources: Path, text: Path, data: CorpusData) -> dict[str, dict[str, Any]]:
    """Gather places and answers; places of held-out documents are left out.

    A place is not asked about if its name has the answer in it, or the text has the
    very words of the question.
    """
    held = {tuple(document[0]) for document in data.validation}
    files = sorted(text.glob("*.txt"))
    read = "\n".join(file.read_text(encoding="utf-8").lower() for file in files)
    documents = read_documents([text / "factbook.txt"])
    first = {document[0].split(",")[0]: document[0] for document in documents}
    found: dict[str, dict[str, Any]] = {}
    for name, (sentence, answer_of) in QUESTIONS.items():
        rows = []
        for place, values in places(sources).items():
            answer = answer_of(values)
            if not answer or place not in first or answer.lower() in place.lower():
                continue
            (begin,) = encode_documents(data.tokenizer, [[first[place]]])
            asked = sentence.format(place=place, answer="").lower().rstrip(". ")
            if tuple(begin[0]) not in held and asked not in read:
                rows.append((place, answer))
        answers = [answer for _, answer in rows]
        found[name] = {
            "sentence": sentence,
            "questions": len(rows),
            "answers": len(set(answers)),
            "majority": round(Counter(answers).most_common(1)[0][1] / len(rows), 4),
            "rows": rows,
        }
    return found


def region_of(values: dict[str, Any]) -> str | None:
    """Give the part of the world that a country's maps are filed under."""
    text = values.get("Geography", {}).get("Map references", {}).get("text")
    has_people = "People and Society" in values
    return text.split(",")[0].strip() if text and has_people else None


QUESTIONS: dict[str, tuple[str, Callable[[dict[str, Any]], str | None]]] = {
    "capital": ("The capital of {place} is {answer}.", capital_of),
    "region": ("{place} is a country in {answer}.", region_of),
}


def ask(
    model: BertForPreTraining,
    tokenizer: BertTokenizer,
    question: dict[str, Any],
    seed: int,
) -> dict[str, float]:
    """Give how often a model is right, and how often another place's answer is."""
    rows = question["rows"]
    answers = sorted({answer for _, answer in rows})
    gold = [answers.index(answer) for _, answer in rows]
    names = [place for place, _ in rows]
    table = scores(model, tokenizer, question["sentence"], names, answers)
    other = Random(seed).sample(gold, len(gold))
    return recall(table, gold) | {"shuffled": recall(table, other)["first"]}
