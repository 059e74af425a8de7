"""Exercise: which parameters decay.

Chapter: 12
"""

from typing import Any

import torch
from torch import nn

from bert_tutorial.course.judging.exercise import Case, Exercise
from bert_tutorial.course.judging.listed import mistakes
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


def run(answer: Any, case: Case) -> list[tuple[float, list[str]]]:
    """Name the parameters of each group."""
    config, weight_decay = case.args
    model: nn.Module
    if "tied" in case.kwargs:
        model = nn.Sequential(*(nn.Linear(4, 4) for _ in range(2)))
        model[1].weight = model[0].weight
    else:
        model = (MaskedLMHead if case.kwargs else BertForPreTraining)(config)
    names = {id(p): name for name, p in model.named_parameters()}
    found = answer(model, weight_decay)

    def name(one: Any) -> str:
        return names.get(id(one), type(one).__name__)

    given = [name(p) for group in found for p in group["params"]]
    again = [
        (float(group["weight_decay"]), [name(p) for p in group["params"]])
        for group in found
    ]
    return again if given == [name for _, group in again for name in group] else []


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
        Case((small, 0.01), "two layers that share a matrix", {"tied": 1}),
        Case((small, 0.0), "no decay at all"),
    ]


MISTAKES = """
everything decays: is_bias or id(parameter) in norms => False
    Biases and norms decay as well. A gain that decays is pulled from 1 to 0; both kinds
    belong into the group with 0.0.
gains decay: is_bias or id(parameter) in norms => is_bias
    The gains of the LayerNorms decay. Both parameters of a norm belong into the group
    with 0.0, the one named weight, too. (Names of other libraries, such as LayerNorm,
    are not found here: ask for the type.)
biases decay: is_bias or id(parameter) in norms => id(parameter) in norms
    The biases of the matrices decay. They belong into the group with 0.0.
tables kept: is_bias or id => is_bias or 'embeddings' in name or id
    The three tables do not decay in yours. In BERT they do: only biases and norms are
    left out.
groups turned: … => return right(model, weight_decay)[::-1]
    The groups are right, but in the wrong order: the decaying one comes first.
both with decay: 0.0 => weight_decay
    Both groups have the same weight_decay. The second one has 0.0.
no number for the second: , 'weight_decay': 0.0 =>
    The second group has no weight_decay, so the optimizer's own number would hold for
    it: 0.01 in AdamW. Say 0.0.
0.01 in any case: 'weight_decay': weight_decay => 'weight_decay': 0.01
    The first group decays with 0.01 in yours, whatever weight_decay says.
a matrix twice:
- model.named_parameters() => model.named_parameters(remove_duplicate=False)
    A parameter that two layers share is listed twice, and an optimizer would refuse
    it. named_parameters() gives each once.
one group without decay:
- return [{'params': decayed, 'weight_decay': weight_decay}, … => return [{'params':
|     decayed, 'weight_decay': weight_decay}, *([{'params': others, 'weight_decay':
|         0.0}] if weight_decay else [])]
    Where weight_decay is 0 there is one group, and its other parameters are missing.
    Two are asked for in any case.
to be read once:
- return [{'params': decayed, … => return [{'params': iter(decayed), 'weight_decay':
|     weight_decay}, {'params': iter(others), 'weight_decay': 0.0}]
    "params" can be read only once, like a generator: whoever counts the parameters
    leaves none to the optimizer. Make it a list.
"""

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
    mutants=mistakes(MISTAKES),
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
