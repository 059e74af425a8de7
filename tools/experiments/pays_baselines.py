"""What pretraining_pays compares a BERT with: logistic regressions on words."""

from typing import Any

import torch

from bert_tutorial.tasks.sentiment.baseline import bag_of_words
from bert_tutorial.world.tasks import TAGS


def words_of(item: Any) -> list[str]:
    """Split the text of a review."""
    return str(item.text).lower().replace(".", " ").split()


def window(words: list[str], index: int) -> list[str]:
    """Name a word and its two neighbours, each with its place."""
    padded = ["<", *words, ">"]
    return [f"{k}:{padded[index + 1 + k].lower()}" for k in (-1, 0, 1)]


def baseline(name: str, train: list[Any], test: list[Any]) -> float:
    """Score a logistic regression on words (tagging, questions: and neighbours)."""
    if name == "sentiment":
        logits = bag_of_words(
            [words_of(s) for s in train],
            [s.label for s in train],
            [words_of(s) for s in test],
            2,
        )
        right = logits.argmax(-1) == torch.tensor([s.label for s in test])
        return right.float().mean().item()
    if name == "tagging":

        def rows(items: list[Any]) -> tuple[list[list[str]], list[int]]:
            places = [(i, k) for i in items for k in range(len(i.words))]
            tags = [TAGS.index(i.tags[k]) for i, k in places]
            return [window(list(i.words), k) for i, k in places], tags

        features, labels = rows(train)
        tested, gold = rows(test)
        logits = bag_of_words(features, labels, tested, len(TAGS))
        truth = torch.tensor(gold)
        return (logits.argmax(-1) == truth)[truth > 0].float().mean().item()
    return questions_baseline(train, test)


def questions_baseline(train: list[Any], test: list[Any]) -> float:
    """Score each word of a passage by its neighbours, crossed with the question."""

    def rows(item: Any) -> tuple[list[list[str]], int]:
        words = item.context.replace(".", " .").split()
        asked = item.question.lower().rstrip("?").split()
        features = [
            [
                *window(words, i),
                *(f"{q}|{w}" for q in asked for w in window(words, i)),
            ]
            for i in range(len(words))
        ]
        return features, words.index(item.answer)

    features, labels = [], []
    for item in train:
        found, answer = rows(item)
        features += found
        labels += [int(i == answer) for i in range(len(found))]
    tested = [rows(item) for item in test]
    flat = [row for found, _ in tested for row in found]
    logits = bag_of_words(features, labels, flat, 2)
    scores = (logits[:, 1] - logits[:, 0]).split([len(found) for found, _ in tested])
    hits = [s.argmax().item() == a for s, (_, a) in zip(scores, tested, strict=True)]
    return sum(hits) / len(hits)
