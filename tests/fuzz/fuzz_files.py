"""What the properties of test_fuzz are searched over: texts, files, damage."""

import json
import struct

from hypothesis import strategies as st

from bert_tutorial.tokenization.vocabulary import SPECIAL_TOKENS

# Surrogates too: a lone one can stand in a text that JSON brings.
ANY = st.characters(exclude_categories=())
ODD = (
    *SPECIAL_TOKENS,
    *("##", "[", "]", "##ing", "'", ".", "\u4e2d", "\uac00", "\u0130", "\ufb01"),
    *("\u0301", "\u0327", "\u200d", "\ufffd", "\ufeff", "\u2028", "\u00a0", "\u0085"),
    *("\t", "\n", "\r\n", "\x00", "\x1c", "e\u0301", "\U0001f600", "\u1e9b\u0323"),
    *("\ud800", "\udfff", "a" * 100, "a" * 101, "the", "The", "\u00df", "\u03a3"),
    *("\u093f", "\u3099", "\u0f71", "\U00011442", "\U0001e000", "\u0345"),
)


def any_text():
    """Any characters, and parts on which tokenizers have failed."""
    parts = st.one_of(st.text(ANY, max_size=8), st.sampled_from(ODD))
    return st.lists(parts, max_size=12).map("".join)


@st.composite
def vocabularies(draw):
    """A vocabulary of single letters and of pieces made up from a few letters."""
    letters = (
        "abcdefghijklmnopqrstuvwxyzABCSTZ.,'[]#\u4e2d\uac00\u03c3\u00e9\u093f\ufffd"
    )
    more = draw(st.lists(st.text("abeht\u0301\u4e2d[.", min_size=1, max_size=4)))
    pieces = [*letters, *(f"##{letter}" for letter in letters), "the", "##ing"]
    pieces += [f"##{piece}" for piece in more] + more
    kept = draw(st.sets(st.sampled_from(sorted(set(pieces)))))
    return [*SPECIAL_TOKENS, *sorted(kept - set(SPECIAL_TOKENS))]


def _lines(*rows):
    return "\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode()


TABLE = (
    "sentence\tlabel\nit is good\t1\n\u00e9t\u00e9 \u2028 nice\t0\nbad\t0\n".encode()
)
CSV = [b'text,label\n"one, two",1\n"a ""b""\nc",0\nplain,1\n']
CONLL = (
    b"-DOCSTART- -X- O O\n\nAnna NNP B-NP B-PER\nlives VBZ B-VP O\nin IN B-PP O\n"
    b"Rome NNP B-NP B-LOC\n\nIt PRP B-NP O\n. . O O\n\nNew NNP B-NP B-LOC\n"
    b"York NNP I-NP I-LOC\n"
)
TAGS = (
    {"tokens": ["Anna", "left"], "ner_tags": ["B-a", "O"]},
    {"words": ["in", "New", "York"], "tags": ["O", "B-a", "I-a"]},
    {"tokens": ["\u00e9t\u00e9"], "ner": ["O"]},
)
NUMBERED = (
    {"tokens": ["Anna", "left"], "ner_tags": [1, 0]},
    {"tokens": ["New", "York"], "ner_tags": [1, 2]},
)
FLAT = (
    {
        "id": "a",
        "question": "Who?",
        "context": "Anna left.",
        "answers": {"text": ["Anna"], "answer_start": [0]},
    },
    {
        "id": "b",
        "question": "Where?",
        "context": "Anna left.",
        "answers": {"text": [], "answer_start": []},
    },
)
QAS = [
    {"id": "a", "question": "Who?", "answers": [{"text": "Anna", "answer_start": 0}]},
    {"id": "b", "question": "Where?", "answers": [], "is_impossible": True},
]
SQUAD = {"data": [{"paragraphs": [{"context": "Anna left Rome.", "qas": QAS}]}]}
NEWS = (
    {"src": [["It", "rains", "."], "Anna left."], "tgt": ["Rain."]},
    {"article": "It rains. Anna left.", "highlights": "Rain .\nAnna ."},
    {"document": "It rains.\nAnna left.", "summary": "Rain."},
)
CORPUS = (
    "One is here. Two is here.\nThree stands alone.\n\nA new document begins.\n"
    "It has two lines.\n\n = Heading = \n\nText under it (\u201cquoted\u201d). "
    "\u4e2d\u6587\u3002\u65e5\u672c\u3002\n\nLast one.\nAnd its end!\n"
).encode()
PIECES = [*SPECIAL_TOKENS, *"abcdef.", "the", "##s", "\u00e9", "\u4e2d", "\u2028"]
TOKENIZER = {
    "version": "1.0",
    "added_tokens": [],
    "pre_tokenizer": {"type": "BertPreTokenizer"},
    "normalizer": {
        "type": "BertNormalizer",
        "clean_text": True,
        "handle_chinese_chars": True,
        "strip_accents": None,
        "lowercase": True,
    },
    "model": {
        "type": "WordPiece",
        "unk_token": "[UNK]",
        "continuing_subword_prefix": "##",
        "max_input_chars_per_word": 100,
        "vocab": {piece: number for number, piece in enumerate(PIECES)},
    },
}
SETTINGS = {"do_lower_case": True, "strip_accents": None, "model_max_length": 512}
INDEX = {"metadata": {}, "weight_map": {"a": "one.safetensors", "b": "one.safetensors"}}

SEEDS = {
    "table.tsv": [TABLE],
    "table.jsonl": [
        _lines({"text": "good", "label": 1}, {"sentence": "b", "label": "0"})
    ],
    "table.txt": [b"1 ||| it is good\n0 ||| it is | bad\n2 ||| x\n"],
    "plain.txt": [b"it is good\n\nit is bad\n"],
    "tags.conll": [CONLL, b"I O\nsee O\n\nRome\tI-LOC\n"],
    "tags.jsonl": [_lines(*TAGS)],
    "numbered.jsonl": [_lines(*NUMBERED)],
    "squad.json": [json.dumps(SQUAD).encode(), json.dumps(FLAT).encode()],
    "flat.jsonl": [_lines(*FLAT)],
    "summaries.jsonl": [_lines(*NEWS)],
    "summaries.json": [json.dumps(NEWS, indent=1).encode()],
    "corpus.txt": [CORPUS, b"one two three " * 9 + b"\n" * 2 + b"\x01\x02\n"],
    "vocab.txt": ["\n".join(PIECES).encode() + b"\n"],
    "tokenizer.json": [json.dumps(TOKENIZER).encode()],
    "tokenizer_config.json": [json.dumps(SETTINGS).encode()],
    "index.json": [json.dumps(INDEX).encode()],
}

BAD_SQUAD = {"data": [{"paragraphs": [{"context": "Anna.", "qas": [*QAS[:1], {}]}]}]}
# Each with a good row and a bad one.
MIXED = {
    "table.tsv": TABLE + b"one field\n",
    "table.txt": SEEDS["table.txt"][0] + b"no bars\n",
    "plain.txt": SEEDS["plain.txt"][0],
    "tags.conll": CONLL + b"\nalone\n",
    "squad.json": json.dumps(BAD_SQUAD).encode(),
    "summaries.json": json.dumps([*NEWS, {}]).encode(),
    **{n: s[0] + b"\n{}" for n, s in SEEDS.items() if n.endswith(".jsonl")},
}

# Bytes that mean something to one of the readers.
MARKS = [bytes([code]) for code in b"\n\r\t ,\"'\\{}[]:#e01\x00\x0c\x1c\xff"]
WORDS = b"null true -1 1e999 NaN 99 ||| B-X I-X O text label .bin I32 F64 ../ [] {}"
PARTS = (
    *MARKS,
    *WORDS.split(),
    *(b"\n\n", b"\r\n", b"\xef\xbb\xbf", b"\xe2\x80\xa8", b"\xc2\x85", b" = x = \n"),
    *(b'"x"', b'"\\ud800"', b'"\\n"', b'"a\\nb"', b'"a b"', b'""', b'{"id": [1]}'),
    *(b"1" * 4_400, b"9" * 12, b"[" * 970, b"[" * 2_000, b"x" * 300, b"-DOCSTART-"),
    b"pytorch_model.bin",
)


@st.composite
def _edited(draw, seed, text):
    """Damage a file in a few places: bits, parts put in, parts taken out."""
    data = bytearray(seed)
    kinds = ["put", "take", "replace"] if text else ["put", "take", "replace", "flip"]
    for _ in range(draw(st.integers(0, 4))):
        kind = draw(st.sampled_from(kinds))
        at = draw(st.integers(0, len(data)))
        part = draw(st.one_of(st.sampled_from(PARTS), st.binary(max_size=6)))
        length = draw(st.integers(0, 12))
        if kind == "put":
            data[at:at] = part
        elif kind == "take":
            del data[at : at + length]
        elif kind == "replace":
            data[at : at + len(part)] = part
        elif data:
            data[at % len(data)] ^= 1 << draw(st.integers(0, 7))
    return bytes(data)


def _json_values():
    """Any value of JSON, most often with keys that a reader knows."""
    keys = ("text", "label", "tokens", "tags", "ner_tags", "id", "question", "answers")
    keys += ("context", "data", "paragraphs", "qas", "src", "tgt", "article", "summary")
    keys += ("model", "vocab", "normalizer", "do_lower_case", "weight_map", "id2label")
    keys += ("hidden_size", "num_hidden_layers", "num_labels", "vocab_size")
    keys += ("document", "highlights", "is_impossible", "answer_start", "[PAD]")
    leaf = st.one_of(
        st.none(),
        st.booleans(),
        st.sampled_from([0, 1, -1, 2**31, 2**63, 2**64, 10**30, 0.5, "O", "B-a", ""]),
        st.floats(),
        st.text(ANY, max_size=6),
    )
    return st.recursive(
        leaf,
        lambda inner: st.one_of(
            st.lists(inner, max_size=4),
            st.dictionaries(
                st.one_of(st.sampled_from(keys), st.text(ANY, max_size=4)),
                inner,
                max_size=5,
            ),
        ),
        max_leaves=12,
    )


@st.composite
def _with_other_values(draw, seed):
    """Give a file of JSON, or of JSON lines, another value or key somewhere."""
    lines = [seed.decode("utf-8")]
    try:
        json.loads(lines[0])
    except ValueError:
        lines = lines[0].split("\n")
    values = [json.loads(line) for line in lines if line.strip()]
    for _ in range(draw(st.integers(1, 2))):
        node = values
        while True:
            at = draw(
                st.sampled_from(
                    sorted(node) if isinstance(node, dict) else range(len(node))
                )
            )
            inner = node[at]
            if not isinstance(inner, list | dict) or not inner or draw(st.booleans()):
                break
            node = inner
        if isinstance(node, dict) and draw(st.booleans()):
            name = draw(st.one_of(st.sampled_from(ODD), st.text(ANY, max_size=4)))
            node[name] = node.pop(at)
        else:
            node[at] = draw(_json_values())
    return "\n".join(json.dumps(value) for value in values).encode()


def _is_json(seed):
    try:
        json.loads(seed.split(b"\n")[0] if seed[:1] == b"{" else seed)
    except ValueError:
        return False
    return True


def damaged(seeds, text=False):
    """Files near sound ones, the first part of sound ones, and any bytes at all.

    Args:
        seeds: sound files.
        text: no single bits are turned.
    """
    roads = []
    for seed in seeds:
        roads += [_edited(seed, text)] * 3
        roads.append(st.integers(0, len(seed)).map(lambda n, seed=seed: seed[:n]))
        if _is_json(seed):
            roads += [_with_other_values(seed)] * 3
    roads += [st.binary(max_size=60), any_text().map(_encoded)]
    return st.one_of(roads)


def _encoded(text):
    return text.encode("utf-8", errors="surrogatepass")


@st.composite
def safetensors_files(draw):
    """A file whose frame is sound and whose tensors are made up."""
    names = ["embeddings.word_embeddings.weight", "bert.pooler.dense.bias"]
    names += ["pooler.dense.bias", "classifier.weight", "classifier.bias", "x"]
    names += ["encoder.layer.0.attention.self.query.weight", "cls.predictions.bias"]
    names += ["cls.predictions.decoder.bias", "bert.embeddings.LayerNorm.gamma"]
    names += ["embeddings.LayerNorm.weight", "encoder.layer.99.output.dense.bias"]
    sizes = {"F32": 4, "F16": 2, "BF16": 2, "I64": 8, "BOOL": 1, "U8": 1, "F64": 8}
    header, end = {}, 0
    for name in draw(st.lists(st.sampled_from(names), unique=True)):
        kind = draw(st.sampled_from(sorted(sizes)))
        shape = draw(st.lists(st.sampled_from([0, 1, 2, 12, 99]), max_size=3))
        count = sizes[kind]
        for size in shape:
            count *= size
        if end + count > 100_000:
            continue
        header[name] = {
            "dtype": kind,
            "shape": shape,
            "data_offsets": [end, end + count],
        }
        end += count
    if draw(st.booleans()):
        header["__metadata__"] = draw(st.dictionaries(st.text("ab"), st.text("ab")))
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + bytes(end)
