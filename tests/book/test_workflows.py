"""What CI runs, publishes and releases: every command it names is there.

The forms for reports are checked as far as that is possible without the host.
"""

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml
from publish import BOOKS, SUMS, notes, pack, sums, zip_folder

import bert_tutorial
from bert_tutorial.cli.main import build_parser
from book_files import ROOT, repository_url

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
FORMS = sorted(
    path
    for path in (ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml")
    if path.name != "config.yml"
)
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
each = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
each_form = pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
# What is on the machines that run it, or comes from what was installed before.
KNOWN = {
    *("make", "python", ".venv/bin/python", ".ci/run", "gh", "grep", "sed", "touch"),
    "sha256sum",
}


def jobs(path: Path) -> dict:
    return yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"]


def steps(path: Path) -> list[dict]:
    return [step for job in jobs(path).values() for step in job["steps"]]


def commands(path: Path) -> list[str]:
    """The lines that are run, without what is given to Python's own input."""
    texts = [step["run"] for step in steps(path) if "run" in step]
    text = "\n".join(
        re.sub(r"<<'END'(.*?)\n.*?\nEND\b", r"\1", t, flags=re.S) for t in texts
    )
    found = re.split(r"\n|&&|\|", text.replace("(", "").replace(")", ""))
    return [line.strip() for line in found if line.strip()]


def test_the_three_workflows_are_there():
    assert [path.stem for path in WORKFLOWS] == ["ci", "pages", "release"]


def test_actions_are_pinned_and_each_has_one_version():
    found = {}
    for path in WORKFLOWS:
        for step in steps(path):
            if "uses" in step:
                name, version = re.fullmatch(
                    r"(actions/[a-z-]+)@(v\d+)", step["uses"]
                ).groups()
                found.setdefault(name, set()).add(version)
    assert all(len(versions) == 1 for versions in found.values()), found


@pytest.mark.parametrize(
    ("schema", "paths"),
    [
        ("github-workflows", WORKFLOWS),
        ("github-issue-forms", FORMS),
        ("github-issue-config", [FORMS[0].with_name("config.yml")]),
        ("citation-file-format", [ROOT / "CITATION.cff"]),
    ],
)
def test_the_host_takes_the_files_by_its_published_schemas(schema, paths, tmp_path):
    def check(*files):
        command = ["-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}"]
        return subprocess.run(
            [sys.executable, *command, *map(str, files)], capture_output=True, text=True
        )

    found = check(*paths)
    assert found.returncode == 0, found.stdout
    spoilt = tmp_path / "spoilt.yml"
    keys = ("jobs", "body", "contact_links", "authors")
    spoilt.write_text("".join(f"{key}: 3\n" for key in keys), encoding="utf-8")
    assert check(spoilt).returncode == 1


@each
def test_every_target_that_is_made_is_in_the_makefile(path):
    targets = set(re.findall(r"^([a-z]+):", MAKEFILE, re.M))
    named = [line.split()[1:] for line in commands(path) if line.startswith("make ")]
    assert {word for words in named for word in words} <= targets


@each
def test_every_command_and_file_that_is_named_is_there(path):
    for line in commands(path):
        program, *words = line.split()
        assert program in KNOWN or program == "cd", line
        for word in words:
            is_file = re.fullmatch(
                r"(?:tools|tests|notebooks)/?[\w./]*|[\w-]+\.lock", word
            )
            if is_file and not word.startswith("dist"):
                assert (ROOT / word).exists(), line
        found = re.search(r"-m bert_tutorial (\w+)", line)
        if found:
            told = build_parser().format_help()
            assert re.search(rf"\b{found[1]}\b", told), line


@each
def test_a_job_ends_and_may_no_more_than_it_needs(path):
    text = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert text["permissions"] == {"contents": "read"}
    for name, job in text["jobs"].items():
        assert job["timeout-minutes"] <= 120, name
        allowed = {"publish": {"pages": "write", "id-token": "write"}}
        allowed["release"] = {"contents": "write"}
        assert job.get("permissions") in (None, allowed.get(name)), name


@pytest.mark.parametrize("name", ["pages", "release"])
def test_what_is_published_is_installed_as_ci_installs_it(name):
    def lines(path):
        return [one for one in commands(path) if "--require-hashes" in one]

    here = ROOT / ".github" / "workflows"
    first = [step for step in jobs(here / "ci.yml")["all"]["steps"] if "run" in step]
    assert set(lines(here / f"{name}.yml")) <= set(first[0]["run"].split("\n"))
    assert len(lines(here / f"{name}.yml")) == 2


def test_the_site_is_built_strictly_before_it_is_published():
    made = commands(ROOT / ".github" / "workflows" / "pages.yml")
    assert "make pdf epub" in made
    assert re.search(r"^pdf: site ", MAKEFILE, re.M)
    assert "jupyter-book build . -W -n --keep-going" in MAKEFILE
    assert re.search(r"^release: pdf epub dist ", MAKEFILE, re.M)


# ---- forms --------------------------------------------------------------------------


@each_form
def test_a_form_asks_with_labels_and_has_what_the_host_wants(path):
    form = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert set(form) == {"name", "description", "title", "body"}
    assert len(form["description"]) < 200
    names = [field["id"] for field in form["body"]]
    assert len(names) == len(set(names)) >= 2
    assert any(field.get("validations", {}).get("required") for field in form["body"])
    for field in form["body"]:
        assert field["type"] in ("input", "textarea", "dropdown")
        assert field["attributes"]["label"]
        assert (field["type"] == "dropdown") == ("options" in field["attributes"])
        assert re.fullmatch(r"[\w-]+", field["id"])


def test_there_is_a_form_for_each_kind_of_report_and_no_address_in_it():
    assert [path.stem for path in FORMS] == [
        *("failing_install", "question", "unclear_sentence", "wrong_check")
    ]
    host = repository_url().split("/")[2]
    for path in [*FORMS, *WORKFLOWS]:
        assert host not in path.read_text(encoding="utf-8"), path.name


# ---- a release ----------------------------------------------------------------------


def test_a_release_holds_the_site_the_books_the_wheel_and_their_sums(tmp_path):
    site, dist = tmp_path / "html", tmp_path / "dist"
    for folder in (site / "downloads", dist):
        folder.mkdir(parents=True)
    (dist / "a.whl").write_bytes(b"wheel")
    with pytest.raises(SystemExit, match="make pdf epub dist"):
        pack(site, dist)
    for name in BOOKS:
        (site / "downloads" / name).write_bytes(name.encode())
    pack(site, dist)
    first = (dist / SUMS).read_text("utf-8")
    assert len(first.splitlines()) == 4 and SUMS not in first
    pack(site, dist)
    assert (dist / SUMS).read_text("utf-8") == first == sums(dist)
    with zipfile.ZipFile(dist / "build-bert-from-scratch-site.zip") as archive:
        assert len(archive.namelist()) == 2


def test_the_zip_file_is_the_same_bytes_for_the_same_site(tmp_path):
    site = tmp_path / "html"
    (site / "b").mkdir(parents=True)
    (site / "b" / "x.html").write_text("x", encoding="utf-8")
    for name in ("1.zip", "2.zip"):
        zip_folder(site, tmp_path / name)
    assert (tmp_path / "1.zip").read_bytes() == (tmp_path / "2.zip").read_bytes()


def test_the_notes_are_those_of_the_tagged_version():
    text = "# Changes\n\n## 0.2.0\n\nNew.\n\n## 0.1.0\n\nFirst.\n"
    assert notes("v0.1.0", text, "0.1.0") == "First.\n"
    assert notes("v0.2.0", text, "0.2.0") == "New.\n"
    with pytest.raises(SystemExit, match="the package says"):
        notes("v0.3.0", text, "0.2.0")
    with pytest.raises(SystemExit, match="says nothing"):
        notes("v0.3.0", text, "0.3.0")
    changes = (ROOT / "CHANGELOG.md").read_text("utf-8")
    version = bert_tutorial.__version__
    assert len(notes(f"v{version}", changes, version)) > 100
