"""Exercise: guess labels for many texts.

Chapter: 14
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from bert_tutorial.course.judging.exercise import Case, Exercise
from bert_tutorial.course.judging.listed import mistakes

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


MISTAKES = """
dropout on: model.eval() =>
    The model guesses in train mode, with dropout: its guesses are noisy and differ from
    run to run. Call model.eval() first.
stays in eval: model.train(was_training) =>
    The model is left in eval mode, so training would go on without dropout. Remember
    model.training and put it back.
always in train mode: model.train(was_training) => model.train()
    The model is left in train mode although it came in eval mode. Put back the mode in
    which it came.
last batch missing: in batches => in batches[:-1]
    The last batch is missing. Every text is guessed, the short batch too.
across the batch: argmax(dim=-1) => argmax(dim=0)
    argmax runs over the texts. It runs over the classes: dim=-1.
a list for each batch: guesses += model(**batch).logits.argmax(dim=-1).tolist() =>
| guesses.append(model(**batch).logits.argmax(dim=-1).tolist())
    You give a list of lists. Give one list of all texts in order.
gradients kept: with torch.no_grad(): => if True:
    The guesses are right, and torch kept everything for a backward pass that never
    comes. Guess inside torch.no_grad().
ids only: model(**batch) => model(input_ids=batch['input_ids'])
    The model got the ids and nothing else of the batch, so it reads the padding as
    text. Pass the whole batch: model(**batch).
a threshold: model(**batch).logits.argmax(dim=-1).tolist() =>
| (model(**batch).logits[:, 1] > 0).int().tolist()
    You ask whether one logit is above 0. The label is the class with the highest logit,
    of any number of classes.
"""

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
    mutants=mistakes(MISTAKES),
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
