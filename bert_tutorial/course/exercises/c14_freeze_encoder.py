"""Exercise: train the head only.

Chapter: 14
"""

from collections.abc import Iterable
from typing import Any

import torch
from torch import nn

from bert_tutorial.course.judging.exercise import Case, Exercise, Property
from bert_tutorial.course.judging.listed import mistakes
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


def run(answer: Any, case: Case) -> tuple[Any, list[str]]:
    """Name what is returned and what still learns."""
    model = built(case)
    names = {id(p): name for name, p in model.named_parameters()}
    found = answer(model)
    returned = found
    if isinstance(found, Iterable):
        returned = [names.get(id(one), type(one).__name__) for one in found]
    return returned, [n for n, p in model.named_parameters() if p.requires_grad]


def built(case: Case) -> nn.Module:
    """Make the model of a case."""
    layers, frozen = case.args
    config = BertConfig(
        vocab_size=9,
        hidden_size=8,
        num_hidden_layers=layers,
        num_attention_heads=2,
        intermediate_size=12,
    )
    model = BertForSequenceClassification(config)
    if case.kwargs:
        model.after_bert = nn.Linear(8, 8)
    if frozen:
        model.get_parameter(frozen).requires_grad = False
    return model


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """Models of one and two layers."""
    return [
        Case((1, ""), "one layer"),
        Case((2, ""), "two layers"),
        Case((1, "classifier.bias"), "a head whose bias is frozen already"),
        Case((1, "bert.pooler.dense.bias"), "an encoder of which a part is frozen"),
        Case((1, ""), "a head with a layer named after_bert", {"named": 1}),
    ]


def learning(answer: Any, case: Case) -> tuple[set[str], set[str]]:
    """Name what learns before and after the answer."""
    model = built(case)
    before = {n for n, p in model.named_parameters() if p.requires_grad}
    answer(model)
    return before, {n for n, p in model.named_parameters() if p.requires_grad}


def encoder_is_frozen(answer: Any) -> bool:
    """Look for a parameter of the encoder that still learns."""
    found = [learning(answer, case)[1] for case in cases(0, torch.float32)]
    return not any(name.startswith("bert.") for one in found for name in one)


def rest_is_as_it_was(answer: Any) -> bool:
    """Compare what learns outside the encoder with what did before."""
    pairs = [learning(answer, case) for case in cases(0, torch.float32)]
    return all(
        {n for n in before if not n.startswith("bert.")}
        == {n for n in after if not n.startswith("bert.")}
        for before, after in pairs
    )


MISTAKES = """
everything frozen: return => head = [p for p in model.parameters() if p.requires_grad]
|     model.requires_grad_(False)
|     return head
|     return
    The head is frozen as well, so nothing learns. Only model.bert is frozen.
nothing frozen:
- … => return [p for n, p in model.named_parameters() if not n.startswith('bert.')]
    You return the parameters outside model.bert, but the encoder's still ask for
    gradients: time and memory for nothing. Set requires_grad to False.
nothing frozen, the right ones returned:
- … => return [p for n, p in model.named_parameters()
|     if not n.startswith('bert.') and p.requires_grad]
    = nothing frozen
all of them, listed: return [p for p in model.parameters() if p.requires_grad] =>
| return list(model.parameters())
    The list holds all parameters, the frozen ones as well. Asked for are those that are
    still to be trained: list what has requires_grad, after freezing.
the head frozen: … => for name, parameter in model.named_parameters():
|         parameter.requires_grad = name.startswith('bert.')
|     return [p for p in model.parameters() if p.requires_grad]
    The wrong side is frozen: the encoder learns and the new head does not.
embeddings only: get_submodule('bert') => get_submodule('bert.embeddings')
    Only the embeddings are frozen. The whole of model.bert is.
pooler left out: … return => for name, parameter in model.named_parameters():
|         if name.startswith('bert.') and 'pooler' not in name:
|             parameter.requires_grad = False
|     return
    The pooler still learns. It is a part of model.bert.
head unfrozen: … return => for name, parameter in model.named_parameters():
|         parameter.requires_grad = not name.startswith('bert.')
|     return
    A parameter of the head that came frozen learns again. Only model.bert is changed;
    all others stay as they are.
a frozen one returned: return … =>
| return [p for n, p in model.named_parameters() if not n.startswith('bert.')]
    A parameter of the head that is frozen already is returned. Only those are asked for
    that are still to be trained.
an attribute of the module: … => model.get_submodule('bert').requires_grad = False
|     return [p for p in model.parameters() if p.requires_grad]
    Nothing is frozen, and all parameters are returned. requires_grad belongs to each
    parameter: set on the module it is an attribute that nobody reads, and neither
    model.bert.eval() nor torch.no_grad() touches it. Use
    model.bert.requires_grad_(False).
all of them, nothing frozen: … => return list(model.parameters())
    All parameters are returned, and the encoder's still ask for gradients. Set
    requires_grad to False for those of model.bert, then list what is left.
any bert in the name: … => for name, parameter in model.named_parameters():
|         if 'bert' in name:
|             parameter.requires_grad_(False)
|     return [p for p in model.parameters() if p.requires_grad]
    Every parameter with bert in its name is frozen, also one of the head's. Take
    model.bert.parameters(), or names that start with "bert.".
turned round: requires_grad_(False) => requires_grad_(not parameter.requires_grad)
    What was frozen in the encoder learns again: the setting is turned round. Set it to
    False whatever it was.
the frozen ones: return [p for p in model.parameters() if p.requires_grad] =>
| return list(model.get_submodule('bert').parameters())
    These are the parameters that are frozen. Those that are left to train are asked
    for.
the last layer alone: return … => return list(model.classifier.parameters())
    Only the parameters of model.classifier are returned, whether they learn or not. A
    head may have other layers, and frozen parameters: ask all of model.parameters() for
    requires_grad.
the last layer's that learn: return … =>
| return [p for p in model.classifier.parameters() if p.requires_grad]
    Only parameters of model.classifier are returned. A head may have other layers: ask
    all of model.parameters() for requires_grad.
names: return … => return [n for n, p in model.named_parameters() if p.requires_grad]
    These are the names. An optimizer needs the parameters themselves.
names and parameters: return … =>
| return [(n, p) for n, p in model.named_parameters() if p.requires_grad]
    These are pairs of a name and a parameter. The parameters alone are asked for.
not in the model's order: return … =>
| return [p for p in model.parameters() if p.requires_grad][::-1]
    The parameters come in the reverse order. They come as model.parameters() gives
    them.
nothing given back:
- return [p for p in model.parameters() if p.requires_grad] => return None
    The encoder is frozen, but nothing is returned: the optimizer needs the list of the
    parameters that still learn.
encoder layers only: get_submodule('bert') => get_submodule('bert.encoder')
    Only the layers of the encoder are frozen. Its embeddings and the pooler belong to
    model.bert as well.
"""

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
    properties=[
        Property(
            "the encoder is frozen",
            "No parameter of model.bert may have requires_grad True afterwards.",
            encoder_is_frozen,
        ),
        Property(
            "the rest is as it was",
            "A parameter outside model.bert must keep its requires_grad.",
            rest_is_as_it_was,
        ),
    ],
    mutants=mistakes(MISTAKES),
    cases=cases,
    hints=(
        "Two steps: freeze, then list what is left.",
        "model.bert.parameters() are all that must not learn.",
        "requires_grad_(False) for each; then a list of those with requires_grad.",
    ),
)
