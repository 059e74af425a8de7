"""Exercise: train the head only.

Chapter: 14
"""

from typing import Any

import torch
from torch import nn

from bert_tutorial.course.judging.exercise import Case, Exercise, Mutant
from bert_tutorial.model.config import BertConfig
from bert_tutorial.model.task_heads import BertForSequenceClassification

STUB = '''
def freeze_encoder(model: nn.Module) -> list[nn.Parameter]:
    """Freeze model.bert, and give the parameters that are still to be trained.

    Frozen parameters have requires_grad False; all others stay as they are, and are
    returned in the model's order, ready for an optimizer.
    """
    raise NotAttempted
'''


def freeze_encoder(model: nn.Module) -> list[nn.Parameter]:
    """Freeze the encoder, return the rest."""
    for parameter in model.get_submodule("bert").parameters():
        parameter.requires_grad_(False)
    return [p for p in model.parameters() if p.requires_grad]


def by_name(model: nn.Module) -> list[nn.Parameter]:
    """Go by the names."""
    head = []
    for name, parameter in model.named_parameters():
        if name.startswith("bert."):
            parameter.requires_grad = False
        elif parameter.requires_grad:
            head.append(parameter)
    return head


def everything(model: nn.Module) -> list[nn.Parameter]:
    """Freeze the head, too."""
    head = by_name(model)
    model.requires_grad_(False)
    return head


def nothing(model: nn.Module) -> list[nn.Parameter]:
    """Only pick the head."""
    return [p for n, p in model.named_parameters() if not n.startswith("bert.")]


def listed_first(model: nn.Module) -> list[nn.Parameter]:
    """List the parameters before freezing."""
    parameters = list(model.parameters())
    by_name(model)
    return parameters


def head_frozen(model: nn.Module) -> list[nn.Parameter]:
    """Freeze the wrong side."""
    for name, parameter in model.named_parameters():
        parameter.requires_grad = name.startswith("bert.")
    return [p for p in model.parameters() if p.requires_grad]


def tables_only(model: nn.Module) -> list[nn.Parameter]:
    """Freeze the embeddings only."""
    for name, parameter in model.named_parameters():
        if "embeddings" in name:
            parameter.requires_grad = False
    return [p for p in model.parameters() if p.requires_grad]


def pooler_trained(model: nn.Module) -> list[nn.Parameter]:
    """Keep the pooler learning."""
    for name, parameter in model.named_parameters():
        if name.startswith("bert.") and "pooler" not in name:
            parameter.requires_grad = False
    return [p for p in model.parameters() if p.requires_grad]


def asks_again(model: nn.Module) -> list[nn.Parameter]:
    """Let everything outside the encoder learn."""
    for name, parameter in model.named_parameters():
        parameter.requires_grad = not name.startswith("bert.")
    return [p for p in model.parameters() if p.requires_grad]


def frozen_too(model: nn.Module) -> list[nn.Parameter]:
    """Give the head, whatever of it learns."""
    by_name(model)
    return nothing(model)


def run(answer: Any, case: Case) -> tuple[list[str], list[str]]:
    """Name what is returned and what still learns."""
    layers, frozen = case.args
    config = BertConfig(
        vocab_size=9,
        hidden_size=8,
        num_hidden_layers=layers,
        num_attention_heads=2,
        intermediate_size=12,
    )
    model = BertForSequenceClassification(config)
    if frozen:
        model.get_parameter(frozen).requires_grad = False
    names = {id(p): name for name, p in model.named_parameters()}
    returned = [names[id(parameter)] for parameter in answer(model)]
    return returned, [n for n, p in model.named_parameters() if p.requires_grad]


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """Models of one and two layers."""
    return [
        Case((1, ""), "one layer"),
        Case((2, ""), "two layers"),
        Case((1, "classifier.bias"), "a head whose bias is frozen already"),
    ]


EXERCISE = Exercise(
    id="freeze-encoder",
    chapter=14,
    title="Train the head only",
    difficulty=1,
    minutes=5,
    stub=STUB,
    solution=freeze_encoder,
    accepted={"names": by_name},
    run=run,
    mutants=[
        Mutant(
            "everything frozen",
            everything,
            "The head is frozen as well, so nothing learns. Only model.bert is frozen.",
        ),
        Mutant(
            "nothing frozen",
            nothing,
            "You return the right parameters, but the encoder's still ask for "
            "gradients: time and memory for nothing. Set requires_grad to False.",
        ),
        Mutant(
            "listed before freezing",
            listed_first,
            "The list was made before freezing and holds all parameters. An optimizer "
            "built from it would go on decaying the frozen ones in some versions; list "
            "what is left afterwards.",
        ),
        Mutant(
            "the head frozen",
            head_frozen,
            "The wrong side is frozen: the encoder learns and the new head does not.",
        ),
        Mutant(
            "embeddings only",
            tables_only,
            "Only the embeddings are frozen. The whole of model.bert is.",
        ),
        Mutant(
            "pooler left out",
            pooler_trained,
            "The pooler still learns. It is a part of model.bert.",
        ),
        Mutant(
            "head unfrozen",
            asks_again,
            "A parameter of the head that came frozen learns again. Only "
            "model.bert is changed; all others stay as they are.",
        ),
        Mutant(
            "a frozen one returned",
            frozen_too,
            "A parameter of the head that is frozen already is returned. Only "
            "those are asked for that are still to be trained.",
        ),
    ],
    cases=cases,
    hints=(
        "Two steps: freeze, then list what is left.",
        "model.bert.parameters() are all that must not learn.",
        "requires_grad_(False) for each; then a list of those with requires_grad.",
    ),
)
