"""The command line as a user meets it: outputs, mistakes, what --help costs."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from conftest import run_command as run
from safetensors.torch import load_file

import bert_tutorial.world.pretrain as world_pretrain
from bert_tutorial.cli.main import build_parser, main
from bert_tutorial.cli.pretrain import CORPUS_ONLY, WORLD_ONLY, world_recipe_of
from bert_tutorial.files.errors import MissingFileError, UserError
from bert_tutorial.files.folder import CheckpointError, read_json
from bert_tutorial.files.shipped import shipped_weights
from bert_tutorial.model.config import BertConfig
from bert_tutorial.pretraining.recipe import CorpusRecipe


def test_fill_finds_paris_with_the_shipped_model(capsys):
    code, out, _ = run(capsys, "fill", "The capital of France is [MASK].")
    lines = out.splitlines()
    assert code == 0 and len(lines) == 5
    share, word = lines[0].split()
    assert word == "paris" and float(share.rstrip("%")) > 50


def test_fill_answers_each_mask(capsys):
    code, out, _ = run(capsys, "fill", "[MASK] is the capital of [MASK].", "--top", "3")
    assert code == 0
    assert [line for line in out.splitlines() if line.startswith("[MASK]")] == [
        "[MASK] 1",
        "[MASK] 2",
    ]
    assert len(out.splitlines()) == 8


def test_tokenize_shows_pieces_ids_segments_and_characters(capsys):
    code, out, _ = run(capsys, "tokenize", "The capital", "--pair", "of Peru")
    rows = [line.split() for line in out.splitlines()[1:]]
    assert code == 0
    assert [row[0] for row in rows] == (
        ["[CLS]", "the", "capital", "[SEP]", "of", "peru", "[SEP]"]
    )
    assert [row[2] for row in rows] == ["0", "0", "0", "0", "1", "1", "1"]
    assert rows[2][3] == "4-11"


def test_vocabulary_writes_one_piece_a_line(capsys, tmp_path):
    text = tmp_path / "text.txt"
    text.write_text("the cat sat on the mat.\n" * 20, encoding="utf-8")
    target = tmp_path / "vocab.txt"
    code, out, _ = run(
        capsys, "vocabulary", str(text), "--size", "60", "--output", str(target)
    )
    pieces = target.read_text(encoding="utf-8").split("\n")[:-1]
    assert code == 0 and "pieces in" in out
    assert pieces[:5] == ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    assert "the" in pieces


def test_world_prints_sentences_facts_probes_documents(capsys):
    assert len(run(capsys, "world", "--sentences", "7")[1].splitlines()) == 7
    assert "capital(France) = Paris" in run(capsys, "world", "--facts")[1]
    probe = run(capsys, "world", "--probes", "1")[1]
    assert probe == "The capital of France is [MASK].  ->  Paris (rephrased)\n"
    assert run(capsys, "world", "--documents", "2")[1].count("\n\n") == 2


def test_pretrain_on_the_world_saves_a_model_that_fill_opens(capsys, tmp_path):
    folder = tmp_path / "model"
    code, out, err = run(
        capsys, "pretrain", "--world", "--steps", "20", "--output", str(folder)
    )
    assert code == 0, err
    assert "facts in new wordings" in out
    assert (folder / "loss.png").stat().st_size > 1_000
    assert len((folder / "log.jsonl").read_text().splitlines()) == 1
    code, out, _ = run(capsys, "fill", "A [MASK].", "--model", str(folder))
    assert code == 0 and len(out.splitlines()) == 5
    code, out, _ = run(capsys, "evaluate", "--world", "--model", str(folder))
    assert code == 0 and "majority" in out


def test_pretrain_and_evaluate_on_files(capsys, tmp_path):
    text = tmp_path / "text.txt"
    lines = [f"the {w} is in the {v}." for w in "abcdef" for v in "uvwxyz"]
    text.write_text("\n".join(lines * 5) + "\n", encoding="utf-8")
    folder = tmp_path / "model"
    command = ["pretrain", "--corpus", str(text), "--steps", "4", "--vocab-size", "50"]
    command += ["--max-length", "32", "--output", str(folder)]
    code, out, err = run(capsys, *command)
    assert code == 0, err
    assert "knows the frequencies only" in out
    assert json.loads((folder / "run.json").read_text())["recipe"]["steps"] == 4
    code, out, _ = run(
        capsys, "evaluate", "--corpus", str(text), "--model", str(folder)
    )
    assert code == 0 and "perplexity" in out


MISTAKES = {
    "no command": [],
    "unknown command": ["learn"],
    "no mask": ["fill", "Paris is a city."],
    "empty text": ["fill", ""],
    "too long": ["fill", "[MASK] " + "paris " * 100],
    "no such model": ["fill", "[MASK]", "--model", "no/such/folder"],
    "no such vocabulary": ["tokenize", "a", "--vocab", "missing.txt"],
    "no such corpus": ["pretrain", "--corpus", "missing.txt", "--output", "x"],
    "no output": ["pretrain", "--corpus", "missing.txt"],
    "no source": ["pretrain"],
    "steps": ["pretrain", "--world", "--steps", "0"],
    "unknown option": ["pretrain", "--world", "--lr", "1"],
    "unknown size": ["pretrain", "--corpus", "x", "--config", "huge", "--output", "y"],
    "world of no world": ["evaluate", "--world", "--model", "."],
    "option of files": ["pretrain", "--world", "--learning-rate", "0.1"],
    "option of the world": ["pretrain", "--corpus", "x", "--masking", "uniform"],
    "size of a given vocabulary": (
        ["pretrain", "--corpus", "x", "--vocab", "v.txt", "--vocab-size", "9"]
    ),
    "share of masks": (
        ["pretrain", "--corpus", "x", "--mlm-probability", "0", "--output", "y"]
    ),
}


@pytest.mark.parametrize("name", list(MISTAKES))
def test_a_mistake_gets_one_line_and_exit_code_2(capsys, tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    code, out, err = run(capsys, *MISTAKES[name])
    assert code == 2, (out, err)
    assert err.startswith("error: ") and err.count("\n") == 1
    assert not list(tmp_path.iterdir())  # nothing was written


def test_a_reader_that_has_enough_is_no_mistake():
    command = [sys.executable, "-m", "bert_tutorial", "world", "--sentences", "9000"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout.readline().endswith(b".\n")
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


def test_ctrl_c_is_exit_code_130(capsys, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("bert_tutorial.model.fill.fill_masks", interrupt)
    assert run(capsys, "fill", "[MASK]") == (130, "", "stopped\n")


def test_every_option_of_files_is_refused_for_the_world():
    own = {action.dest for action in pretrain_options()}
    shared = {"help", "world", "corpus", "output", "seed", "steps", "threads"}
    shared |= {"save_every", "resume", "optimizer"}
    assert own - shared == {*WORLD_ONLY, *CORPUS_ONLY}


@pytest.mark.parametrize(
    ("words", "optimizer", "steps", "rate"),
    [
        ("", "muon", 800, 5e-3),
        ("--optimizer adamw", "adamw", 3_000, 3e-3),
        ("--steps 9 --seed 4", "muon", 9, 5e-3),
        ("--mix full", "adamw", 16_000, 3e-3),
        ("--mix full --optimizer muon", "muon", 16_000, 5e-3),
    ],
)
def test_the_world_is_learned_with_the_optimizer_asked_for(
    words, optimizer, steps, rate
):
    options = build_parser().parse_args(["pretrain", "--world", *words.split()])
    recipe = world_recipe_of(options)
    assert recipe.training_config().optimizer == optimizer
    assert (recipe.steps, recipe.learning_rate) == (steps, rate)
    assert recipe.seed == (4 if "--seed" in words else 0)


def pretrain_options():
    commands = build_parser()._subparsers._group_actions[0]
    return commands.choices["pretrain"]._actions


def loaded_by(statement: str) -> set[str]:
    """List the modules that a statement loads in a fresh interpreter."""
    code = f"import sys, json; {statement}; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_importing_the_package_loads_nothing_large():
    for statement in (
        "import bert_tutorial",
        "from bert_tutorial import BertModel, BertTokenizer, BertForPreTraining",
    ):
        heavy = {"transformers", "datasets", "matplotlib", "sklearn", "pandas"}
        assert not heavy & loaded_by(statement), statement
    assert "torch" not in loaded_by("import bert_tutorial.cli.main")


def test_opening_a_model_does_not_load_the_compiler():
    statement = (
        "from bert_tutorial.files.shipped import shipped_weights; "
        "from bert_tutorial import BertForMaskedLM; "
        "BertForMaskedLM.from_pretrained(shipped_weights())"
    )
    assert not {"torch._dynamo", "sympy"} & loaded_by(statement)


@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
def test_training_does_not_load_the_compiler(optimizer):
    """It takes four seconds of a core before the first step."""
    statement = (
        "import torch; "
        "from bert_tutorial.tasks.sentiment.baseline import logistic_regression; "
        "from bert_tutorial.world.data import WorldRecipe; "
        "from bert_tutorial.world.pretrain import pretrain_world; "
        "logistic_regression(torch.randn(8, 3), torch.arange(8) % 2, 2); "
        f"pretrain_world(WorldRecipe(steps=2, optimizer={optimizer!r}), progress=False)"
    )
    assert not {"torch._dynamo", "sympy"} & loaded_by(statement)


@pytest.mark.parametrize("fault", [KeyError("deep"), ValueError("ours"), OSError("?")])
def test_a_fault_of_ours_keeps_its_traceback(monkeypatch, fault):
    def slip(*_):
        raise fault

    monkeypatch.setattr("bert_tutorial.model.fill.fill_masks", slip)
    with pytest.raises(type(fault)) as found:
        main(["fill", "the capital of france is [MASK] ."])
    assert found.value is fault


@pytest.mark.parametrize("kind", [UserError, MissingFileError, CheckpointError])
def test_a_mistake_of_the_users_gets_one_line_from_anywhere(capsys, monkeypatch, kind):
    assert issubclass(kind, UserError) and issubclass(kind, ValueError)

    def refuse(*_):
        raise kind("a.txt: it\nmust be so")

    monkeypatch.setattr("bert_tutorial.model.fill.fill_masks", refuse)
    code, out, err = run(capsys, "fill", "the capital of france is [MASK] .")
    assert (code, out) == (2, "")
    assert err.startswith("error: a.txt: it") and err.count("\n") == 1


def test_a_file_that_the_system_refuses_is_named(capsys, monkeypatch):
    def denied(*_):
        raise PermissionError(13, "Permission denied", "there/config.json")

    monkeypatch.setattr("bert_tutorial.model.fill.fill_masks", denied)
    code, _, err = run(capsys, "fill", "the capital of france is [MASK] .")
    assert (code, err) == (2, "error: there/config.json: Permission denied\n")


@pytest.mark.parametrize("text", ['{"a"', '{"a": 1}', '{"recipe": 3}', "[]"])
def test_a_report_of_no_world_gets_one_line(capsys, tmp_path, text):
    (tmp_path / "report.json").write_text(text, encoding="utf-8")
    code, _, err = run(capsys, "evaluate", "--world", "--model", str(tmp_path))
    assert code == 2 and err.count("\n") == 1, err
    assert "report.json" in err


@pytest.mark.parametrize("command", ["world", "pretrain --world", "evaluate --world"])
def test_a_seed_too_large_for_a_generator_is_refused(capsys, command):
    code, _, err = run(capsys, *command.split(), "--seed", str(2**63))
    assert code == 2 and "64 bits" in err


def test_too_many_threads_are_refused(capsys):
    code, _, err = run(capsys, "pretrain", "--world", "--threads", "9999999999")
    assert code == 2 and "below 2**31" in err


def test_a_world_in_an_old_file_is_judged_on_request(capsys, tmp_path, monkeypatch):
    folder = Path(shutil.copytree(shipped_weights(), tmp_path / "model"))
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    command = ("evaluate", "--world", "--model", folder)
    code, _, err = run(capsys, *command)
    assert code == 2 and "--allow-bin" in err

    def reached(model, data):
        raise UserError(f"a model of {model.config.num_hidden_layers} layers")

    class Texts:
        """Stands for the text of a world, which takes long to write."""

        def __init__(self, *_):
            pass

        def pairs_for(self, *_):
            return []

    monkeypatch.setattr(world_pretrain, "WorldData", Texts)
    monkeypatch.setattr(world_pretrain, "report", reached)
    assert "a model of 2 layers" in run(capsys, *command, "--allow-bin")[2]


@pytest.mark.parametrize("place", ["", "config.json"])
def test_the_sizes_of_a_saved_model_can_be_taken(place):
    source = BertConfig.from_dict(read_json(shipped_weights() / "config.json"))
    recipe = CorpusRecipe(config=str(shipped_weights() / place), max_length=32)
    config = recipe.model_config(99)
    assert config.vocab_size == 99
    assert config.hidden_size == source.hidden_size
    assert config.num_hidden_layers == source.num_hidden_layers


def test_a_slip_in_a_saved_config_is_found(tmp_path):
    values = read_json(shipped_weights() / "config.json")
    values |= {"bos_token_id": 1, "gradient_checkpointing": False, "dtype": "float32"}
    file = tmp_path / "config.json"
    file.write_text(json.dumps(values), encoding="utf-8")
    assert CorpusRecipe(config=str(file), max_length=32).model_config(99)
    del values["hidden_size"]
    file.write_text(json.dumps(values | {"hiden_size": 64}), encoding="utf-8")
    with pytest.raises(UserError, match="did you mean hidden_size"):
        CorpusRecipe(config=str(file), max_length=32).model_config(99)


def test_predict_takes_no_labels(capsys, tmp_path):
    command = ("predict", "--model", tmp_path, "--label-column", "label", "a text")
    code, _, err = run(capsys, *command)
    assert code == 2 and "--label-column" in err
