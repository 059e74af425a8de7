"""Whatever is shipped is the project's own or named with its licence in NOTICE.md."""

import importlib.metadata
import os
import re
import subprocess
import sys
import tarfile
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from book_files import ROOT
from check_site import is_own, licence_file, licence_texts, notice_faults, works

SITE = Path(os.environ.get("BERT_TUTORIAL_SITE", ROOT / "_build" / "html"))
SITE = SITE.resolve()
TABLE = works((ROOT / "NOTICE.md").read_text(encoding="utf-8"))
# Kinds of files that only a wheel or a source archive's own tools write.
WRITTEN = ("PKG-INFO", "setup.cfg", "bert_tutorial.egg-info/*")


def tracked():
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [name for name in listed.stdout.split("\0") if (ROOT / name).is_file()]


def test_each_row_says_files_work_holders_and_licence():
    assert len(TABLE) > 10
    patterns = [one for work in TABLE for one in work.patterns]
    assert len(patterns) == len(set(patterns))
    for work in TABLE:
        assert re.search("BSD|MIT|Apache-2.0|CC BY 4.0|OFL", work.licence), work


@pytest.mark.parametrize("work", TABLE, ids=lambda work: work.name)
def test_the_licence_is_the_one_that_the_package_names(work):
    try:
        data = importlib.metadata.metadata(work.name)
    except importlib.metadata.PackageNotFoundError:
        bundled = {"Bootstrap", "Font Awesome Free", "MathJax", "clipboard.js"}
        assert work.name in bundled | {"Tabler Icons"}, "not a package: whose is it?"
        return
    said = [data.get("License-Expression") or "", data.get("License") or ""]
    said += data.get_all("Classifier") or []
    kind = re.match("BSD|MIT|Apache", work.licence)[0]
    assert any(kind in text for text in said), said
    assert licence_file(work.name), f"{work.name} has no text of its licence"


@pytest.mark.skipif(not SITE.exists(), reason="the site is not built: `make site`")
def test_the_site_holds_nothing_else_of_others():
    names = [p.relative_to(SITE).as_posix() for p in SITE.rglob("*") if p.is_file()]
    assert notice_faults(sorted(names), TABLE) == []


@pytest.mark.skipif(not SITE.exists(), reason="the site is not built: `make site`")
def test_the_site_has_the_texts_and_a_page_that_leads_to_each():
    page = (SITE / "book" / "notice.html").read_text(encoding="utf-8")
    texts = licence_texts()
    assert {"LICENSE.txt", "LICENSE-prose.txt", "Sphinx.txt"} <= set(texts)
    for name, source in texts.items():
        assert (SITE / "licences" / name).read_bytes() == source.read_bytes()
        assert f'href="../licences/{name}"' in page
    for work in TABLE:
        assert work.name in page


@pytest.mark.skipif(not SITE.exists(), reason="the site is not built: `make site`")
def test_the_foot_of_every_page_leads_to_the_works_of_others():
    """By a path, so that it also works where the site is opened from a disk."""
    pages = [p for p in SITE.rglob("*.html") if "_static" not in p.parts]
    # The first redirects, the second is plain text without a work of others.
    bare = (SITE / "index.html", SITE / "404.html")
    shown = [path for path in pages if path not in bare]
    for path in shown:
        foot = path.read_text(encoding="utf-8").split('class="extra_footer"')[1]
        (link,) = re.findall(r'<a href="([^"]*)">Work of others', foot)
        target = path if link == "#" else (path.parent / link).resolve()
        assert target == SITE.resolve() / "book" / "notice.html", path


def test_the_readme_names_the_works_of_others_where_it_says_the_licence():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "[NOTICE.md](NOTICE.md)" in readme.split("\n## Licence\n")[1]


def test_something_new_or_gone_is_a_fault():
    every = [f"_static/{one.replace('*', 'x')}" for w in TABLE for one in w.patterns]
    assert notice_faults(every, TABLE) == []
    (fault,) = notice_faults([*every, "_static/new.js"], TABLE)
    assert fault == "_static/new.js is neither the book's own nor in NOTICE.md"
    (fault,) = notice_faults(every[1:], TABLE)
    assert fault == f"NOTICE.md lists {every[0]}, which the site does not have"
    assert is_own("notebooks/x.html") and is_own("_static/quiz.js")
    assert not is_own("fonts/x.woff2") and not is_own("_static/x.js")


def test_the_repository_brings_no_script_font_or_archive_of_others():
    """What a page loads is the book's own: no library is copied into the tree."""
    kinds = {".js", ".css", ".woff", ".woff2", ".ttf", ".otf", ".svg", ".zip", ".whl"}
    found = [name for name in tracked() if Path(name).suffix in kinds]
    in_print = "tools/book/take_along.css"  # the book's own style for paper
    places = {Path(name).parts[:2] for name in found if name != in_print}
    assert places == {("book", "_static")}
    for name in found:
        text = (ROOT / name).read_text(encoding="utf-8")
        assert not re.search("copyright|licen[cs]ed|@license", text, re.I), name


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """Build the source archive from a copy, so that the tree stays as it is."""
    folder = tmp_path_factory.mktemp("sdist")
    for name in tracked():
        if name.startswith(("bert_tutorial/", "tests/")) or "/" not in name:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes((ROOT / name).read_bytes())
    build = "from setuptools.build_meta import build_sdist; build_sdist('dist')"
    command = [sys.executable, "-c", build]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    (file,) = (folder / "dist").glob("*.tar.gz")
    return file


def test_the_source_archive_holds_files_of_the_repository_only(archive):
    own = set(tracked())
    with tarfile.open(archive) as file:
        names = [name.split("/", 1)[1] for name in file.getnames() if "/" in name]
        names = [
            name for name in names if file.getmember(f"{root(file)}/{name}").isfile()
        ]
    foreign = [
        name
        for name in names
        if name not in own and not any(fnmatchcase(name, one) for one in WRITTEN)
    ]
    assert foreign == []
    wanted = {"LICENSE", "NOTICE.md", "LICENSE-prose", "README.md", "pyproject.toml"}
    assert wanted <= set(names)
    package = {name for name in own if name.startswith("bert_tutorial/")}
    assert package == {name for name in names if name.startswith("bert_tutorial/")}


def root(file):
    return file.getnames()[0].split("/")[0]
