"""The methods that wnut17 compares: a BERT, and a linear model of neighbours."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from bert_tutorial import BertForTokenClassification, BertTokenizer
from bert_tutorial.tasks.fit import fit
from bert_tutorial.tasks.tagging.files import TaggedWords
from bert_tutorial.tasks.tagging.predict import word_scores
from bert_tutorial.tasks.tagging.windows import encode_rows

EPOCHS = 6
BATCH = 16

# From sentences to learn from and sentences to tag: the scores (words, C) of each.
Scorer = Callable[[Sequence[TaggedWords], Sequence[TaggedWords]], list[Tensor]]


def by_bert(
    folder: Path, names: list[str], rate: float, seed: int, scratch: bool
) -> Scorer:
    """Fine-tune the model of a folder, or learn from scratch."""

    def score(
        train: Sequence[TaggedWords], asked: Sequence[TaggedWords]
    ) -> list[Tensor]:
        tokenizer = BertTokenizer.from_pretrained(folder)
        torch.manual_seed(seed)
        model = BertForTokenClassification.from_pretrained(
            folder, num_labels=len(names), hidden_dropout_prob=0.1
        )
        if scratch:
            model = BertForTokenClassification(model.config)
        fit(
            model,
            encode_rows(tokenizer, train, names, max_length=128),
            steps=EPOCHS * len(train) // BATCH,
            batch_size=BATCH,
            learning_rate=rate,
            seed=seed,
        )
        words = [row.words for row in asked]
        return word_scores(model, tokenizer, words, max_length=128)

    return score


def features(words: Sequence[str], place: int, letters: bool) -> list[str]:
    """Name what a linear model sees of a word."""
    padded = ["<", *words, ">"]
    near = {k: padded[place + 1 + k] for k in (-1, 0, 1)}
    found = [f"{k}:{word}" for k, word in near.items()]
    if letters:
        word = near[0]
        shape = re.sub(r"[a-z]+", "a", re.sub(r"[A-Z]+", "A", word))
        found += [f"{k}:low:{w.lower()}" for k, w in near.items()]
        found += [f"start:{word[:3]}", f"end:{word[-3:]}"]
        found += [f"shape:{re.sub('[0-9]+', '9', shape)}"]
        found += [f"{k}:capital" for k, w in near.items() if w[:1].isupper()]
    return found


def by_neighbours(names: list[str], penalty: float, letters: bool) -> Scorer:
    """Fit a logistic regression on features of the word and its neighbours."""

    def score(
        train: Sequence[TaggedWords], asked: Sequence[TaggedWords]
    ) -> list[Tensor]:
        index: dict[str, int] = {}

        def bags(rows: Sequence[TaggedWords], grow: bool) -> tuple[Tensor, Tensor]:
            flat: list[int] = []
            starts: list[int] = []
            for row in rows:
                for place in range(len(row.words)):
                    starts.append(len(flat))
                    for name in features(row.words, place, letters):
                        if grow:
                            index.setdefault(name, len(index))
                        if name in index:
                            flat.append(index[name])
            return torch.tensor(flat), torch.tensor(starts)

        seen = bags(train, grow=True)
        gold = torch.tensor([names.index(tag) for row in train for tag in row.tags])
        table = torch.zeros(len(index), len(names), requires_grad=True)
        bias = torch.zeros(len(names), requires_grad=True)
        optimizer = torch.optim.LBFGS([table, bias], max_iter=150)

        def closure() -> Tensor:
            optimizer.zero_grad()
            logits = F.embedding_bag(seen[0], table, seen[1], mode="sum") + bias
            loss = F.cross_entropy(logits, gold) + penalty * table.square().sum()
            loss.backward()
            return loss

        optimizer.step(closure)
        with torch.no_grad():
            found = bags(asked, grow=False)
            logits = F.embedding_bag(found[0], table, found[1], mode="sum") + bias
        return list(logits.split([len(row.words) for row in asked]))

    return score
