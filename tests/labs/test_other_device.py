"""What takes a model works where the model is, and gives the same results as on a CPU.

No GPU is needed: `Elsewhere` marks the tensors that count as being on another device
and refuses what such a device refuses. Their numbers stay where they are, so that the
results can be compared.
"""

import importlib
import inspect
import pkgutil
import typing
from contextlib import nullcontext
from random import Random
from types import SimpleNamespace

import pytest
import torch
from conftest import tiny_config
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves, tree_map

import bert_tutorial.labs
import bert_tutorial.world
from bert_tutorial.files.shipped import shipped_weights
from bert_tutorial.labs.efficiency.candidates import choice_recall
from bert_tutorial.labs.efficiency.replaced import ReplacedTokenModel
from bert_tutorial.labs.inside.encoder import word_batch
from bert_tutorial.labs.inside.interventions import country_swaps
from bert_tutorial.labs.inside.probing import LinearReader, fit_reader
from bert_tutorial.labs.inside.views import fact_batch
from bert_tutorial.labs.pictures.data import PictureBatches, draw_pairs
from bert_tutorial.labs.pictures.drawings import caption_tokenizer
from bert_tutorial.labs.pictures.model import PictureBert
from bert_tutorial.labs.pictures.probes import colour_questions, one_patch
from bert_tutorial.labs.pictures.run import PictureRecipe
from bert_tutorial.labs.sentences import pool, search_score, wording_groups
from bert_tutorial.model.bert import BertModel
from bert_tutorial.model.objectives import BertForPreTraining
from bert_tutorial.model.task_heads import (
    BertForQuestionAnswering,
    BertForSequenceClassification,
    BertForTokenClassification,
)
from bert_tutorial.pretraining.batches import pad
from bert_tutorial.pretraining.pairs import Pair
from bert_tutorial.tasks.examples import Example
from bert_tutorial.tokenization.tokenizer import BertTokenizer
from bert_tutorial.training.config import TrainingConfig
from bert_tutorial.world import World
from bert_tutorial.world.facts import all_facts

CPU, AWAY = torch.device("cpu"), torch.device("mps")  # of which there need be none


def is_away(value):
    if isinstance(value, torch.device):
        return value == AWAY
    return getattr(value, "is_away", False)


def brought_here(value):
    return CPU if isinstance(value, torch.device) else value


def of_type(kind, values):
    return [one for one in tree_leaves(values) if isinstance(one, kind)]


class Elsewhere(TorchFunctionMode):
    """Refuses calls that mix marked tensors with others, and marks what they give.

    As on a real device, the CPU may send a number without axes, indices into what is
    there, and what is copied or moved.
    """

    def __torch_function__(self, function, types, args=(), kwargs=None):
        kwargs, name = kwargs or {}, getattr(function, "__name__", "")
        if function == Tensor.device.__get__ and is_away(args[0]):
            return AWAY
        if name == "_parse_to":  # reads what is told to `nn.Module.to`
            return function(*args, **kwargs)
        tensors = of_type(Tensor, (args, kwargs))
        goes_away = any(map(is_away, of_type(Tensor | torch.device, (args, kwargs))))
        if name in ("to", "cpu"):
            told = of_type(Tensor | torch.device, (args[1:], kwargs)) or [args[0]]
            goes_away = name == "to" and is_away(told[0])
        elif name in ("copy_", "__set__", "_has_compatible_shallow_copy_type"):
            goes_away = is_away(tensors[-1 if name == "__set__" else 0])
        else:
            if name in ("__getitem__", "__setitem__"):
                goes_away, indices = is_away(args[0]), of_type(Tensor, args[1])
                assert goes_away or not any(map(is_away, indices)), name
                tensors = [args[0], *of_type(Tensor, args[2:])]
            apart = [one for one in tensors if one.dim() and is_away(one) != goes_away]
            assert not apart, f"{name} got tensors of two devices"
        drawing = of_type(torch.Generator, (args, kwargs))
        assert not (goes_away and drawing), f"{name} got another device's generator"
        args, kwargs = tree_map(brought_here, (args, kwargs))
        result = function(*args, **kwargs)
        if name in ("to", "cpu") and is_away(result) != goes_away:
            result = result.clone()  # or the one that is moved would be marked
        for one in [args[0]] if name == "__set__" else of_type(Tensor, result):
            one.is_away = goes_away
        return result


WORDS = BertTokenizer.from_pretrained(shipped_weights())
COUNTRIES = ("France", "Peru", "Japan")
FACTS = tuple(fact for fact in all_facts() if fact.subject in COUNTRIES)
WORLD = World(1, facts=FACTS)
PROBES = WORLD.probes("rephrased")[::3]
ASKED = fact_batch(WORDS, PROBES)
SWAPPED, SOURCES = country_swaps(WORLD)
SWAPS = fact_batch(WORDS, SWAPPED)
TEXTS = word_batch(WORDS, COUNTRIES)
PAIRS = [Pair([7, 8 + i], [9], i % 2 == 1) for i in range(6)]
DATA = SimpleNamespace(
    tokenizer=WORDS,
    world=WORLD,
    next_pairs=PAIRS,
    validation_pairs=PAIRS,
    questions={"first": PROBES},
)
CAPTIONS = caption_tokenizer()
DRAWN = draw_pairs(4, Random(0))
COLOURS = colour_questions([drawing for drawing, _ in DRAWN])
PAINTED = next(iter(PictureBatches(CAPTIONS, rows=4)))
GROUPS = wording_groups(WORLD)
SAYINGS = ["they sat on the {}", "the {} was old"]
BATCH = {"input_ids": ASKED.ids, "attention_mask": ASKED.mask, "labels": ASKED.ids}
TAGGED = [Example([2, 7, 3], [0, 0, 1], {"labels": [1, 2, -100]})] * 2
RATED = [Example([2, 7, 3], [0, 0, 1], {"labels": 1})] * 2
ENDS = {"start_positions": 1, "end_positions": 2}
SPANS = [Example([2, 7, 3], [0, 1, 1], ENDS)] * 2


def config():
    return tiny_config(vocab_size=len(WORDS), max_position_embeddings=64, num_labels=5)


def bert():
    return BertForPreTraining(config())


def encoder():
    return BertModel(config())


def classifier():
    return BertForSequenceClassification(config())


def tagger():
    return BertForTokenClassification(config())


def answerer():
    return BertForQuestionAnswering(config())


def detector():
    return ReplacedTokenModel(config(), 1)


def painter():
    return PictureBert(PictureRecipe().config(len(CAPTIONS)))


def reader():
    return LinearReader(torch.rand(4, 3), 2)


def devices(function, model):
    """Count those of the model that a function gives, or has changed."""
    if function.__name__ == "to_transformers":
        pytest.importorskip("transformers")
    model = function(model) or model
    return len({one.device for one in (*model.parameters(), *model.buffers())})


def changed(function, model):
    with function(model, heads={0: torch.neg}, states={0: torch.neg}):
        return model(ASKED.ids.to(model.device)).last_hidden_state


def trained(function, model):
    batches = iter([BATCH | {"next_sentence_label": ASKED.at * 0}] * 2)
    data = SimpleNamespace(batches=lambda recipe: batches)
    recipe = SimpleNamespace(training_config=lambda: TrainingConfig(steps=2))
    function(model, data, recipe)
    return list(model.parameters())


def measured(function, model):
    ids = ASKED.ids.to(model.device)
    return function(model, lambda: model.bert(ids).last_hidden_state.sum())


def asked(function, model):
    score = function(model)
    scores = score(ASKED.ids, ASKED.mask, ASKED.at, ASKED.answers)
    return choice_recall(score, WORDS, PROBES), scores


def patched(function, model):
    return [function(model, one, SOURCES) for one in (SWAPS, SWAPS.to(model.device))]


def removed(function, model):
    def only_tokens(merged, head, A, is_token):
        return merged * is_token[:, :, None]

    places = ASKED, ASKED.to(model.device)
    return [function(model, one, [(0, 1)], only_tokens) for one in places]


def sampled(function, model):
    return function(model, BATCH, 50.0, torch.Generator().manual_seed(0))


def taught(function, model):
    return function(model, model, BATCH, 0.5, 2.0)


def trained_on_pairs(function, model):
    return function(model, WORDS, GROUPS, steps=2, batch_size=2)


def searched(function, model):
    def embed(texts):
        rows = [WORDS.encode(text).ids for text in texts]
        return pool(model, *pad(rows, WORDS.pad_id), "mean")

    return function(embed, GROUPS)


def probed(function, model):
    vectors, labels = torch.eye(3), torch.tensor([0, 1, 0])
    fitted = fit_reader(vectors.to(model.center.device), labels, 2)
    return [function(one, vectors, labels) for one in (model, fitted)]


def grown(function, model):
    return list(function(model).parameters())


# For each function its model, and what it is given besides or how it is called.
USES = {
    "answer_probes": (bert, WORDS, PROBES),
    "answer_ranks": (bert, ASKED),
    "ask_pictures": (painter, CAPTIONS, COLOURS, None, one_patch(COLOURS)),
    "changed_run": (encoder, changed),
    "continue_on": (bert, trained),
    "distilled_masked_lm": (bert, taught),
    "embed_texts": (encoder, WORDS, SAYINGS),
    "encoder_report": (encoder, WORDS, WORLD),
    "follows_colour": (painter, CAPTIONS, COLOURS),
    "head_outputs": (encoder, ASKED.ids, ASKED.mask),
    "head_targets": (encoder, TEXTS),
    "head_weights": (encoder, WORDS, SAYINGS),
    "hiding_costs": (painter, CAPTIONS, COLOURS),
    "inside_report": (bert, WORDS, WORLD),
    "kept_bytes": (bert, measured),
    "linear_probe": (bert, DATA),
    "look_back_accuracy": (bert, 8),
    "mask_logits": (bert, ASKED),
    "mask_weights": (bert, ASKED),
    "masked_scores": (bert, asked),
    "matching_accuracy": (painter, CAPTIONS, DRAWN, [0, 1, 0, 1]),
    "mean_vectors": (encoder, WORDS, SAYINGS),
    "measure": (bert, DATA, "order"),
    "next_sentence_accuracy": (bert, WORDS, PAIRS),
    "own_word_share": (bert, DATA),
    "patched_heads": (bert, patched),
    "patched_positions": (bert, patched),
    "picture_loss": (painter, PAINTED),
    "picture_report": (painter, CAPTIONS, 0, 4),
    "pool": (encoder, ASKED.ids, ASKED.mask, "mean"),
    "question_accuracy": (answerer, SPANS),
    "reader_accuracy": (reader, probed),
    "replaced_token_loss": (detector, sampled),
    "report": (bert, DATA),
    "same_masks_loss": (bert, DATA),
    "search_score": (encoder, searched),
    "sentence_effects": (encoder, TEXTS, [0]),
    "sentence_states": (encoder, WORDS, PROBES),
    "sentence_vectors": (encoder, TEXTS),
    "sentiment_accuracy": (classifier, RATED),
    "shares": (bert, DATA),
    "states_at": (encoder, ASKED.ids, ASKED.mask, ASKED.at),
    "tagging_accuracy": (tagger, TAGGED),
    "to_transformers": (encoder, devices),
    "train_by_contrast": (encoder, trained_on_pairs),
    "untouched_scores": (detector, asked),
    "untrained_twin": (bert, grown),
    "use_factors": (bert, devices),
    "use_gate": (bert, devices),
    "use_local_layers": (bert, devices),
    "use_no_positions": (bert, devices),
    "use_one_layer": (bert, devices),
    "use_pre_norm": (bert, devices),
    "use_rotation": (bert, devices),
    "without_heads": (bert, removed),
    "word_vectors": (encoder, WORDS, SAYINGS, "france"),
}
# What goes on to learn, or into another run, stays where the model is.
STAYS = {
    *("changed_run", "continue_on", "distilled_masked_lm", "head_outputs"),
    *("picture_loss", "pool", "replaced_token_loss", "untrained_twin"),
}
# Their new parameters are made of others, but `nn.Parameter` takes no mark over.
LEFT_OUT = {"add_low_rank", "merge_low_rank"}


def takes_a_model(function):
    """Say whether an argument is, by its annotation, a model."""
    hints = typing.get_type_hints(inspect.unwrap(function))
    hints.pop("return", None)
    kinds = [kind for one in hints.values() for kind in typing.get_args(one) or (one,)]
    return any(isinstance(kind, type) and issubclass(kind, nn.Module) for kind in kinds)


def public_functions():
    """Collect the public functions of the labs and the world that take a model."""
    found = {}
    for package in (bert_tutorial.labs, bert_tutorial.world):
        for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            for name, one in vars(importlib.import_module(info.name)).items():
                is_own = getattr(one, "__module__", "") == info.name
                if is_own and inspect.isfunction(one) and name[0] != "_":
                    found |= {name: one} if takes_a_model(one) else {}
    return found


FUNCTIONS = public_functions() | {"search_score": search_score}


class TwoSteps(torch.optim.LBFGS):
    def __init__(self, parameters, max_iter):
        super().__init__(parameters, max_iter=2)


@pytest.mark.parametrize("name", sorted(FUNCTIONS.keys() - LEFT_OUT))
def test_a_model_elsewhere_gives_what_it_gives_on_the_cpu(name, monkeypatch):
    monkeypatch.setattr(torch.optim, "LBFGS", TwoSteps)
    make, *rest = USES[name]  # a new function that takes a model needs a line there
    results = []
    for place in (nullcontext(), Elsewhere()):
        torch.manual_seed(0)
        model = make().eval()
        for one in (*model.parameters(), *model.buffers()):
            one.is_away = isinstance(place, Elsewhere)
        with place:
            if inspect.isfunction(rest[0]):
                results.append(rest[0](FUNCTIONS[name], model))
            else:
                results.append(FUNCTIONS[name](model, *rest))
    expected, found = map(tree_leaves, results)
    for one, other in zip(expected, found, strict=True):
        assert is_away(other) == (isinstance(other, Tensor) and name in STAYS)
        assert torch.equal(one, other) if isinstance(one, Tensor) else one == other
