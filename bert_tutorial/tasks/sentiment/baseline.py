"""The baseline that fine-tuning has to beat: a logistic regression on words.

Chapter: 14
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bert_tutorial.training.optimizer import LBFGS

__all__ = ["bag_of_words", "logistic_regression"]


def logistic_regression(
    features: Tensor,
    labels: Tensor,
    classes: int,
    steps: int = 200,
    decay: float = 1e-3,
) -> nn.Linear:
    """Fit a logistic regression: features (N, F), labels (N,) -> a linear layer."""
    layer = nn.Linear(features.shape[1], classes)
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    optimizer = LBFGS(layer.parameters(), max_iter=steps)

    def closure() -> Tensor:
        optimizer.zero_grad()
        penalty = decay * layer.weight.square().sum()
        loss = F.cross_entropy(layer(features), labels) + penalty
        loss.backward()
        return loss

    optimizer.step(closure)
    return layer


def bag_of_words(
    train: Sequence[Sequence[str]],
    labels: Sequence[int],
    test: Sequence[Sequence[str]],
    classes: int,
) -> Tensor:
    """Train a logistic regression on word indicators and judge the test items.

    Args:
        train: the words (or any named indicators) of each labelled item.
        labels: their classes.
        test: the same of the items to judge; words that no labelled item has
            count for nothing.
        classes: number of classes.

    Returns:
        The logits of `test`: (N, C).
    """
    index: dict[str, int] = {}
    for item in train:
        for word in item:
            index.setdefault(word, len(index))

    def indicators(items: Sequence[Sequence[str]]) -> Tensor:
        table = torch.zeros(len(items), len(index))
        for row, item in enumerate(items):
            table[row, [index[w] for w in item if w in index]] = 1.0
        return table

    layer = logistic_regression(indicators(train), torch.tensor(labels), classes)
    return layer(indicators(test)).detach()
