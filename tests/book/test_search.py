"""The search: twenty queries, what teaches a thing before the modules that do it.

The site's own scripts run in Node on the site's own index; skips without either.
"""

import json
import re
import shutil
import subprocess

import pytest
from browsing import SITE

from book_files import ROOT

NODE = shutil.which("node")
SCRIPT = """
const fs = require("fs"), vm = require("vm");
const [site, search, terms, queries] = JSON.parse(fs.readFileSync(0, "utf8"));
const ready = [];
const element = {classList: {add() {}}, dataset: {}, appendChild: (one) => one};
const context = vm.createContext({
  console, JSON,
  location: {search: ""},
  localStorage: {setItem() {}, getItem() {}},
  SPHINX_HIGHLIGHT_ENABLED: false,
  DOCUMENTATION_OPTIONS: {},
  _: (text) => text,
  document: {
    documentElement: element,
    readyState: "loading",
    getElementById: () => null,
    addEventListener: (name, act) => { if (name.endsWith("Loaded")) ready.push(act); },
  },
});
context.window = context;
vm.runInContext("const _ready = () => {};" +
  ["_static/language_data.js", "_static/searchtools.js"]
    .map((name) => fs.readFileSync(`${site}/${name}`, "utf8")).join("\\n"), context);
vm.runInContext(terms + "\\n" + fs.readFileSync(search, "utf8"), context);
vm.runInContext(fs.readFileSync(`${site}/searchindex.js`, "utf8"), context);
ready.forEach((act) => act());
context.queries = queries;
const found = vm.runInContext(`JSON.stringify(queries.map((query) =>
  Search._performSearch(...Search._parseQuery(query)).reverse().slice(0, 10)
    .map(([page, title, anchor]) => [page, title, anchor])))`, context);
console.log(found);
"""
# What is typed -> the page that must be the first, but for the glossary.
QUERIES = {
    "layer norm": "notebooks/05",
    "LayerNorm": "notebooks/05",
    "fine-tune": "notebooks/14",
    "fine tuning": "notebooks/14",
    "self attention": "notebooks/06",
    "attention": "notebooks/06",
    "wordpiece": "notebooks/03",
    "masked language model": "notebooks/11",
    "next sentence prediction": "notebooks/10",
    "position embeddings": "notebooks/05",
    "residual": "notebooks/08",
    "GELU": "notebooks/08",
    "warmup": "notebooks/12",
    "question answering": "notebooks/16",
    "summarization": "notebooks/17",
    "tagging": "notebooks/15",
    "distillation": "notebooks/20",
    "hugging face": "notebooks/18",
    "ablation": "notebooks/13",
    "byte pair encoding": "notebooks/04",
    "pretraining": "notebooks/12",
    "colab": "book/setup",
    "command line": "book/command_line",
    "bugs": "book/bug_museum",
}
pytestmark = [
    pytest.mark.skipif(NODE is None, reason="there is no Node on this machine"),
    pytest.mark.skipif(
        not (SITE / "searchindex.js").exists(),
        reason="the site is not built: `make site`",
    ),
]


@pytest.fixture(scope="module")
def found():
    text = (SITE / "search.html").read_text(encoding="utf-8")
    terms = re.search(r"window\.BOOK_TERMS = \[.*?\];(?=</script>)", text, re.S)[0]
    search = ROOT / "book" / "_static" / "search.js"
    told = json.dumps([str(SITE), str(search), terms, list(QUERIES)])
    done = subprocess.run(
        [NODE, "-e", SCRIPT], input=told, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return dict(zip(QUERIES, json.loads(done.stdout), strict=True))


def test_there_are_twenty_queries_at_least():
    assert len(QUERIES) >= 20


@pytest.mark.parametrize("query", QUERIES)
def test_what_teaches_it_comes_first(query, found):
    pages = [page for page, *_ in found[query] if page != "book/glossary"]
    assert pages[0].startswith(QUERIES[query]), found[query][:5]


@pytest.mark.parametrize("query", QUERIES)
def test_no_module_stands_before_a_chapter(query, found):
    pages = [page for page, *_ in found[query]]
    kinds = [
        p.startswith("book/api") for p in pages if p[:8] in ("book/api", "notebook")
    ]
    assert kinds == sorted(kinds), found[query]


def test_a_term_finds_its_entry():
    text = (SITE / "search.html").read_text(encoding="utf-8")
    found = re.search(r"window\.BOOK_TERMS = (\[.*?\]);</script>", text, re.S)
    entries = json.loads(found[1])
    glossary = (SITE / "book" / "glossary.html").read_text(encoding="utf-8")
    source = (ROOT / "book" / "glossary.md").read_text(encoding="utf-8")
    assert len(entries) == len(re.findall(r"^  \S", source, re.M))
    for term, label, chapter in entries:
        assert f'id="{label}"' in glossary, term
        assert (SITE / f"{chapter}.html").exists(), term


def test_only_the_search_loads_the_index():
    for path in SITE.rglob("*.html"):
        if "_static" not in path.parts:
            has = "searchindex.js" in path.read_text(encoding="utf-8")
            assert has == (path.name == "search.html"), path.name
