"""What a message tells the user to do can be done with the command that tells it.

All texts that the package shows are read from its source: the options that they name
must be options of each command that comes there, and the arguments that they name must
be arguments of a public function.
"""

import argparse
import ast
import re
import shlex
from collections.abc import Iterator

import pytest

from bert_tutorial.cli.main import build_parser, main
from book_files import PACKAGE

TRAINING = ("pretrain", "finetune")
LABELS = ("finetune", "evaluate")
USING = ("evaluate", "predict")
MODELS = ("fill", "pretrain", "finetune", "evaluate", "predict")
# Which commands come to a module, by the longest start of its path that fits.
COMES_TO = {
    "cli/pretrain.py": ("pretrain",),
    "cli/finetune.py": ("finetune",),
    "cli/evaluate.py": ("evaluate",),
    "cli/predict.py": ("predict",),
    "cli/cost.py": ("cost",),
    "training": TRAINING,
    "pretraining": ("pretrain",),
    "world": ("pretrain",),
    "files/hub.py": MODELS,
    "files/folder.py": MODELS,
}
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
ARGUMENT = re.compile(r"\b([a-z]+(?:_[a-z]+)*)=(?:True|False|None|\.\.\.)")
OTHERS = {"--upgrade", "--force-reinstall", "--no-deps", "--nproc-per-node"}  # of pip


def subcommands() -> dict[str, argparse.ArgumentParser]:
    return build_parser()._subparsers._group_actions[0].choices


def options_of(command: str) -> set[str]:
    return set(subcommands()[command]._option_string_actions)


def shown_texts() -> Iterator[tuple[str, int, str]]:
    """Yield path, line and text of all strings but docstrings."""
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).as_posix()
        if name.startswith(("course/", "labs/")):
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        inside = {
            id(part)
            for node in ast.walk(tree)
            if isinstance(node, ast.JoinedStr)
            for part in ast.walk(node)
            if part is not node
        }
        for node in ast.walk(tree):
            if id(node) in inside:
                continue
            if isinstance(node, ast.JoinedStr):
                parts = [
                    part.value if isinstance(part, ast.Constant) else "{}"
                    for part in node.values
                ]
                yield name, node.lineno, "".join(map(str, parts))
            elif isinstance(node, ast.Constant):
                text = str(node.value)
                if "\n\n" not in text and not text.startswith("--"):
                    yield name, node.lineno, text


def comes_to(name: str) -> tuple[str, ...]:
    """Give the commands that come to a module; none: any command will do."""
    found = [start for start in COMES_TO if name.startswith(start)]
    return COMES_TO[max(found, key=len)] if found else ()


def told_options() -> list[tuple[str, int, str, str]]:
    return [
        (name, line, option, text)
        for name, line, text in shown_texts()
        for option in OPTION.findall(text)
        if option not in OTHERS
    ]


def test_every_option_that_a_message_names_is_one_of_the_commands_that_show_it():
    told = told_options()
    assert len(told) > 30  # the search finds them
    every = set().union(*map(options_of, subcommands()))
    for name, line, option, text in told:
        assert option in every, f"{name}:{line}: no command has {option}"
        named = re.search(r"\b(pretrain|finetune|predict|vocabulary) --", text)
        commands = (named[1],) if named else comes_to(name)
        for command in commands:
            assert option in options_of(command), f"{name}:{line}: {command} {option}"


def parameters() -> set[str]:
    """List the arguments of all public functions and classes of the package."""
    found = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                arguments = node.args
                found |= {a.arg for a in (*arguments.args, *arguments.kwonlyargs)}
            elif isinstance(node, ast.ClassDef):  # of a dataclass
                found |= {
                    part.target.id
                    for part in node.body
                    if isinstance(part, ast.AnnAssign)
                    and isinstance(part.target, ast.Name)
                }
    return found


# An argument of Python that a command shows too has an option, in the same message.
OPTION_OF = {
    "resume": "--resume",
    "allow_bin": "--allow-bin",
    "new_heads": "--new-heads",
    "precision": "--precision",
    "tokenizer": "--vocab",
}


def test_every_argument_that_a_message_names_is_there_and_has_its_option_beside():
    known, told = parameters(), 0
    for name, line, text in shown_texts():
        for argument in ARGUMENT.findall(text):
            assert argument in known, f"{name}:{line}: no function takes {argument}"
            if argument in OPTION_OF:
                told += 1
                option = OPTION_OF[argument]
                is_said = option in text or "in Python" in text
                assert is_said, f"{name}:{line}: name {option}, too"
    assert told >= 5


def test_each_key_that_a_recipe_may_refuse_is_an_option():
    """Messages name a choice by its key, as in "max_length must be ..."."""
    from bert_tutorial.pretraining.recipe import CorpusRecipe
    from bert_tutorial.tasks.fine_tuning import FineTuningConfig

    for command, recipe in (("pretrain", CorpusRecipe), ("finetune", FineTuningConfig)):
        for key in recipe.__dataclass_fields__:
            flag = "--" + key.replace("_", "-")
            known = options_of(command)
            assert flag in known or key in ("seed", "max_gradient_norm"), (command, key)


# --- and some are followed, to their end


def lines_of(capsys) -> str:
    return capsys.readouterr().err.splitlines()[-1]


@pytest.fixture
def corpus(tmp_path):
    text = tmp_path / "text.txt"
    text.write_text("a b.\nb c.\n\nc d.\nd a.\n\na c.\nb d.\n\na d.\n" * 9)
    command = ["pretrain", "--corpus", str(text), "--vocab-size", "30", "--steps", "2"]
    return [*command, "--device", "cpu", "--max-length", "16"], tmp_path


def test_no_output(corpus, capsys):
    command, folder = corpus
    assert main(command) == 2
    option, value = re.search(r"(--output) (FOLDER)", lines_of(capsys)).groups()
    assert value == "FOLDER"
    assert main([*command, option, str(folder / "m")]) == 0


def test_a_finished_run_and_another_folder(corpus, capsys):
    command, folder = corpus
    assert main([*command, "--output", str(folder / "m")]) == 0
    assert main([*command, "--output", str(folder / "m")]) == 2
    assert "give another folder" in lines_of(capsys)
    assert main([*command, "--output", str(folder / "n")]) == 0


def test_nothing_to_resume_and_leave_it_out(corpus, capsys):
    command, folder = corpus
    command += ["--output", str(folder / "m")]
    assert main([*command, "--resume"]) == 2
    assert "leave --resume (resume=True) out" in lines_of(capsys)
    assert main(command) == 0


def test_states_of_an_old_run_and_resume_it(corpus, capsys):
    command, folder = corpus
    command += ["--output", str(folder / "m")]
    assert main(command) == 0
    for name in ("model.safetensors", "run.json"):
        (folder / "m" / name).unlink()  # as if it had been killed while saving
    assert main(command) == 2
    assert "resume that run (--resume" in lines_of(capsys)
    assert main([*command, "--resume"]) == 0


def test_other_settings_and_those_of_the_first_run(corpus, capsys):
    command, folder = corpus
    command += ["--output", str(folder / "m")]
    assert main(command) == 0
    assert main([*command, "--seed", "1", "--resume"]) == 2
    assert "give those of the first run" in lines_of(capsys)
    assert main([*command, "--resume"]) == 0


def test_another_vocabulary_and_train_with_it(corpus, capsys):
    command, folder = corpus
    (folder / "m").mkdir()
    vocabulary = folder / "m" / "vocab.txt"
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcd.", "##a"]
    vocabulary.write_text("\n".join(pieces) + "\n")
    command += ["--output", str(folder / "m")]
    assert main(command) == 2
    assert "train with it (pretrain --vocab" in lines_of(capsys)
    i = command.index("--vocab-size")
    again = [*command[:i], "--vocab", str(vocabulary), *command[i + 2 :]]
    assert main(again) == 0
    assert vocabulary.read_text() == "\n".join(pieces) + "\n"


@pytest.mark.parametrize(
    "words",
    [
        "pretrain --world --learning-rate 1",
        "pretrain --world --config mini",
        "pretrain --corpus x --masking uniform --output y",
        "pretrain --corpus x --allow-bin --output y",
        "pretrain --world --save-every 5",
        "pretrain --corpus x --vocab v --vocab-size 9 --output y",
        "finetune --task sentiment --data x --patience 3 --output y",
    ],
)
def test_an_option_that_does_nothing_and_leave_it_out(words, capsys):
    assert main(shlex.split(words)) == 2
    said = lines_of(capsys)
    assert "leave it out" in said
    option = OPTION.search(said)[0]
    without = re.sub(rf"{option}( [\w.]+)?", "", words, count=1)
    assert option not in without
    if "--world" in without:
        return  # it would begin to train
    main(shlex.split(without))
    assert option not in lines_of(capsys)
