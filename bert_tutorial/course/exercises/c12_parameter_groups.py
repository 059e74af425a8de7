"""Exercise: which parameters decay.

Chapter: 12
"""

from typing import Any

import torch
from torch import nn

from bert_tutorial.course.judging.exercise import Case, Exercise, Mutant
from bert_tutorial.model.config import BertConfig
from bert_tutorial.model.objectives import BertForPreTraining, MaskedLMHead
from bert_tutorial.training.optimizer import parameter_groups

STUB = '''
def parameter_groups(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Divide the parameters into two groups for a torch optimizer.

    Matrices and tables get weight_decay; biases, and both parameters of each LayerNorm,
    get 0.0. A group is {"params": [...], "weight_decay": ...}, the decaying one first,
    parameters in the model's order, each once.
    """
    raise NotAttempted
'''

Groups = list[dict[str, Any]]


def by_dimension(model: nn.Module, weight_decay: float) -> Groups:
    """Let what has two axes decay: the same for these models."""
    parameters = list(model.parameters())
    return [
        {
            "params": [p for p in parameters if p.dim() > 1],
            "weight_decay": weight_decay,
        },
        {"params": [p for p in parameters if p.dim() < 2], "weight_decay": 0.0},
    ]


def split(model: nn.Module, weight_decay: float, keeps: Any) -> Groups:
    """Divide by name."""
    named = list(model.named_parameters())
    return [
        {"params": [p for n, p in named if not keeps(n)], "weight_decay": weight_decay},
        {"params": [p for n, p in named if keeps(n)], "weight_decay": 0.0},
    ]


def everything(model: nn.Module, weight_decay: float) -> Groups:
    """Let everything decay."""
    return split(model, weight_decay, lambda name: False)


def norms_decay(model: nn.Module, weight_decay: float) -> Groups:
    """Let the gains of norms decay."""
    return split(model, weight_decay, lambda name: name.endswith("bias"))


def biases_decay(model: nn.Module, weight_decay: float) -> Groups:
    """Let biases of matrices decay."""
    return split(model, weight_decay, lambda name: "norm" in name)


def tables_kept(model: nn.Module, weight_decay: float) -> Groups:
    """Keep the tables from decaying, too."""
    return split(
        model,
        weight_decay,
        lambda n: n.endswith("bias") or "norm" in n or "embeddings" in n,
    )


def turned(model: nn.Module, weight_decay: float) -> Groups:
    """Put the other group first."""
    return parameter_groups(model, weight_decay)[::-1]


def both_decay(model: nn.Module, weight_decay: float) -> Groups:
    """Give both groups the same number."""
    groups = parameter_groups(model, weight_decay)
    return [{**group, "weight_decay": weight_decay} for group in groups]


def one_number(model: nn.Module, weight_decay: float) -> Groups:
    """Say nothing about the second group."""
    groups = parameter_groups(model, weight_decay)
    return [groups[0], {"params": groups[1]["params"]}]


def fixed_number(model: nn.Module, weight_decay: float) -> Groups:
    """Take the published number."""
    return parameter_groups(model, 0.01)


def run(answer: Any, case: Case) -> list[tuple[float, list[str]]]:
    """Name the parameters of each group."""
    config, weight_decay = case.args
    model = (MaskedLMHead if case.kwargs else BertForPreTraining)(config)
    names = {id(p): name for name, p in model.named_parameters()}
    return [
        (float(group["weight_decay"]), [names[id(p)] for p in group["params"]])
        for group in answer(model, weight_decay)
    ]


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """A model of one layer, one of two, and a head alone."""
    small = BertConfig(
        vocab_size=9,
        hidden_size=8,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=12,
    )
    return [
        Case((small, 0.01), "one layer"),
        Case((small.changed(num_hidden_layers=2), 0.1), "two layers"),
        Case((small, 0.01), "a head, whose bias is named without a dot", {"head": 1}),
    ]


EXERCISE = Exercise(
    id="parameter-groups",
    chapter=12,
    title="Which parameters decay",
    difficulty=2,
    minutes=10,
    stub=STUB,
    solution=parameter_groups,
    accepted={"dimension": by_dimension},
    run=run,
    mutants=[
        Mutant(
            "everything decays",
            everything,
            "Biases and norms decay as well. A gain that decays is pulled from 1 to 0; "
            "both kinds belong into the group with 0.0.",
        ),
        Mutant(
            "gains decay",
            norms_decay,
            "The gains of the LayerNorms decay. Both parameters of a norm belong into "
            "the group with 0.0, the one named weight, too. (Names of other libraries, "
            "such as LayerNorm, are not found here: ask for the type.)",
        ),
        Mutant(
            "biases decay",
            biases_decay,
            "The biases of the matrices decay. They belong into the group with 0.0.",
        ),
        Mutant(
            "tables kept",
            tables_kept,
            "The three tables do not decay in yours. In BERT they do: only biases and "
            "norms are left out.",
        ),
        Mutant(
            "groups turned",
            turned,
            "The groups are right, but in the wrong order: the decaying one comes "
            "first.",
        ),
        Mutant(
            "both with decay",
            both_decay,
            "Both groups have the same weight_decay. The second one has 0.0.",
        ),
        Mutant(
            "no number for the second",
            one_number,
            "The second group has no weight_decay, so the optimizer's own number "
            "would hold for it: 0.01 in AdamW. Say 0.0.",
        ),
        Mutant(
            "0.01 in any case",
            fixed_number,
            "The first group decays with 0.01 in yours, whatever weight_decay says.",
        ),
    ],
    cases=cases,
    waived={
        "1 => 2": ("only the last part of the name is read"),
    },
    hints=(
        "What do biases, gains and shifts have in common that matrices and tables "
        "have not?",
        "Either collect the parameters of all nn.LayerNorm modules, or look at "
        "p.dim(): vectors do not decay.",
        "Two lists over model.parameters(), by p.dim() > 1.",
    ),
)
