"""Drawings, captions, patches and the model that reads both."""

from random import Random

import pytest
import torch
from conftest import tiny_config
from torch.nn import functional as F

from bert_tutorial.labs.pictures.data import (
    PictureBatches,
    choose_negatives,
    draw_pairs,
    encode_pairs,
)
from bert_tutorial.labs.pictures.drawings import (
    COLOURS,
    CONTENT_WORDS,
    FAVOURITE_SHARE,
    FAVOURITES,
    SHAPES,
    Caption,
    Thing,
    caption_tokenizer,
    draw_drawing,
    facts_of,
    is_held_out,
    is_true_of,
    pixels_of,
    recoloured,
    sentences_of,
    write_caption,
)
from bert_tutorial.labs.pictures.model import (
    PICTURES,
    PatchEmbeddings,
    PictureBert,
    patchify,
    picture_loss,
)
from bert_tutorial.model.objectives import BertForPreTraining, pretraining_loss
from bert_tutorial.training.config import TrainingConfig
from bert_tutorial.training.loop import Trainer

TOKENIZER = caption_tokenizer()
DRAWING = (Thing("circle", "red", 0, 2), Thing("square", "blue", 1, 0))


CONFIG = tiny_config(vocab_size=len(TOKENIZER), max_position_embeddings=32)


def make_model():
    return PictureBert(CONFIG).eval()


def make_batch(number=5):
    return encode_pairs(TOKENIZER, draw_pairs(number, Random(3)))


# --- drawings and captions


def test_drawings_have_two_or_three_different_shapes_in_different_cells():
    random = Random(0)
    drawings = [draw_drawing(random) for _ in range(4_000)]
    for drawing in drawings:
        assert len(drawing) in (2, 3)
        assert len({one.shape for one in drawing}) == len(drawing)
        cells = [(one.row, one.column) for one in drawing]
        assert cells == sorted(set(cells))
    things = [one for drawing in drawings for one in drawing]
    assert {one.shape for one in things} == set(SHAPES)
    assert {(one.row, one.column) for one in things} == {
        (r, c) for r in (0, 1) for c in (0, 1, 2)
    }
    share = sum(one.colour == FAVOURITES[one.shape] for one in things) / len(things)
    assert abs(share - FAVOURITE_SHARE) < 5 * (0.24 / len(things)) ** 0.5
    held = sum(map(is_held_out, drawings)) / len(drawings)
    assert 0.15 < held < 0.25


def test_a_drawing_is_painted_where_it_says():
    pixels = pixels_of(DRAWING)
    assert pixels.shape == (3, 8, 12)
    assert torch.equal(
        pixels[:, 4:, 0], torch.tensor(COLOURS["blue"])[:, None] + torch.zeros(3, 4)
    )
    assert torch.equal(pixels[:, 0, 9], torch.tensor(COLOURS["red"]))
    assert torch.equal(pixels[:, 0, 8], torch.ones(3)), "the circle's corner is paper"
    is_paper = torch.ones(8, 12, dtype=torch.bool)
    is_paper[:4, 8:] = is_paper[4:, :4] = False
    assert torch.equal(pixels[:, is_paper], torch.ones(3, 64))


def test_all_shapes_and_colours_can_be_told_apart():
    seen = [
        pixels_of((Thing(shape, colour, 0, 0),))
        for shape in SHAPES
        for colour in COLOURS
    ]
    apart = torch.cdist(torch.stack(seen).flatten(1), torch.stack(seen).flatten(1))
    assert apart.fill_diagonal_(9).min() > 1.0


def test_whatever_is_said_of_a_drawing_is_true_and_can_be_false_of_others():
    random = Random(1)
    drawings = [draw_drawing(random) for _ in range(60)]
    for drawing in drawings:
        for sentence in sentences_of(drawing):
            assert is_true_of(sentence, drawing)
            assert not all(is_true_of(sentence, other) for other in drawings)
            ids = TOKENIZER.encode(sentence.text).ids
            assert TOKENIZER.unk_id not in ids
        caption = write_caption(drawing, random)
        assert is_true_of(caption, drawing) and caption.text.count(".") == 2


def test_captions_worked_by_hand():
    texts = {one.text for one in sentences_of(DRAWING)}
    assert texts == {
        "there are two shapes.",
        "there is a red circle.",
        "the circle is red.",
        "the red circle is at the top right.",
        "the red circle is above the blue square.",
        "there is a blue square.",
        "the square is blue.",
        "the blue square is at the bottom left.",
        "the blue square is left of the red circle.",
    }
    assert ("left", "square", "circle") in facts_of(DRAWING)
    green = recoloured(DRAWING, "circle", "green")
    claim = Caption("the circle is red.", frozenset({("colour", "circle", "red")}))
    assert is_true_of(claim, DRAWING) and not is_true_of(claim, green)
    assert green[1] == DRAWING[1]
    with pytest.raises(ValueError, match="got 'cross'"):
        recoloured(DRAWING, "cross", "red")


# --- patches: torch's own operations decide


def test_patches_equal_torchs_unfold():
    pixels = torch.randn(2, 3, 8, 12)
    expected = F.unfold(pixels, kernel_size=4, stride=4).transpose(1, 2)
    assert torch.equal(patchify(pixels, 4), expected)
    with pytest.raises(ValueError, match="multiples of 5, got 8 and 12"):
        patchify(pixels, 5)


def test_a_projected_patch_equals_a_convolution():
    part = PatchEmbeddings(tiny_config(), 48, 6).eval()
    types = torch.nn.Embedding(2, 12)
    pixels = torch.randn(2, 3, 8, 12)
    kernel = part.projection.weight.view(12, 3, 4, 4)
    grid = F.conv2d(pixels, kernel, part.projection.bias, stride=4)  # (B, H, 2, 3)
    summed = grid.flatten(2).transpose(1, 2)
    summed = summed + part.position_embeddings.weight + types.weight[1]
    expected = F.layer_norm(summed, (12,), eps=1e-12)
    got = part(patchify(pixels, 4), types)
    torch.testing.assert_close(got, expected, atol=1e-5, rtol=1e-5)


def test_gradients_through_the_patches():
    part = PatchEmbeddings(tiny_config(layer_norm_eps=0.1), 12, 6).double()
    types = torch.nn.Embedding(2, 12).double()
    pixels = torch.randn(2, 3, 4, 6, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: part(patchify(x, 2), types), pixels)


# --- the model


def test_without_a_picture_it_is_bert():
    model = make_model()
    bert = BertForPreTraining(model.config).eval()
    state = model.state_dict()
    bert.load_state_dict({k: v for k, v in state.items() if "patches" not in k})
    batch = make_batch()
    ids, mask = batch["input_ids"], batch["attention_mask"]
    mine, theirs = model(ids, mask), bert(ids, mask)
    assert torch.equal(mine.prediction_logits, theirs.prediction_logits)
    assert torch.equal(mine.seq_relationship_logits, theirs.seq_relationship_logits)
    # and with all patches hidden the words are read as if there were none
    hidden = model(
        ids, mask, pixels=batch["pixels"], patch_mask=torch.zeros(5, 6).long()
    )
    torch.testing.assert_close(hidden.prediction_logits, theirs.prediction_logits)


def test_the_encoder_reads_the_sequence_of_both():
    model, batch = make_model(), make_batch()
    ids, mask = batch["input_ids"], batch["attention_mask"]
    output = model(ids, mask, pixels=batch["pixels"], output_attentions=True)
    T = ids.shape[1]
    assert output.prediction_logits.shape == (5, T, len(TOKENIZER))
    assert output.attentions[0].shape == (5, 3, T + 6, T + 6)
    hidden = model.bert.embeddings(ids)
    types = model.bert.embeddings.token_type_embeddings
    seen = model.patches(patchify(1 - batch["pixels"], 4), types)
    is_token = torch.cat([mask.bool(), torch.ones(5, 6).bool()], dim=1)
    last, _, _ = model.bert.encoder(torch.cat([hidden, seen], 1), is_token)
    expected = model.cls.predictions(last)[:, :T]
    torch.testing.assert_close(output.prediction_logits, expected, atol=1e-4, rtol=1e-4)


def test_a_hidden_patch_changes_nothing_and_a_seen_one_does():
    model, batch = make_model(), make_batch()
    mask = torch.ones(5, 6).long()
    mask[:, 2] = 0
    other = batch["pixels"].clone()
    other[:, :, :4, 8:] = torch.rand(5, 3, 4, 4)  # patch 2

    def logits(pixels, patch_mask):
        ids = batch["input_ids"]
        return model(
            ids, batch["attention_mask"], pixels=pixels, patch_mask=patch_mask
        ).prediction_logits

    torch.testing.assert_close(logits(batch["pixels"], mask), logits(other, mask))
    seen = torch.ones_like(mask)
    assert (logits(batch["pixels"], seen) - logits(other, seen)).abs().max() > 1e-3


def test_its_loss_is_that_of_forward_and_the_trainer_takes_it():
    model = make_model()
    batch = PictureBatches(TOKENIZER, rows=8).draw()
    mine = picture_loss(model, batch)
    torch.testing.assert_close(mine.loss, model(**batch).loss)
    mine.loss.backward()
    unused = model.bert.embeddings.position_embeddings.weight
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None and parameter.grad.any(), name
    assert unused.grad is not None
    cpu = torch.device("cpu")
    trainer = Trainer(model, TrainingConfig(steps=1), cpu, loss=PICTURES)
    torch.testing.assert_close(trainer.backward([batch]).sum(), mine.loss.detach())
    text = BertForPreTraining(CONFIG).eval()
    words = {
        k: batch[k]
        for k in ("input_ids", "attention_mask", "labels", "next_sentence_label")
    }
    trainer = Trainer(text, TrainingConfig(steps=1), cpu)
    torch.testing.assert_close(
        trainer.backward([words]).sum(), pretraining_loss(text, words).loss.detach()
    )


def test_a_text_model_can_be_loaded_and_a_picture_model_saved(tmp_path):
    BertForPreTraining(CONFIG).save_pretrained(tmp_path / "text")
    model = PictureBert.from_pretrained(tmp_path / "text")
    assert model.missing_keys and all("patches." in k for k in model.missing_keys)
    model.save_pretrained(tmp_path / "both")
    again = PictureBert.from_pretrained(tmp_path / "both")
    assert not again.missing_keys
    batch = make_batch()
    arguments = {"input_ids": batch["input_ids"], "pixels": batch["pixels"]}
    assert torch.equal(
        model(**arguments).prediction_logits, again(**arguments).prediction_logits
    )
    with pytest.raises(ValueError, match="type_vocab_size must be 2"):
        PictureBert(CONFIG.changed(type_vocab_size=1))


# --- batches


def test_negatives_are_false_and_each_caption_is_used_once():
    random = Random(2)
    pairs = draw_pairs(40, random)
    facts = [facts_of(drawing) for drawing, _ in pairs]
    claims = [caption.claims for _, caption in pairs]
    chosen = choose_negatives(facts, claims, random)
    assert len(chosen) == 40
    for number, drawing in enumerate(chosen):
        assert not is_true_of(pairs[number][1], pairs[drawing][0])
    with pytest.raises(ValueError, match="caption 1 must be false"):
        choose_negatives(facts, [claims[0], frozenset()], random)


def test_a_batch_asks_each_row_one_thing():
    batches = PictureBatches(TOKENIZER, seed=4, rows=48)
    blind = words = content = 0
    for _ in range(40):
        batch = batches.draw()
        relation = batch["next_sentence_label"]
        assert relation.tolist() == [-100] * 24 + [0] * 12 + [1] * 12
        is_scored = batch["labels"] != -100
        assert not is_scored[24:].any()
        assert not (batch["input_ids"][24:] == TOKENIZER.mask_id).any()
        # the same captions fit and do not fit: their words say nothing
        fits, fails = batch["input_ids"][24:36], batch["input_ids"][36:]
        assert torch.equal(fits, fails)
        assert batch["patch_mask"][24:].all()
        seen = batch["patch_mask"][:24].sum(dim=1)
        assert set(seen.tolist()) <= {0, 6}
        blind += int((seen == 0).sum())
        original = torch.where(is_scored, batch["labels"], batch["input_ids"])[:24]
        ids = torch.tensor([TOKENIZER.vocab[word] for word in CONTENT_WORDS])
        is_content = torch.isin(original, ids)
        content += int(is_content.sum())
        words += int((is_scored[:24] & is_content).sum())
    assert abs(words / content - 0.4) < 5 * (0.24 / content) ** 0.5
    assert abs(blind / 960 - 0.1) < 5 * (0.09 / 960) ** 0.5
    with pytest.raises(ValueError, match="multiple of 4"):
        PictureBatches(TOKENIZER, rows=10)


def test_no_test_drawing_is_trained_on():
    random = Random(5)
    trained = {drawing for drawing, _ in draw_pairs(500, random)}
    tested = {drawing for drawing, _ in draw_pairs(500, random, held_out=True)}
    assert not trained & tested
    assert all(map(is_held_out, tested)) and not any(map(is_held_out, trained))


def test_batches_repeat_with_the_seed():
    first, second = (PictureBatches(TOKENIZER, seed=6, rows=8).draw() for _ in "ab")
    for name in first:
        assert torch.equal(first[name], second[name])
    third = PictureBatches(TOKENIZER, seed=7, rows=8).draw()
    assert not torch.equal(first["pixels"], third["pixels"])
