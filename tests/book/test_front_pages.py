"""The first page, the page of the command line, and what search engines meet."""

import importlib.util
import re
import shlex
import struct
from types import SimpleNamespace
from xml.etree import ElementTree

import pytest
import yaml
from command_page import PAGE, PREFIX, commands, with_options
from front_page import (
    CARD,
    INTRO,
    PICTURE,
    ROUTES,
    card,
    chapters,
    shown_digest,
    with_parts,
)
from PIL import Image

from bert_tutorial.cli.finetune import TASKS
from bert_tutorial.cli.main import build_parser
from bert_tutorial.pretraining.documents import read_documents
from bert_tutorial.tasks.questions.files import read_squad
from bert_tutorial.tasks.sentiment.tables import read_table
from bert_tutorial.tasks.sentiment.values import REGRESSION
from bert_tutorial.tasks.summaries.files import read_summaries
from bert_tutorial.tasks.tagging.files import read_conll
from book_files import ROOT, notebooks, repository_url, toc_files

FRAGMENT = ROOT / "book" / "_static" / "bert" / "still.html"
TEXT = PAGE.read_text(encoding="utf-8")


def extension():
    place = ROOT / "book" / "_ext" / "front_door.py"
    found = importlib.util.spec_from_file_location("front_door", place)
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


# ---- the command line ---------------------------------------------------------------


def test_the_options_on_the_page_are_those_of_the_parser():
    assert with_options(TEXT) == TEXT, "run tools/book/command_page.py"


def test_every_command_has_its_part_and_its_line_at_the_top():
    names = re.findall(r"^<!-- options: (\w+) -->$", TEXT, re.M)
    assert sorted(names) == sorted(commands())
    for name in names:
        assert f"[{name}](#{name})" in TEXT
        assert f"\n## {name}\n" in TEXT


def test_every_option_is_told():
    """Also one that the writer of tables might leave out."""
    for name, parser in commands().items():
        part = TEXT.split(f"<!-- options: {name} -->")[1].split("<!-- /options -->")[0]
        for option in parser._option_string_actions:
            if option not in ("-h", "--help"):
                assert f"{option}" in part, (name, option)


def lines_of_commands():
    pages = [PAGE, INTRO, ROOT / "README.md"]
    text = "\n".join(page.read_text("utf-8") for page in pages)
    return sorted(set(re.findall(rf"^({PREFIX} .*)$", text, re.M)))


@pytest.mark.parametrize("line", lines_of_commands())
def test_every_line_on_the_page_is_one_that_the_parser_takes(line):
    words = shlex.split(line.removeprefix(PREFIX))
    assert build_parser().parse_args(words).run


def examples():
    found = re.findall(r"\*\*`([\w./]+)`\*\*\n\n```text\n(.*?)```", TEXT, re.S)
    return dict(found)


READERS = {
    "texts/animals.txt": (lambda path: read_documents([path]), 2),
    "train.tsv": (read_table, 2),
    "train.jsonl": (read_table, 2),
    "train_pairs.tsv": (lambda path: REGRESSION.read(path, True, {}), 2),
    "train.conll": (read_conll, 2),
    "train.json": (read_squad, 2),
    "train_summaries.jsonl": (read_summaries, 1),
}


def test_every_file_on_the_page_has_a_reader_here_and_every_task_a_file():
    assert set(examples()) == set(READERS)
    for task in TASKS:
        assert f"### For {task}: " in TEXT


@pytest.mark.parametrize("name", READERS)
def test_every_file_on_the_page_is_read_whole(name, tmp_path):
    read, count = READERS[name]
    path = tmp_path / name.rpartition("/")[2]
    path.write_text(examples()[name], encoding="utf-8")
    assert len(read(path)) == count


def test_the_answers_in_the_example_are_those_that_it_says(tmp_path):
    path = tmp_path / "train.json"
    path.write_text(examples()["train.json"], encoding="utf-8")
    first, second = read_squad(path)
    assert first.answers == [("the pond", 18)] and second.is_impossible


# ---- the first page -----------------------------------------------------------------


def test_the_made_parts_of_the_first_page_are_up_to_date():
    text = INTRO.read_text(encoding="utf-8")
    assert with_parts(text) == text, "run tools/book/front_page.py"


def test_a_route_links_each_of_its_chapters_and_adds_their_minutes():
    known = chapters()
    for route in ROUTES:
        text = card(route, known)
        numbers = route.chapters or tuple(known)
        minutes = sum(known[one].times.together for one in numbers)
        told = re.search(r"\*\d+ chapters, (\d+) (minutes|hours)\*\n:::", text)
        size = 1 if told[2] == "minutes" else 60
        assert abs(int(told[1]) * size - minutes) <= size / 2
        if route.chapters:
            links = re.findall(r"\]\(\.\./notebooks/(\d\d)_", text)
            assert tuple(map(int, links)) == route.chapters


def test_the_citation_is_that_of_the_file():
    told = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    part = INTRO.read_text("utf-8").split("<!-- citation -->")[1]
    assert told["title"] in part and f"{{{told['version']}}}" in part


# ---- what search engines and other sites meet ---------------------------------------


def app(baseurl=""):
    pages = set(toc_files())
    return SimpleNamespace(
        config=SimpleNamespace(html_baseurl=baseurl),
        env=SimpleNamespace(found_docs=pages),
        builder=SimpleNamespace(format="html"),
    )


def test_the_sites_address_is_the_given_one_or_follows_from_the_repository():
    door = extension()
    assert door.site_url(app("https://a.example/b")) == "https://a.example/b/"
    owner, name = repository_url().rsplit("/", 2)[1:]
    assert door.site_url(app()) == f"https://{owner}.github.io/{name}/"


def test_the_first_pages_links_get_the_repositorys_address():
    door = extension()
    source = [INTRO.read_text("utf-8")]
    assert repository_url() not in source[0]
    door.fill_addresses(app(), "book/intro", source)
    assert "COLAB-NOTEBOOKS" not in source[0]
    assert "REPOSITORY-ADDRESS" not in source[0]
    assert repository_url() in source[0]
    assert "/blob/main/notebooks/00_start_here.ipynb" in source[0]


def test_the_list_of_pages_and_the_page_for_no_address(tmp_path):
    door, one = extension(), app("https://a.example/b/")
    one.outdir = tmp_path
    door.write(one, None)
    tree = ElementTree.parse(tmp_path / "sitemap.xml").getroot()
    places = [place.text for place in tree.iter() if place.tag.endswith("loc")]
    wanted = [f"https://a.example/b/{page}.html" for page in toc_files()]
    assert sorted(places) == sorted(wanted)
    lost = (tmp_path / "404.html").read_text("utf-8")
    assert 'href="https://a.example/b/book/intro.html"' in lost
    assert "src=" not in lost and "<link" not in lost  # it may stand at any address


def test_the_tags_of_a_page_are_escaped_and_name_the_picture():
    door = extension()
    text = door.tags(
        'A "B"', "x < y & z", "https://a.example/p.html", "https://a/c.png"
    )
    assert 'content="x &lt; y &amp; z"' in text and "&quot;B&quot;" in text
    for name in ("og:title", "og:description", "og:url", "og:image", "twitter:card"):
        assert f'"{name}"' in text


def test_the_picture_of_a_link_has_the_size_that_sites_show():
    data = CARD.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n" and len(data) < 150_000
    assert struct.unpack(">II", data[16:24]) == (1200, 630)


def test_the_picture_of_the_readme_shows_the_chapter_of_today_in_fine_dots():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert PICTURE.relative_to(ROOT).as_posix() in readme
    with Image.open(PICTURE) as picture:
        assert picture.size == (2560, 1720)
        shown = picture.text["shown"]
    assert shown == shown_digest(), "run tools/book/front_page.py picture"
    assert PICTURE.stat().st_size < 400_000


def test_the_panel_of_a_chapter_stands_before_its_exercises():
    door = extension()
    numbers = {int(path.name[:2]) for path in notebooks()}
    for number, one in door.TRIALS.items():
        context = {"body": '<p>x</p><section class="a" id="exercises"><h2>E</h2>'}
        door.add_trial(app(), f"notebooks/{number:02d}_x", "", context, None)
        before, after = context["body"].split("<section")
        assert f'data-panel="{one.panel}"' in before and "<h2>E</h2>" in after
        assert number in numbers
    context = {"body": "<p>x</p>"}
    door.add_trial(app(), "notebooks/02_shapes", "", context, None)
    assert context == {"body": "<p>x</p>"}
    with pytest.raises(door.ExtensionError, match="no exercises"):
        door.add_trial(app(), "notebooks/03_x", "", context, None)


def test_every_panel_on_a_page_is_one_that_the_script_makes():
    script = (ROOT / "book" / "_static" / "bert" / "panels.js").read_text("utf-8")
    known = set(re.findall(r"^  PANELS\.(\w+) = ", script, re.M))
    pages = [ROOT / "book" / "playground.md", FRAGMENT]
    text = "".join(page.read_text("utf-8") for page in pages)
    asked = set(re.findall(r'data-panel="(\w+)"', text))
    assert asked == known
    assert {one.panel for one in extension().TRIALS.values()} <= known
