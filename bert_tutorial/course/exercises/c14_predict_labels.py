"""Exercise: guess labels for many texts.

Chapter: 14
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from bert_tutorial.course.judging.exercise import Case, Exercise, Property
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


def observed(answer: Any, is_training: bool) -> tuple[bool, bool]:
    """Tell the mode afterwards, and whether gradients were asked for."""
    case = Case((cases(0, torch.float32)[0].args[0], is_training))
    return run(answer, case)[1:]


def puts_mode_back(answer: Any) -> bool:
    """Look at the mode of a model that came in train mode, and in eval mode."""
    return all(observed(answer, mode)[0] == mode for mode in (True, False))


def asks_for_no_gradients(answer: Any) -> bool:
    """See whether the model ran without recording."""
    return not observed(answer, False)[1]


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
a threshold on the probability: model(**batch).logits.argmax(dim=-1).tolist() =>
| (model(**batch).logits.softmax(dim=-1)[:, 1] > 0.5).int().tolist()
    You ask whether the probability of class 1 is above a half. The label is the class
    with the highest logit, of any number of classes.
the highest logits: argmax(dim=-1) => amax(dim=-1)
    These are the highest logits. The number of the class that has it is asked for:
    argmax.
a tensor: return guesses => return torch.tensor(guesses)
    The result is a tensor. A list of whole numbers is asked for: .tolist().
numbers in tensors: argmax(dim=-1).tolist() => argmax(dim=-1)
    The list holds tensors of one number each. Whole numbers are asked for: .tolist().
a tensor for each batch:
- guesses += model(**batch).logits.argmax(dim=-1).tolist() =>
| guesses.append(model(**batch).logits.argmax(dim=-1))
    You give a list of tensors, one for each batch. Give one list of the labels of all
    texts, in order: guesses += ....tolist().
one label a batch:
- guesses += model(**batch).logits.argmax(dim=-1).tolist() =>
| guesses.append(int(model(**batch).logits.argmax()))
    There is one number for each batch: without dim, argmax runs over all numbers at
    once. It runs over the classes of each text: dim=-1.
first batch only: in batches => in batches[:1]
    Only the first batch is guessed. Return after the loop, with the labels of all
    batches.
the lowest logit: argmax => argmin
    You take the class with the lowest logit. The highest is asked for.
as it came: … => guesses = []
|     for batch in batches:
|         guesses += model(**batch).logits.argmax(dim=-1).tolist()
|     return guesses
    The model is run as it came, in train mode with dropout, and torch records what a
    backward pass would need. Call model.eval(), and guess inside torch.no_grad().
left in eval, gradients kept:
- with torch.no_grad(): => if True:
- model.train(was_training) =>
    The model is left in eval mode, and torch kept everything for a backward pass that
    never comes. Put the mode back, and guess inside torch.no_grad().
left in train, gradients kept:
- with torch.no_grad(): => if True:
- model.train(was_training) => model.train()
    The model is left in train mode although it came in eval mode, and torch kept
    everything for a backward pass that never comes. Put back the mode in which it came,
    and guess inside torch.no_grad().
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
    properties=[
        Property(
            "the mode comes back",
            "Afterwards the model must be in the mode, train or eval, in which it "
            "came.",
            puts_mode_back,
        ),
        Property(
            "no gradients",
            "The model must run inside torch.no_grad() or torch.inference_mode().",
            asks_for_no_gradients,
        ),
    ],
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
