"""Questions about drawings: what is asked, how it is counted, what runs show."""

import dataclasses
import json
from random import Random

import pytest
import torch

from bert_tutorial.labs.pictures.data import draw_pairs
from bert_tutorial.labs.pictures.drawings import (
    COLOURS,
    SHAPES,
    Thing,
    caption_tokenizer,
    pixels_of,
)
from bert_tutorial.labs.pictures.model import PictureBert
from bert_tutorial.labs.pictures.probes import (
    PictureAnswers,
    ask_pictures,
    colour_questions,
    follows_colour,
    heads_that_point,
    hiding_costs,
    matching_accuracy,
    one_patch,
    patch_of,
    text_alone_accuracy,
)
from bert_tutorial.labs.pictures.run import PictureRecipe, with_negatives
from book_files import PACKAGE

TOKENIZER = caption_tokenizer()
RECIPE = PictureRecipe()
DRAWINGS = [
    (Thing("circle", "red", 0, 2), Thing("square", "blue", 1, 0)),
    (Thing("cross", "green", 0, 0), Thing("circle", "blue", 1, 2)),
]
QUESTIONS = colour_questions(DRAWINGS)


class Looker(PictureBert):
    """Reads the colour off the pixels: what a perfect model would say."""

    def forward(self, input_ids, attention_mask=None, pixels=None, **kwargs):
        output = super().forward(input_ids, attention_mask, pixels=pixels, **kwargs)
        for row, ids in enumerate(input_ids):
            for patch in range(6):
                r, c = divmod(patch, 3)
                cell = pixels[row, :, 4 * r : 4 * r + 4, 4 * c : 4 * c + 4]
                if (
                    kwargs.get("patch_mask") is not None
                    and not (kwargs["patch_mask"][row, patch])
                ):
                    continue
                name = self.read(cell)
                if name is not None and TOKENIZER.vocab[name[0]] in ids.tolist():
                    output.prediction_logits[row, :, TOKENIZER.vocab[name[1]]] += 50
        return output

    @staticmethod
    def read(cell):
        for shape in SHAPES:
            for colour in COLOURS:
                painted = pixels_of((Thing(shape, colour, 0, 0),))[:, :4, :4]
                if torch.allclose(painted, cell, atol=1e-3):
                    return shape, colour
        return None


@pytest.fixture(scope="module")
def looker():
    torch.manual_seed(0)
    return Looker(RECIPE.config(len(TOKENIZER))).eval()


def test_questions_and_their_patches():
    assert [(one.text, one.answer) for one in QUESTIONS] == [
        ("there is a [MASK] circle.", "red"),
        ("there is a [MASK] square.", "blue"),
        ("there is a [MASK] cross.", "green"),
        ("there is a [MASK] circle.", "blue"),
    ]
    assert [patch_of(one) for one in QUESTIONS] == [2, 3, 0, 5]
    assert one_patch(QUESTIONS).argmax(dim=1).tolist() == [2, 3, 0, 5]
    assert one_patch(QUESTIONS).sum() == 4


def test_answers_are_read_at_the_mask(looker):
    answers = ask_pictures(looker, TOKENIZER, QUESTIONS)
    assert answers.probabilities.shape == (4, len(TOKENIZER))
    assert answers.attention.shape == (4, 2, 4, 6)
    assert answers.positions.tolist() == [4] * 4  # [CLS] there is a [MASK]
    assert answers.right(TOKENIZER, ["red", "blue", "green", "blue"]).all()
    swapped = [DRAWINGS[1], DRAWINGS[0], DRAWINGS[1], DRAWINGS[0]]
    other = ask_pictures(looker, TOKENIZER, QUESTIONS, swapped)
    assert other.right(TOKENIZER, ["blue", "blue", "green", "red"]).tolist()[::3] == [
        True,
        True,
    ]


def test_one_who_looks_follows_the_colour_and_needs_the_patch(looker):
    assert follows_colour(looker, TOKENIZER, QUESTIONS) == (1.0, 1.0)
    costs = hiding_costs(looker, TOKENIZER, QUESTIONS)
    assert costs.shape == (4, 6)
    assert costs.argmax(dim=1).tolist() == [2, 3, 0, 5]
    assert costs.max(dim=1).values.min() > 0.5


def test_heads_that_point_are_counted():
    attention = torch.zeros(4, 2, 4, 6)
    attention[torch.arange(4), 0, 1, torch.tensor([2, 3, 0, 5])] = 1  # always right
    attention[:, 1, 3, 5] = 1  # right in the last question only
    answers = PictureAnswers(torch.zeros(4, 9), attention, torch.zeros(4))
    shares = heads_that_point(answers, QUESTIONS)
    assert shares[0, 1] == 1.0 and shares[1, 3] == 0.25
    assert shares[0, 0] == 0.25  # all alike: the first patch, right for the cross


def test_text_alone_by_hand():
    train = [("a", "red"), ("a", "red"), ("a", "blue"), ("b", "blue"), ("b", "blue")]
    assert text_alone_accuracy(train, [("a", "red"), ("b", "red")]) == 0.5
    assert text_alone_accuracy(train, [("new", "blue")]) == 1.0


def test_a_blind_judge_of_matching_gets_one_half():
    torch.manual_seed(1)
    model = PictureBert(RECIPE.config(len(TOKENIZER)))
    pairs, labels = with_negatives(draw_pairs(40, Random(1)), Random(2))
    assert labels == [0] * 40 + [1] * 40
    assert matching_accuracy(model, TOKENIZER, pairs, labels, blind=True) == 0.5


RUNS = json.loads((PACKAGE / "runs/picture_seeds.json").read_text(encoding="utf-8"))


def test_the_stored_runs_used_todays_recipe():
    assert len(RUNS["runs"]) == 5 and RUNS["machine"]["date"]
    assert "picture_seeds.py" in RUNS["command"]
    today = dataclasses.asdict(PictureRecipe())
    for seed, run in enumerate(RUNS["runs"]):
        assert run["recipe"] == today | {"seed": seed}


def test_what_the_chapter_says_of_the_stored_runs():
    for run in RUNS["runs"]:
        trained, untrained = run["trained"], run["untrained"]
        assert untrained["own"] < 0.5
        assert trained["own"] > 0.8 and trained["matching"] > 0.8
        assert trained["blind"] <= trained["text_alone"]
        assert trained["other"] < trained["text_alone"] - 0.15
        assert trained["without_its_patch"] < trained["text_alone"]
        assert trained["its_patch_only"] > 0.9
        assert trained["matching_blind"] == 0.5
