"""Tables of labelled texts: exact rows, each fault by its line, real files."""

import csv
import json

import pytest
from conftest import real_data

from bert_tutorial.files.errors import UserError
from bert_tutorial.tasks.sentiment.labels import (
    class_weights,
    label_names,
    label_notes,
    label_numbers,
    overlap,
)
from bert_tutorial.tasks.sentiment.separators import is_quoted
from bert_tutorial.tasks.sentiment.tables import LabelledText, read_table


def write(tmp_path, name, text, encoding="utf-8"):
    path = tmp_path / name
    path.write_bytes(text.encode(encoding))
    return path


def test_tsv_has_no_quotation_and_keeps_unicode_line_marks(tmp_path):
    path = write(
        tmp_path,
        "a.tsv",
        '\ufeffsentence\tlabel\r\n"a single mark\t1\r\nb\u2028c\x85d \t0\r\n',
    )
    rows = read_table(path)
    assert rows == [
        LabelledText('"a single mark', None, "1", 2),
        LabelledText("b\u2028c\x85d", None, "0", 3),
    ]
    with open(path, encoding="utf-8-sig", newline="") as file:  # what goes wrong else
        assert len(list(csv.reader(file, delimiter="\t"))) == 2


def test_csv_has_quotation_line_ends_and_backslashes(tmp_path):
    text = 'label,text\n2,"Street\'s dwindling\\band, ""ultra"""\n1,"two\nlines"\n3,c\n'
    rows = read_table(write(tmp_path, "a.csv", text))
    assert rows == [
        LabelledText('Street\'s dwindling\\band, "ultra"', None, "2", 2),
        LabelledText("two\nlines", None, "1", 3),
        LabelledText("c", None, "3", 5),
    ]


def test_a_long_text_in_quotation_is_read_and_the_limit_of_others_stays(tmp_path):
    before = csv.field_size_limit()
    text = "a " * 100_000
    rows = read_table(write(tmp_path, "a.csv", f'label,text\n1,"{text}"\n'))
    assert [row.text for row in rows] == [text.strip()]
    assert csv.field_size_limit() == before == 131_072


def test_marks_with_backslashes_are_refused_and_the_rest_is_read(tmp_path):
    text = 'text,label\n"he said \\"no\\" twice",1\nfine,0\n'
    path = write(tmp_path, "a.csv", text)
    with pytest.raises(ValueError, match=r"a\.csv: line 2: quotation marks"):
        read_table(path)
    rows = read_table(path, strict=False)
    assert [row.text for row in rows] == ["fine"]
    assert [bad.line for bad in rows.skipped] == [2]


def test_json_lines_and_plain_lines(tmp_path):
    lines = '{"Text": "a", "label": 1}\n\n{"text": "b", "label": "no", "x": []}\n'
    rows = read_table(write(tmp_path, "a.jsonl", lines))
    assert [(row.text, row.label, row.line) for row in rows] == [
        ("a", "1", 1),
        ("b", "no", 3),
    ]
    rows = read_table(write(tmp_path, "b.txt", "a ||| b\nc\n"), labelled=False)
    assert [row.text for row in rows] == ["a ||| b", "c"]
    rows = read_table(write(tmp_path, "c.txt", "4 ||| a ||| b\n"))
    assert rows[0] == LabelledText("a ||| b", None, "4", 1)


def test_columns_by_name_and_by_number(tmp_path):
    path = write(tmp_path, "a.tsv", "id\treview\tstars\n7\tgood\t5\n")
    rows = read_table(path, columns={"text": "review", "label": "stars"})
    assert rows == [LabelledText("good", None, "5", 2)]
    path = write(tmp_path, "b.tsv", "gj04\t1\t\tIt ran.\ngj04\t0\t*\tIt ran ran.\n")
    rows = read_table(path, columns={"text": "4", "label": "2"})
    assert [row.text for row in rows] == ["It ran.", "It ran ran."]


BAD = {
    "no text": ("a.tsv", "text\tlabel\n \t1\n", "line 2: a row must have a text"),
    "no label": ("a.tsv", "text\tlabel\na\t\n", "line 2: a row must have a label"),
    "hidden": ("a.tsv", "text\tlabel\na\t-1\n", "line 2: .* hidden"),
    "too many": ("a.tsv", "text\tlabel\na\t1\tb\n", "line 2: .* 2 fields, got 3"),
    "too few": ("a.csv", "text,label\na\n", "line 2: .* 2 fields, got 1"),
    "half a pair": (
        "a.csv", "text,text_b,label\na,,1\n", "line 2: a row must have a second",
    ),
    "no column": ("a.tsv", "id\tlabel\n1\t2\n", "line 1 must name a column for the te"),
    "no JSON": ("a.jsonl", "{'text': 1}\n", "line 1: a line must be one JSON object"),
    "a list": ("a.jsonl", "[1]\n", "line 1: .* got a list"),
    "a number": ("a.jsonl", '{"text": 3, "label": 1}\n', "line 1: the text must be"),
    "no number": ("a.jsonl", '{"text": "a", "label": NaN}\n', "the label must be a t"),
    "empty": ("a.tsv", "", "at least one row"),
    "names only": ("a.tsv", "text\tlabel\n", "at least one row"),
    "ending": ("a.xlsx", "text\tlabel\n", "must end in one of .tsv"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_fault_is_named_with_its_line(tmp_path, name):
    file, text, said = BAD[name]
    with pytest.raises(ValueError, match=said):
        read_table(write(tmp_path, file, text))


INNER = [
    {"Data": {"Text": "a book", "id": 1}, "label": {"name": "good", "-": 0}},
    {"data": {"text": "b", "id": 2}, "Label": {"name": "poor"}},
]


def test_keys_of_inner_objects_are_named_with_a_dot(tmp_path):
    lines = "".join(f"{json.dumps(row)}\n" for row in INNER)
    file = write(tmp_path, "a.jsonl", lines)
    columns = {"text": "data.text", "label": "label.name"}
    rows = read_table(file, columns=columns)
    assert [(row.text, row.label) for row in rows] == [
        ("a book", "good"),
        ("b", "poor"),
    ]
    with pytest.raises(
        UserError, match=r"\['data', 'label'\]; name it .* outer\.inner"
    ):
        read_table(file)
    with pytest.raises(UserError, match=r"in it \(--label-column label\.name\)"):
        read_table(file, columns={"text": "data.text"})
    (row,) = read_table(
        write(tmp_path, "b.jsonl", lines.split("\n")[0]),
        columns={"text": "data.text"},
        labelled=False,
    )
    assert row.text == "a book", "one row in one line is a row"
    both = '{"a": {"b": "inner"}, "a.b": "outer", "label": 1}\n'
    (row,) = read_table(write(tmp_path, "c.jsonl", both), columns={"text": "a.b"})
    assert row.text == "outer", "a key of that very name comes first"


WHOLE = {
    "columns": {"text": {"0": "a", "1": "b"}, "label": {"0": 1, "1": 0}},
    "lists": {"text": ["a", "b"], "label": [1, 0]},
    "split": {"columns": ["text", "label"], "index": [0], "data": [["a", 1]]},
    "data": {"version": "1", "data": [{"text": "a", "label": 1}]},
}


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("name", WHOLE)
def test_a_file_that_is_one_object_is_refused_with_the_way_out(tmp_path, name, indent):
    file = write(tmp_path, "a.json", json.dumps(WHOLE[name], indent=indent))
    with pytest.raises(
        UserError, match=r'the keys \[.*to_json\(FILE, orient="records"'
    ):
        read_table(file, strict=False)


def test_null_is_no_label_and_no_second_text(tmp_path):
    lines = '{"text": "a", "label": null}\n{"text": "b", "text_b": null, "label": 1}\n'
    file = write(tmp_path, "a.jsonl", lines)
    with pytest.raises(UserError, match="line 1: a row must have a label, got null"):
        read_table(file)
    rows = read_table(file, strict=False)
    assert rows == [LabelledText("b", None, "1", 2)] and len(rows.skipped) == 1


@pytest.mark.parametrize("mark", [",", ";"])
def test_fields_quoted_after_a_space(tmp_path, mark):
    rows = ["text, label", '"a, b; c", "good"', '"d ""e"", f", "poor"']
    file = write(tmp_path, "a.csv", "\n".join(rows).replace(", ", f"{mark} ") + "\n")
    found = [(row.text, row.label) for row in read_table(file)]
    text = f"a{mark} b; c", f'd "e"{mark} f'
    assert found == [(text[0], "good"), (text[1], "poor")]
    file = write(tmp_path, "b.csv", 'label,text\n1, "no" he said\n0,fine\n')
    assert read_table(file)[0].text == '"no" he said', "a mark in a text is a mark"


@pytest.mark.parametrize("text", ["\u200f\u200e", "\ufeff \u2060", "\u200b", "\x1f"])
def test_a_text_of_which_nothing_can_be_seen_is_none(tmp_path, text):
    for row in (f"{text}\tb", f"a\t{text}"):
        lines = f"text\ttext_b\tlabel\n{row}\t1\n"
        with pytest.raises(UserError, match=r"line 2: a row must have a (text|second)"):
            read_table(write(tmp_path, "a.tsv", lines))
    rows = read_table(write(tmp_path, "b.tsv", f"text\tlabel\n\u200f\u05d0{text}\t1\n"))
    assert rows[0].text.startswith("\u200f\u05d0"), "marks beside letters stay"


def test_other_encodings_are_refused(tmp_path):
    path = write(tmp_path, "a.tsv", "text\tlabel\ncaf\xe9\t1\n", "latin-1")
    with pytest.raises(ValueError, match="must be UTF-8, got byte 0xe9 at byte 14"):
        read_table(path)


def test_labels_are_numbered_by_value_or_alphabet():
    def rows(*labels):
        return [LabelledText("a", None, label, i) for i, label in enumerate(labels, 2)]

    assert label_names(rows("10", "9", "10")) == ["9", "10"]
    assert label_names(rows("pos", "neg")) == ["neg", "pos"]
    assert label_numbers(rows("pos", "neg"), ["neg", "pos"]) == [1, 0]
    with pytest.raises(ValueError, match=r"dev: line 3: .* one of 0, 1, got '2'"):
        label_numbers(rows("1", "2"), ["0", "1"], "dev")
    with pytest.raises(ValueError, match="two different labels, got only '1'"):
        label_names(rows("1", "1"))
    with pytest.raises(ValueError, match="is that the right column"):
        label_names(rows(*map(str, range(30))))


def test_weights_make_the_classes_equal():
    numbers = [0] + [1] * 3 + [2] * 4
    weights = class_weights(numbers, 3)
    assert sum(weights[k] for k in numbers) == pytest.approx(len(numbers))
    assert weights[1] * 3 == pytest.approx(weights[2] * 4)
    with pytest.raises(ValueError, match=r"\[1\] have not"):
        class_weights([0, 0, 2], 3)


def test_a_leak_is_counted_by_hand():
    train = [LabelledText("A  b", None, "1", 2), LabelledText("c", None, "0", 3)]
    test = [
        LabelledText("a B", None, "1", 2),
        LabelledText("c", None, "1", 3),
        LabelledText("c", None, "1", 4),
        LabelledText("d", None, "0", 5),
        LabelledText("c", "d", "0", 6),
    ]
    assert overlap(train, test) == (5, 3, 2, 1)


REAL = {
    "sst2-glue/train.tsv": (60_614, "01"),
    "sst2-glue/dev.tsv": (6_735, "01"),
    "sst5/sst-train.txt": (8_544, "01234"),
    "chnsenticorp/train.tsv": (9_600, "01"),
    "chnsenticorp/dev.tsv": (1_200, "01"),
    "pairs/mrpc-sample-train.tsv": (6, "01"),
}


@pytest.mark.parametrize("name", REAL)
def test_real_files_are_read_whole(name):
    number, labels = REAL[name]
    rows = read_table(real_data(name))
    assert len(rows) == number and not rows.skipped
    assert "".join(label_names(rows)) == labels


def test_one_table_in_two_forms_has_the_same_pairs():
    tsv = read_table(real_data("pairs/mrpc-sample-dev.tsv"))
    quoted = read_table(real_data("pairs/mrpc-sample-dev.csv"))
    assert [(r.text, r.pair) for r in tsv] == [(r.text, r.pair) for r in quoted]
    names = {"1": "equivalent", "0": "not_equivalent"}
    assert [names[r.label] for r in tsv] == [r.label for r in quoted]


@pytest.mark.parametrize(
    ("folder", "seen"),
    [("sst2-glue", (6_735, 75, 2, 3)), ("chnsenticorp", (1_200, 338, 8, 22))],
)
def test_the_leaks_of_real_splits(folder, seen):
    train = read_table(real_data(f"{folder}/train.tsv"))
    assert overlap(train, read_table(real_data(f"{folder}/dev.tsv"))) == seen


SAME = [("good, really", "1"), ('he said "no"', "0"), ("two\tparts", "1")]


def table(folder, name, separator, quoting=csv.QUOTE_MINIMAL, rows=SAME, end="\n"):
    """Write a table as pandas does."""
    with open(folder / name, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(
            file, delimiter=separator, quoting=quoting, lineterminator=end
        )
        writer.writerows([("text", "label"), *rows])
    return folder / name


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize(
    "quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]
)
@pytest.mark.parametrize(("name", "separator"), [
    ("a.csv", ","), ("a.csv", ";"), ("a.csv", "\t"), ("a.csv", "|"),
    ("a.tsv", "\t"), ("a.tsv", ","), ("a.tsv", ";"),
])  # fmt: skip
def test_the_same_rows_whatever_parts_and_quotes_them(
    tmp_path, name, separator, quoting, end
):
    lines = [*SAME, ("with\nline ends", "0")] if end == "\n" else SAME
    rows = [(text, int(label)) for text, label in lines]
    path = table(tmp_path, name, separator, quoting, rows, end)
    for columns in ({}, {"text": "text"}, {"text": "1", "label": "2"}):
        read = read_table(path, columns=columns)
        assert [(r.text, r.label) for r in read] == lines, columns
    unlabelled = read_table(path, labelled=False)
    assert [r.text for r in unlabelled] == [text for text, _ in lines]
    usual = (name, separator) in (("a.csv", ","),)
    assert usual or "parted by" in read.report()


def test_the_marks_of_glue_are_no_quotation():
    text = 'a\tb\n"hello"\t1\n" half\t0\n"" x\t1\n'
    assert not is_quoted(text, "\t")
    assert not is_quoted('a\tb\n"all of it"\t1\nplain\t0\n', "\t"), "without need"
    assert is_quoted('a\tb\n"all of it"\t1\n"plain"\t0\n', "\t"), "a whole column"
    assert is_quoted('a\tb\n"say ""no"""\t1\nplain\t0\n', "\t")


def test_a_quotation_over_two_rows_does_not_melt_them(tmp_path):
    """As in a table of reviews that were cut into sentences."""
    text = 'text\tlabel\n"I hated it\tneg\nand so did she"\tneg\nfine\tpos\n'
    rows = read_table(write(tmp_path, "a.tsv", text))
    assert [row.label for row in rows] == ["neg", "neg", "pos"]
    whole = 'text,label\n"one\ntwo",1\nfine,0\n'
    assert is_quoted(whole, ","), "cut plainly, its lines are no rows"
    commas = 'text,label\n"well, no\nreally",1\n"oh, yes\nindeed",0\n'
    rows = read_table(write(tmp_path, "b.csv", commas))
    assert [row.text for row in rows] == ["well, no\nreally", "oh, yes\nindeed"]


def test_rows_behind_an_open_mark_are_counted(tmp_path):
    text = 'text,label\nok,1\n"bad,1\nfine,0\ngood,1\n'
    rows = read_table(write(tmp_path, "a.csv", text), strict=False)
    (bad,) = rows.skipped
    assert "lines 3 to 5 are lost" in bad.reason


HEADED = {
    "known names": "review,label\nfine,1\nbad,0\n",
    "other names": "opinion,points\nfine,1\nbad,0\nodd,1\n",
}


def test_a_header_is_no_row_where_columns_are_numbers(tmp_path):
    path = write(tmp_path, "a.csv", HEADED["known names"])
    rows = read_table(path, columns={"text": "1", "label": "2"})
    assert [row.label for row in rows] == ["1", "0"]
    path = write(tmp_path, "b.csv", HEADED["other names"])
    with pytest.raises(ValueError, match=r"line 1: .* line of names: .*'points' alone"):
        read_table(path, columns={"text": "1", "label": "2"})
    rows = read_table(path, columns={"text": "opinion", "label": "points"})
    assert [row.label for row in rows] == ["1", "0", "1"]
    mixed = read_table(path, columns={"text": "opinion", "label": "2"})
    assert mixed == rows
    lenient = read_table(path, columns={"text": "1", "label": "2"}, strict=False)
    assert [row.label for row in lenient] == ["1", "0", "1"]


def test_plain_text_with_tabs_and_lists_of_objects(tmp_path):
    path = write(tmp_path, "a.txt", "So good.\t1\nToo slow.\t0\n")
    with pytest.raises(ValueError, match=r"by number .--text-column"):
        read_table(path)
    rows = read_table(path, columns={"text": "1", "label": "2"})
    assert [(r.text, r.label) for r in rows] == [("So good.", "1"), ("Too slow.", "0")]
    text = '[{"text": "a", "label": 1.0},\n {"text": "b", "label": true}]'
    rows = read_table(write(tmp_path, "b.json", text))
    assert [(r.text, r.label, r.line) for r in rows] == [
        ("a", "1", 1),
        ("b", "true", 2),
    ]
    path = write(tmp_path, "c.jsonl", '{"opinion": "a", "points": 3}\n')
    with pytest.raises(ValueError, match=r"a key for the text .*--text-column"):
        read_table(path)
    columns = {"text": "opinion", "label": "points"}
    assert read_table(path, columns=columns)[0][:3] == ("a", None, "3")


PUBLISHED = {
    "STS-B": ("index\tgenre\tsentence1\tsentence2\tscore", "0\tx\ta\tb\t4.5", "ab4.5"),
    "QNLI": ("index\tquestion\tsentence\tlabel", "0\ta\tb\tentailment", "abentailment"),
    "QQP": (
        "id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate",
        "0\t1\t2\ta\tb\t1",
        "ab1",
    ),
    "SST": ("PhraseId\tSentenceId\tPhrase\tSentiment", "1\t2\ta\t3", "a3"),
    "stars": ("review\tstars", "a\t5", "a5"),
}


@pytest.mark.parametrize("name", PUBLISHED)
@pytest.mark.parametrize("form", ["tsv", "csv", "jsonl"])
def test_published_tables_are_read_whole_without_an_option(tmp_path, name, form):
    header, row, expected = (part.split("\t") for part in PUBLISHED[name])
    text = json.dumps(dict(zip(header, row, strict=True))) + "\n"
    if form != "jsonl":
        sign = {"tsv": "\t", "csv": ","}[form]
        text = sign.join(header) + "\n" + sign.join(row) + "\n"
    (read,) = read_table(write(tmp_path, f"a.{form}", text))
    assert read.text + (read.pair or "") + read.label == expected[0]


def test_a_named_column_of_questions_leaves_out_the_usual_pair(tmp_path):
    path = write(tmp_path, "a.tsv", "question\tsentence\tlabel\na\tb\t1\n")
    (row,) = read_table(path, columns={"text": "sentence"})
    assert row[:3] == ("b", None, "1")


ODD = {
    "case": (["Pos", "pos", "Neg"] * 3, "may be one class: 'Pos' and 'pos'"),
    "number": (["1", "1.0", "0"] * 3, "may be one class: '1' and '1.0'"),
    "form": (["caf\u00e9", "cafe\u0301", "tea"] * 3, "may be one class"),
    "spelling": (["non-fiction", "Non Fiction", "poem"] * 3, "may be one class"),
    "one row": (["1", "0"] * 4 + ["l"], "only one row has the label 'l' (line 9)"),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_labels_are_noticed(name):
    labels, said = ODD[name]
    rows = [LabelledText("a", None, label, i) for i, label in enumerate(labels, 1)]
    counts, *notes = label_notes(rows)
    assert any(said in note for note in notes) and len(notes) == 1
    assert f"{labels[0]!r} {labels.count(labels[0])}" in counts
    plain = [row._replace(label=str(i % 3)) for i, row in enumerate(rows)]
    assert len(label_notes(plain)) == 1, "nothing odd, no notice"


MINUS_ONE = {
    "a hidden test": (["-1"] * 3, []),
    "SNLI": (["0", "1", "2", "-1"], ["0", "1", "2"]),
    "names": (["yes", "no", "-1"], ["yes", "no"]),
    "good and bad": (["1", "-1", "-1"], ["1", "-1", "-1"]),
    "with neutral": (["1", "0", "-1"], ["1", "0", "-1"]),
    "a scale": (["-2", "-1", "0", "1", "2"], ["-2", "-1", "0", "1", "2"]),
    "fractions": (["2.5", "-1", "0", "1"], ["2.5", "-1", "0", "1"]),
    "bad and neutral": (["0", "-1", "-1"], ["0", "-1", "-1"]),
    "a name beside it": (["spam", "-1"], ["spam", "-1"]),
}


@pytest.mark.parametrize("form", ["csv", "jsonl"])
@pytest.mark.parametrize("name", MINUS_ONE)
def test_minus_one_is_a_label_or_says_that_there_is_none(tmp_path, name, form):
    labels, taken = MINUS_ONE[name]
    file = tmp_path / f"a.{form}"
    if form == "csv":
        rows = ["text,label", *(f"t,{label}" for label in labels)]
    else:
        numbers = [x if x.isalpha() else json.loads(x) for x in labels]
        rows = [json.dumps({"text": "t", "label": label}) for label in numbers]
    file.write_text("\n".join(rows) + "\n")
    if taken:
        rows = read_table(file, strict=False)
        assert [row.label for row in rows] == taken
        assert len(rows.skipped) == len(labels) - len(taken)
        has_notice = any("-1 is taken" in line for line in label_notes(rows))
        assert has_notice == (len(taken) == len(labels) and "2" not in "".join(taken))
    if len(taken) < len(labels):
        with pytest.raises(UserError, match=r"got -1, which says hidden.* as a word"):
            read_table(file)
        file.write_text(file.read_text().replace("-1", '"minus1"'))
        assert len(read_table(file)) == len(labels), "the remedy works"


def test_minus_one_of_a_table_without_names(tmp_path):
    (tmp_path / "a.tsv").write_text("a\t0\nb\t-1\nc\t0\n")
    columns = {"text": "1", "label": "2"}
    rows = read_table(tmp_path / "a.tsv", columns=columns)
    assert [row.label for row in rows] == ["0", "-1", "0"]
    (tmp_path / "a.tsv").write_text("words\tmood\na\t0\nb\t-1\nc\t0\n")
    with pytest.raises(UserError, match="line 1: this looks like a line of names"):
        read_table(tmp_path / "a.tsv", columns=columns)


def test_snli_marks_what_has_no_label(tmp_path):
    keys = ("gold_label", "sentence1", "sentence2")
    rows = [("neutral", "a", "b"), ("-", "a", "b"), ("entailment", "a", "c")]
    objects = [json.dumps(dict(zip(keys, row, strict=True))) for row in rows]
    (tmp_path / "a.jsonl").write_text("\n".join(objects) + "\n")
    lines = ["\t".join(row) for row in (keys, *rows)]
    (tmp_path / "a.tsv").write_text("\n".join(lines) + "\n")
    for file in (tmp_path / "a.jsonl", tmp_path / "a.tsv"):
        found = read_table(file, strict=False)
        assert [row.label for row in found] == ["neutral", "entailment"]
        with pytest.raises(UserError, match="got -, which says that there is none"):
            read_table(file)
    plain = (tmp_path / "a.tsv").read_text().replace("gold_label", "label")
    (tmp_path / "b.tsv").write_text(plain)
    assert [row.label for row in read_table(tmp_path / "b.tsv")][1] == "-"


def test_two_columns_of_one_name_are_refused_and_a_number_helps(tmp_path):
    (tmp_path / "a.csv").write_text("text,text,label\na,b,1\nc,d,0\n")
    with pytest.raises(UserError, match=r"2 columns 'text'; say by number.*--text-col"):
        read_table(tmp_path / "a.csv")
    rows = read_table(tmp_path / "a.csv", columns={"text": "2", "label": "3"})
    assert [(row.text, row.label) for row in rows] == [("b", "1"), ("d", "0")]


@pytest.mark.parametrize("mark", [";", ",", "\t"])
def test_the_line_of_a_spreadsheet_about_its_separator_is_no_row(tmp_path, mark):
    rows = [f"sep={mark}", *(mark.join(r) for r in (("text", "label"), ("a b", "1")))]
    (tmp_path / "a.csv").write_bytes("\r\n".join([*rows, ""]).encode())
    (row,) = read_table(tmp_path / "a.csv")
    assert (row.text, row.label, row.line) == ("a b", "1", 3)


def test_labels_that_are_no_names_of_classes_are_noticed():
    def notes(*labels):
        rows = [LabelledText("t", None, label, i) for i, label in enumerate(labels)]
        return " ".join(label_notes(rows)[1:])

    assert "look like lists" in notes("[1, 0]", "[0, 1]")
    assert "3.8; each is a class of its own here; --task regression" in notes(
        "3.8", "1", "0.5"
    )
    with pytest.raises(
        UserError, match=r"such as '0\.0'; is.*column\?; --task regression \(in"
    ):
        label_names([LabelledText("t", None, f"{k / 9}", k) for k in range(30)])
    assert (
        notes("0.0", "1.0", "2.0") == notes("[a", "b") == notes("1.5", "x", "y") == ""
    )
