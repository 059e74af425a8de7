"""What sst2 does with words alone: a logistic regression, and who shares phrases."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bert_tutorial.tasks.sentiment.tables import LabelledText


class Words:
    """A logistic regression on which words occur, without a table of zeros."""

    def __init__(
        self, rows: Sequence[LabelledText], decay: float, steps: int = 100
    ) -> None:
        """Fit it: mean cross-entropy and decay times the sum of squared weights."""
        self.index: dict[str, int] = {}
        for row in rows:
            for word in row.text.split():
                self.index.setdefault(word, len(self.index))
        self.table = nn.EmbeddingBag(len(self.index), 2, mode="sum")
        nn.init.zeros_(self.table.weight)
        self.bias = nn.Parameter(torch.zeros(2))
        ids, starts = self.bags(rows)
        labels = torch.tensor([int(row.label) for row in rows])
        parameters = [self.table.weight, self.bias]
        optimizer = torch.optim.LBFGS(parameters, max_iter=steps)

        def closure() -> Tensor:
            optimizer.zero_grad()
            logits = self.table(ids, starts) + self.bias
            penalty = decay * self.table.weight.square().sum()
            loss = F.cross_entropy(logits, labels) + penalty
            loss.backward()
            return loss

        optimizer.step(closure)

    def bags(self, rows: Sequence[LabelledText]) -> tuple[Tensor, Tensor]:
        """Number the known words of each text, and say where each text begins."""
        bags = [
            sorted({self.index[w] for w in row.text.split() if w in self.index})
            for row in rows
        ]
        ends = torch.tensor([len(bag) for bag in bags]).cumsum(0)
        starts = torch.cat([torch.zeros(1, dtype=torch.long), ends[:-1]])
        return torch.tensor([i for bag in bags for i in bag]), starts

    @torch.no_grad()
    def hits(self, rows: Sequence[LabelledText]) -> Tensor:
        """Tell for each row whether the guess is right: (N,) bool."""
        logits = self.table(*self.bags(rows)) + self.bias
        return logits.argmax(-1) == torch.tensor([int(row.label) for row in rows])


def inside(train: Sequence[LabelledText], test: Sequence[LabelledText]) -> Tensor:
    """Tell which test phrases are a run of words of a training phrase: (N,) bool."""
    text = "\n".join(f" {' '.join(row.text.split())} " for row in train)
    return torch.tensor([f" {' '.join(row.text.split())} " in text for row in test])


def around(train: Sequence[LabelledText], test: Sequence[LabelledText]) -> Tensor:
    """Tell which test phrases have a training phrase of 4 words or more in them."""
    runs = {tuple(words) for row in train if len(words := row.text.split()) >= 4}

    def has_one(words: list[str]) -> bool:
        return any(
            tuple(words[i:j]) in runs
            for i in range(len(words))
            for j in range(i + 4, len(words) + 1)
        )

    return torch.tensor([has_one(row.text.split()) for row in test])
