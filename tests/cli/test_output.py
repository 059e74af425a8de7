"""UTF-8 whatever the locale, every default in --help, the next command, --version."""

import argparse
import ast
import io
import itertools
import json
import os
import re
import shlex
import subprocess
import sys

import pytest

from bert_tutorial import __version__
from bert_tutorial.cli import output
from bert_tutorial.cli.evaluate import print_validation
from bert_tutorial.cli.main import build_parser, main
from bert_tutorial.pretraining.recipe import CorpusRecipe
from bert_tutorial.training.processes import ANSWER_SECONDS
from bert_tutorial.world.data import WorldRecipe
from bert_tutorial.world.pretrain import full_recipe, minute_recipe
from book_files import PACKAGE

LOCALES = {
    "Windows' Western code page": {"PYTHONIOENCODING": "cp1252"},
    "Windows' Chinese code page": {"PYTHONIOENCODING": "gbk"},
    "the old console's": {"PYTHONIOENCODING": "cp437"},
    "ASCII": {"PYTHONIOENCODING": "ascii"},
    "the locale C": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "the locale POSIX": {"LC_ALL": "POSIX", "PYTHONUTF8": "0"},
}
TEXT = "Zürich 你好 𝔘 สวัสดี ñ"


def run_in(locale, *words, **options):
    environment = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("LC_", "LANG", "PYTHONIO", "PYTHONUTF8"))
    }
    return subprocess.run(
        [sys.executable, "-m", "bert_tutorial", *words],
        env=environment | LOCALES[locale],
        capture_output=True,
        **options,
    )


@pytest.mark.parametrize("locale", LOCALES)
def test_a_text_of_all_scripts_comes_out_in_utf_8(locale):
    done = run_in(locale, "tokenize", TEXT)
    assert done.returncode == 0, done.stderr
    rows = done.stdout.decode("utf-8").splitlines()[1:]
    assert "\ufffd" not in done.stdout.decode("utf-8")
    # the characters are counted in the text, not in its bytes
    assert max(int(row.split("-")[-1]) for row in rows) == len(TEXT)


@pytest.mark.parametrize("locale", LOCALES)
def test_a_name_of_any_script_is_opened_and_named_in_utf_8(locale, tmp_path):
    missing = tmp_path / "你好 Zürich.txt"
    done = run_in(locale, "tokenize", "a", "--vocab", str(missing))
    assert done.returncode == 2
    assert missing.name in done.stderr.decode("utf-8")
    missing.write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\né\n", encoding="utf-8")
    done = run_in(locale, "tokenize", "é", "--cased", "--vocab", str(missing))
    assert done.returncode == 0, done.stderr
    assert done.stdout.decode("utf-8").splitlines()[2].split()[:2] == ["é", "5"]


def test_what_utf_8_has_no_bytes_for_is_written_as_json_escapes(monkeypatch):
    data = io.BytesIO()
    stream = io.TextIOWrapper(data, encoding="cp1252")
    monkeypatch.setattr(sys, "stdout", stream)
    output.print_in_utf8()
    texts = ["\ud800 alone", "\udc80", "é \ud83d"]
    for text in texts:
        print(json.dumps(text, ensure_ascii=False), flush=True)
    lines = data.getvalue().decode("utf-8").splitlines()
    assert [json.loads(line) for line in lines] == texts


def test_a_stream_that_cannot_be_set_is_left_alone(monkeypatch):
    monkeypatch.setattr(sys, "stdout", io.StringIO())  # as a notebook's
    monkeypatch.setattr(sys, "stderr", None)  # as under pythonw on Windows
    output.print_in_utf8()
    print("é")
    assert sys.stdout.getvalue() == "é\n"


METHODS = {"open", "read_text", "write_text", "fdopen", "NamedTemporaryFile"}


def test_no_file_is_read_or_written_in_the_systems_encoding():
    """Under a code page, `open(file)` reads another text than on Linux."""
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            owner = getattr(getattr(node.func, "value", None), "id", "")
            is_plain = isinstance(node.func, ast.Name)  # `read_text` is our own
            if name not in ({"open"} if is_plain else METHODS):
                continue
            if owner in ("os", "Image", "webbrowser"):
                continue
            given = [ast.unparse(argument) for argument in node.args]
            named = {keyword.arg for keyword in node.keywords}
            is_binary = any(re.fullmatch(r"'[rwa+]*b[rwa+]*'", one) for one in given)
            assert is_binary or "encoding" in named, f"{path}:{node.lineno}"


def test_the_version_is_told(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["--version"])
    assert stop.value.code == 0
    assert capsys.readouterr().out == f"bert_tutorial {__version__}\n"


def subcommands() -> dict[str, argparse.ArgumentParser]:
    return build_parser()._subparsers._group_actions[0].choices


def options_of(parser):
    return [
        action
        for action in parser._actions
        if action.option_strings and action.dest != "help"
    ]


@pytest.mark.parametrize(
    "name", ["pretrain", "cost", "vocabulary", "world", "doctor", "card"]
)
def test_every_default_is_in_the_help(name):
    parser = subcommands()[name]
    shown = " ".join(parser.format_help().split())
    for action in options_of(parser):
        is_switch = action.nargs == 0 and not isinstance(
            action, argparse.BooleanOptionalAction
        )
        if is_switch or action.required or action.dest in ("corpus", "output"):
            continue
        if action.metavar == "N" and name == "world":
            continue  # what to print instead of ten sentences
        text = parser._get_formatter()._expand_help(action)
        assert "default" in text, (name, action.option_strings)
        assert " ".join(text.split()) in shown


def test_the_defaults_in_the_help_are_those_that_are_taken():
    shown = {
        action.dest: " ".join((action.help or "").split())
        for action in options_of(subcommands()["pretrain"])
    }
    recipe = CorpusRecipe()
    for name in ("config", "vocab_size", "max_length", "tokens_per_batch"):
        assert f"default: {getattr(recipe, name)}" in shown[name]
    for name in ("accumulation_steps", "mlm_probability"):
        assert f"default: {getattr(recipe, name)}" in shown[name]
    quick, full = minute_recipe().optimizer, full_recipe().optimizer
    assert full == recipe.optimizer == WorldRecipe().optimizer
    told = f"default: {quick} with --world, {full} with --mix full or --corpus"
    assert told in shown["optimizer"]
    assert "default: 1e-3" in shown["learning_rate"] and recipe.learning_rate == 1e-3
    assert "--no-cased" in shown["cased"] and recipe.cased is False
    assert "default: no" in shown["whole_word"] and recipe.whole_word is False
    assert "default: 16 bits on a GPU, float32 on a" in shown["precision"]
    assert recipe.precision is None
    quick_steps = (minute_recipe().steps, WorldRecipe().steps)
    steps = (*quick_steps, full_recipe().steps, recipe.steps)
    assert re.findall(r"\d+", shown["steps"]) == [str(number) for number in steps]
    assert f"default: {WorldRecipe().masking}" in shown["masking"]
    assert f"default: {ANSWER_SECONDS:.0f}" in shown["answer_seconds"]


def test_the_next_command_is_one_that_is_accepted(tmp_path, capsys, monkeypatch):
    folder = tmp_path / "my model's"
    text = tmp_path / "text.txt"
    letters = list(itertools.permutations("abcdefg", 3))  # alike texts would be one
    text.write_text("\n\n".join(f"{x} {y}.\n{y} {z}." for x, y, z in letters))
    command = ["pretrain", "--corpus", str(text), "--output", str(folder)]
    assert main([*command, "--steps", "1", "--vocab-size", "30"]) == 0
    lines = capsys.readouterr().out.splitlines()
    told = [line for line in lines if line.startswith(("next:", "or:"))]
    assert len(told) == 2
    for line in told:
        words = shlex.split(line.partition(":")[2])
        assert tuple(words[:3]) == output.PROGRAM
        options = build_parser().parse_args(words[3:])
        assert options.model == str(folder)
    words = shlex.split(told[0].partition(":")[2])
    assert main(words[3:]) == 0  # and it does what it says
    figures = [line for line in lines if "nats" in line]
    assert len(figures) == len(set(figures)) == 2


def test_a_command_to_copy_is_quoted_as_the_system_wants(monkeypatch):
    words = ("fill", "[MASK] is it", "--model", r"C:\my models\m")
    monkeypatch.setattr(output.os, "name", "nt")
    told = output.command_line(*words)
    monkeypatch.undo()
    assert told == (
        r'python -m bert_tutorial fill "[MASK] is it" --model "C:\my models\m"'
    )
    assert output.command_line("fill", "it's").endswith("""fill 'it'"'"'s'""")


def test_a_text_too_short_to_mask_gets_no_figure(capsys):
    print_validation(
        {"masked_lm": 0.0, "perplexity": 1.0, "accuracy": 0.0, "masked_places": 0}
    )
    told = capsys.readouterr().out
    assert "too little text" in told and "0.0" not in told
