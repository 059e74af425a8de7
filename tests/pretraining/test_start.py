"""Going on from a pretrained model: its weights, its vocabulary, a baseline before."""

import json
import random
import signal

import pytest
import torch
from conftest import at_step
from safetensors.torch import load_file, save_file

from bert_tutorial.cli.main import main
from bert_tutorial.files.errors import UserError
from bert_tutorial.files.folder import CheckpointError
from bert_tutorial.pretraining.recipe import CorpusRecipe
from bert_tutorial.pretraining.run import pretrain_corpus
from bert_tutorial.pretraining.start import Start
from bert_tutorial.tokenization.tokenizer import BertTokenizer

CPU = torch.device("cpu")
WORDS = ["red", "blue", "old", "new", "cat", "dog", "sees", "hears", "one", "two"]


def write_text(file, first, then, seed):
    """Write sentences in which certain words always follow certain others."""
    rng = random.Random(seed)
    documents = [
        "\n".join(f"{rng.choice(first)} {rng.choice(WORDS)} {then}." for _ in range(8))
        for _ in range(40)
    ]
    file.write_text("\n\n".join(documents) + "\n", encoding="utf-8")
    return file


def command(text, folder, *more):
    return [
        *("pretrain", "--corpus", str(text), "--output", str(folder)),
        *("--max-length", "24", "--tokens-per-batch", "400", "--device", "cpu"),
        *("--threads", "1", *more),
    ]


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """Pretrain on one kind of text; the words of the other are in the vocabulary."""
    folder = tmp_path_factory.mktemp("base")
    mixed = folder / "all.txt"
    one = write_text(folder / "one.txt", ["the"], "cat sees dog", 1)
    two = write_text(folder / "two.txt", ["two"], "dog hears cat", 2)
    mixed.write_text(one.read_text() + "\n" + two.read_text(), encoding="utf-8")
    assert main(["vocabulary", str(mixed), "--output", str(folder / "v.txt")]) == 0
    vocabulary = ("--vocab", str(folder / "v.txt"))
    config = {"hidden_size": 24, "num_hidden_layers": 1, "num_attention_heads": 2}
    config |= {"intermediate_size": 48, "max_position_embeddings": 32}
    (folder / "c.json").write_text(json.dumps(config), encoding="utf-8")
    sizes = ("--config", str(folder / "c.json"), "--steps", "60")
    assert main(command(one, folder / "model", *vocabulary, *sizes)) == 0
    return folder


def test_a_model_goes_on_with_texts_of_another_kind(base, tmp_path, capsys):
    capsys.readouterr()
    start = ("--from", str(base / "model"), "--steps", "40")
    assert main(command(base / "two.txt", tmp_path / "m", *start)) == 0
    out, err = capsys.readouterr()
    assert "before: " in out and "learning rate 0.001, by the model's size" in err
    report = json.loads((tmp_path / "m" / "run.json").read_text(encoding="utf-8"))
    before = report["before"]["masked_lm"]
    assert report["validation"]["masked_lm"] < before - 0.3
    assert report["start"] == str(base / "model")
    for name in ("vocab.txt", "config.json"):
        same = (base / "model" / name).read_bytes()
        assert (tmp_path / "m" / name).read_bytes() == same
    told = json.loads((tmp_path / "m" / "tokenizer_config.json").read_text())
    assert told["model_max_length"] == 32


def test_the_baseline_is_the_model_as_it_came_and_one_step_moves_it_little(
    base, tmp_path
):
    start = Start.find(base / "model")
    recipe = CorpusRecipe(
        steps=1, learning_rate=1e-6, max_length=24, tokens_per_batch=400
    )
    run = pretrain_corpus(
        [base / "one.txt"], recipe, output=tmp_path / "m", device=CPU, start=start
    )
    before, after = run.report["before"], run.report["validation"]
    assert after["masked_lm"] == pytest.approx(before["masked_lm"], abs=1e-3)
    told = json.loads((base / "model" / "run.json").read_text(encoding="utf-8"))
    assert before["masked_lm"] == told["validation"]["masked_lm"]


def test_it_stops_and_goes_on_bit_by_bit_and_not_from_another_model(
    base, tmp_path, monkeypatch
):
    recipe = CorpusRecipe(
        steps=6, learning_rate=1e-3, max_length=24, tokens_per_batch=400, dropout=0.1
    )
    start = Start.find(base / "model")

    def run(folder, **options):
        return pretrain_corpus(
            [base / "two.txt"], recipe, output=folder, device=CPU, **options
        )

    run(tmp_path / "whole", start=start)
    with monkeypatch.context() as patch:
        at_step(patch, 3, lambda: signal.raise_signal(signal.SIGTERM))
        with pytest.raises(KeyboardInterrupt, match="after step 4"):
            run(tmp_path / "m", start=start)
    with pytest.raises(CheckpointError, match=r"start sha256: .* nothing now"):
        run(tmp_path / "m", resume=True)
    other = Start.find(tmp_path / "whole")
    with pytest.raises(CheckpointError, match="start sha256"):
        run(tmp_path / "m", start=other, resume=True)
    run(tmp_path / "m", start=start, resume=True)
    weights = [tmp_path / name / "model.safetensors" for name in ("whole", "m")]
    assert weights[0].read_bytes() == weights[1].read_bytes()


def without(source, target, *prefixes):
    """Copy a model without some of its tensors."""
    target.mkdir()
    for name in ("vocab.txt", "config.json", "tokenizer_config.json"):
        (target / name).write_bytes((source / name).read_bytes())
    tensors = load_file(source / "model.safetensors")
    kept = {k: v for k, v in tensors.items() if not k.startswith(prefixes)}
    assert len(kept) < len(tensors)
    save_file(kept, target / "model.safetensors")
    return target


IGNORED = {
    "config": "mini",
    "vocab_size": 99,
    "cased": True,
    "initializer_range": 0.1,
    "position_initializer_range": 0.1,
}


@pytest.mark.parametrize("name", IGNORED)
def test_a_choice_that_would_do_nothing_is_refused_in_python_too(base, tmp_path, name):
    start = Start.find(base / "model")
    recipe = CorpusRecipe(steps=1, max_length=24, **{name: IGNORED[name]})
    with pytest.raises(UserError, match=f"^{name} does nothing in a run"):
        pretrain_corpus(
            [base / "one.txt"], recipe, output=tmp_path / "m", device=CPU, start=start
        )
    assert not (tmp_path / "m").exists()


def test_a_model_to_start_from_brings_its_own_tokenizer(base, tmp_path):
    start = Start.find(base / "model")
    tokenizer = BertTokenizer.from_pretrained(base / "model")
    recipe = CorpusRecipe(steps=1, max_length=24)
    with pytest.raises(UserError, match="takes its vocabulary, got a tokenizer"):
        pretrain_corpus(
            [base / "one.txt"],
            recipe,
            output=tmp_path / "m",
            device=CPU,
            start=start,
            tokenizer=tokenizer,
        )


def test_a_vocabulary_may_have_its_special_pieces_anywhere(base, tmp_path):
    """The piece with the ID 0 learns as others do, and [PAD] is the one that is not."""
    pieces = (base / "v.txt").read_text(encoding="utf-8").split()
    special = pieces.index("[PAD]"), pieces.index("the")
    pieces[special[0]], pieces[special[1]] = "the", "[PAD]"
    (tmp_path / "v.txt").write_text("\n".join(pieces) + "\n", encoding="utf-8")
    sizes = ("--config", str(base / "c.json"), "--steps", "5", "--accumulation-steps")
    made = command(base / "one.txt", tmp_path / "m", *sizes, "1")
    assert main([*made, "--vocab", str(tmp_path / "v.txt")]) == 0
    config = json.loads((tmp_path / "m" / "config.json").read_text(encoding="utf-8"))
    assert config["pad_token_id"] == special[1] and special[0] == 0
    table = load_file(tmp_path / "m" / "model.safetensors")
    words = table["bert.embeddings.word_embeddings.weight"]
    assert words[0].norm() > 0.05  # not zero, as the row of [PAD] begins


def test_an_encoder_without_heads_needs_new_heads_which_are_said(
    base, tmp_path, capsys
):
    bare = without(base / "model", tmp_path / "bare", "cls.", "bert.pooler")
    start = ("--from", str(bare), "--steps", "1")
    assert main(command(base / "two.txt", tmp_path / "m", *start)) == 2
    assert "--new-heads" in capsys.readouterr().err
    again = command(base / "two.txt", tmp_path / "m", *start, "--new-heads")
    assert main(again) == 0
    assert "started fresh: cls.predictions.bias" in capsys.readouterr().out


def test_a_masked_language_model_starts_its_second_head_fresh(base, tmp_path, capsys):
    half = without(base / "model", tmp_path / "half", "cls.seq_relationship", "pooler")
    start = ("--from", str(half), "--steps", "1")
    assert main(command(base / "two.txt", tmp_path / "m", *start)) == 0
    assert "started fresh: cls.seq_relationship" in capsys.readouterr().out


MISTAKES = {
    "a vocabulary": (("--vocab", "v.txt"), "--vocab does nothing with --from"),
    "a size": (("--config", "mini"), "--config does nothing with --from"),
    "a spread": (("--initializer-range", "0.1"), "nothing with --from"),
    "too long": (("--max-length", "64"), "max_length must be at most 32"),
    "a rate": (("--dropout", "2"), "hidden_dropout_prob"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_what_the_model_has_already_is_not_to_be_said(base, tmp_path, capsys, name):
    options, said = MISTAKES[name]
    start = ("--from", str(base / "model"), *options)
    assert main(command(base / "two.txt", tmp_path / "m", *start)) == 2
    err = capsys.readouterr().err.splitlines()[-1]
    assert err.startswith("error: ") and said in err
    assert not (tmp_path / "m").exists()


@pytest.mark.parametrize("option", ["--allow-bin", "--new-heads", "--revision main"])
def test_what_goes_with_a_model_needs_one(base, tmp_path, capsys, option):
    text = base / "two.txt"
    assert main(command(text, tmp_path / "m", *option.split())) == 2
    assert "does nothing without --from" in capsys.readouterr().err


def test_a_folder_that_is_no_model_is_refused_before_anything_is_written(tmp_path):
    (tmp_path / "empty").mkdir()
    start = Start.find(tmp_path / "empty")
    with pytest.raises(UserError, match=r"config.json"):
        pretrain_corpus([tmp_path], output=tmp_path / "m", device=CPU, start=start)
    assert not (tmp_path / "m").exists()


def test_the_rate_and_the_length_suit_the_model(tmp_path):
    for size, rate in ((64, 1e-3), (128, 3e-4), (768, 5e-5)):
        values = {"hidden_size": size, "num_attention_heads": 2, "vocab_size": 9}
        text = json.dumps(values | {"max_position_embeddings": 64})
        (tmp_path / "config.json").write_text(text, encoding="utf-8")
        usual = Start(name="m", folder=tmp_path).defaults()
        assert usual == {"max_length": 64, "learning_rate": rate}
