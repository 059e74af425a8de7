"""Exercise: guess labels for many texts.

Chapter: 14
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from bert_tutorial.course.judging.exercise import Case, Exercise, Mutant

STUB = '''
def predict_labels(model: nn.Module, batches: list[dict[str, Tensor]]) -> list[int]:
    """Guess the label of every text: the class with the highest logit.

    model(**batch).logits is (B, C). No dropout and no gradients meanwhile; afterwards
    the model is in the mode, train or eval, in which it came.
    """
    raise NotAttempted
'''

Batches = list[dict[str, Tensor]]


class Output(NamedTuple):
    """What a model returns."""

    logits: Tensor


class Model(nn.Module):
    """A table of logits behind a dropout."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(12, 3)
        self.dropout = nn.Dropout(0.5)

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor | None = None
    ) -> Output:
        """Look the logits of the first token and of the last real one up."""
        if torch.is_grad_enabled() and not self.training:
            self.asked_for_gradients = True
        if attention_mask is None:
            attention_mask = torch.ones_like(input_ids)
        last = input_ids.gather(1, attention_mask.sum(dim=1, keepdim=True) - 1)
        logits = self.table(input_ids[:, 0]) + self.table(last[:, 0])
        return Output(self.dropout(logits))


def predict_labels(model: nn.Module, batches: list[dict[str, Tensor]]) -> list[int]:
    """Guess in eval mode, batch by batch."""
    was_training = model.training
    model.eval()
    guesses: list[int] = []
    with torch.no_grad():
        for batch in batches:
            guesses += model(**batch).logits.argmax(dim=-1).tolist()
    model.train(was_training)
    return guesses


def with_inference_mode(model: nn.Module, batches: Batches) -> list[int]:
    """Use torch's own inference mode."""
    was_training = model.training
    model.train(False)
    with torch.inference_mode():
        parts = [model(**batch).logits.max(dim=1).indices for batch in batches]
    model.train(was_training)
    return torch.cat(parts).tolist()  # type: ignore[no-any-return]


def dropping(model: nn.Module, batches: Batches) -> list[int]:
    """Leave dropout on."""
    with torch.no_grad():
        return [g for b in batches for g in model(**b).logits.argmax(-1).tolist()]


def stays_in_eval(model: nn.Module, batches: Batches) -> list[int]:
    """Forget to switch back."""
    guesses = predict_labels(model, batches)
    model.eval()
    return guesses


def always_trains(model: nn.Module, batches: Batches) -> list[int]:
    """Switch to train mode in any case."""
    guesses = predict_labels(model, batches)
    model.train()
    return guesses


def last_missing(model: nn.Module, batches: Batches) -> list[int]:
    """Leave the last batch out."""
    return predict_labels(model, batches[:-1])


def across_batch(model: nn.Module, batches: Batches) -> list[int]:
    """Look for the best text of each class."""
    was_training = model.training
    model.eval()
    with torch.no_grad():
        guesses = [g for b in batches for g in model(**b).logits.argmax(0).tolist()]
    model.train(was_training)
    return guesses


def nested(model: nn.Module, batches: Batches) -> list[Any]:
    """Give a list for each batch."""
    return [predict_labels(model, [batch]) for batch in batches]


def with_gradients(model: nn.Module, batches: Batches) -> list[int]:
    """Keep the gradients."""
    was_training = model.training
    model.eval()
    guesses = [g for b in batches for g in model(**b).logits.argmax(-1).tolist()]
    model.train(was_training)
    return guesses


def ids_only(model: nn.Module, batches: Batches) -> list[int]:
    """Give the model the ids alone."""
    return predict_labels(model, [{"input_ids": b["input_ids"]} for b in batches])


def by_threshold(model: nn.Module, batches: Batches) -> list[int]:
    """Ask whether the logit of class 1 is above 0."""
    was_training = model.training
    model.eval()
    with torch.no_grad():
        guesses = [int(x > 0) for b in batches for x in model(**b).logits[:, 1]]
    model.train(was_training)
    return guesses


def run(answer: Any, case: Case) -> tuple[Any, bool, bool]:
    """Guess; tell the mode afterwards, and whether gradients were asked for."""
    batches, is_training = case.args
    torch.manual_seed(14)
    model = Model().train(is_training)
    model.asked_for_gradients = False
    guesses = answer(model, batches)
    return guesses, model.training, bool(model.asked_for_gradients)


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """Two batches of unequal size, from both modes."""
    generator = torch.Generator().manual_seed(seed)
    batches = [
        {
            "input_ids": torch.randint(12, (rows, 4), generator=generator),
            "attention_mask": (torch.arange(4) <= torch.arange(rows)[:, None] % 4)
            .long()
            .contiguous(),
        }
        for rows in (24, 5, 1)
    ]
    return [
        Case((batches, True), "batches of 24, 5 and 1 texts, the model in train mode"),
        Case((batches, False), "the same, the model in eval mode"),
    ]


EXERCISE = Exercise(
    id="predict-labels",
    chapter=14,
    title="Guess labels for many texts",
    difficulty=1,
    minutes=10,
    stub=STUB,
    solution=predict_labels,
    accepted={"inference mode": with_inference_mode},
    run=run,
    mutants=[
        Mutant(
            "dropout on",
            dropping,
            "The model guesses in train mode, with dropout: its guesses are noisy and "
            "differ from run to run. Call model.eval() first.",
        ),
        Mutant(
            "stays in eval",
            stays_in_eval,
            "The model is left in eval mode, so training would go on without dropout. "
            "Remember model.training and put it back.",
        ),
        Mutant(
            "always in train mode",
            always_trains,
            "The model is left in train mode although it came in eval mode. Put back "
            "the mode in which it came.",
        ),
        Mutant(
            "last batch missing",
            last_missing,
            "The last batch is missing. Every text is guessed, the short batch too.",
        ),
        Mutant(
            "across the batch",
            across_batch,
            "argmax runs over the texts. It runs over the classes: dim=-1.",
        ),
        Mutant(
            "a list for each batch",
            nested,
            "You give a list of lists. Give one list of all texts in order.",
        ),
        Mutant(
            "gradients kept",
            with_gradients,
            "The guesses are right, and torch kept everything for a backward pass that "
            "never comes. Guess inside torch.no_grad().",
        ),
        Mutant(
            "ids only",
            ids_only,
            "The model got the ids and nothing else of the batch, so it reads the "
            "padding as text. Pass the whole batch: model(**batch).",
        ),
        Mutant(
            "a threshold",
            by_threshold,
            "You ask whether one logit is above 0. The label is the class with "
            "the highest logit, of any number of classes.",
        ),
    ],
    cases=cases,
    waived={
        "-1 => 1": ("logits have two axes, so -1 is 1"),
    },
    hints=(
        "Three things around a loop: the mode, the gradients, and putting back.",
        "was_training = model.training; model.eval(); ...; model.train(was_training).",
        "guesses += model(**batch).logits.argmax(dim=-1).tolist(), under no_grad.",
    ),
)
