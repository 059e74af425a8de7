"""The kit of the book's drawings: boxes, arrows, rows of cells, labels, brackets.

A drawing is one SVG inside the page, in the style of the cover. Ink is the page's own
`currentColor`, colours are CSS variables of the site with a fallback for notebooks, so
one drawing serves light and dark, on the site, in Jupyter and in Colab.

How to add one, in the module of its part of the book (`part_one.py`, `part_two.py`,
...), which needs no other registration:

    @drawing
    def three_tables() -> Drawing:
        art = Drawing("A few words", "What it shows, for those who cannot see it.")
        word = art.box(20, 40, 90, 30, "word", kind="blue")
        total = art.box(180, 40, 90, 30, "sum")
        art.arrow(word.right, total.left)
        return art

and in the notebook, in a cell tagged `hide-input`, `show_drawing("three_tables")` as
the last line (from `bert_tutorial.course.drawings`). Coordinates are pixels from the
upper left corner; every `y` of a text is its vertical middle. The width is at most
`WIDTH`, so that letters of `SMALL` keep 10 px on a phone; the height is found from
what was drawn. Colours mean something: use one kind for one thing in a chapter.

`python tools/book/drawing_preview.py three_tables` writes a page with a drawing in
light and dark, wide and as on a phone. `tests/course/test_drawings.py` holds what is
promised: letters large enough, no text on another, out of its box or across a line, a
title and a description, and a notebook that shows it.

Chapter: 0
"""

from collections.abc import Callable, Sequence
from html import escape
from math import hypot
from typing import NamedTuple

__all__ = [
    "DRAWINGS",
    "KINDS",
    "SIZE",
    "SMALL",
    "WIDTH",
    "Box",
    "Drawing",
    "Label",
    "Line",
    "Point",
    "drawing",
]

WIDTH = 460  # the widest viewBox
SIZE = 15  # letters, in units of the viewBox
SMALL = 14  # the smallest letters: 14 * 335 / 460 = 10.2 px on a phone of 390 px
MARGIN = 8
KINDS = ("plain", "blue", "green", "red", "on", "off", "quiet", "none")

Point = tuple[float, float]


class Box(NamedTuple):
    """A rectangle, with the middles of its sides, where arrows begin and end."""

    x: float
    y: float
    width: float
    height: float

    @property
    def left(self) -> Point:
        """Return the middle of the left side."""
        return self.x, self.y + self.height / 2

    @property
    def right(self) -> Point:
        """Return the middle of the right side."""
        return self.x + self.width, self.y + self.height / 2

    @property
    def top(self) -> Point:
        """Return the middle of the upper side."""
        return self.x + self.width / 2, self.y

    @property
    def bottom(self) -> Point:
        """Return the middle of the lower side."""
        return self.x + self.width / 2, self.y + self.height

    @property
    def middle(self) -> Point:
        """Return the middle of the box."""
        return self.x + self.width / 2, self.y + self.height / 2


class Label(NamedTuple):
    """A line of text; `room` is the width of the box it has to fit into, if any."""

    x: float
    y: float
    text: str
    kind: str
    anchor: str
    size: float
    room: float | None


class Line(NamedTuple):
    """A line through points."""

    points: tuple[Point, ...]


# Tints are thin enough for ink on them to keep its contrast, in light and dark.
_STYLE = """
.bt-drawing{--bt-b:var(--book-blue,#005e94);--bt-g:var(--book-green,#00694c);
--bt-r:var(--book-red,#a33b00);margin:8px 0}
DARK{--bt-b:var(--book-blue,#6cbcec);--bt-g:var(--book-green,#4fc79f);
--bt-r:var(--book-red,#f0955a)}
.bt-drawing svg{display:block;width:100%;height:auto}
.bt-drawing text{font-family:system-ui,sans-serif;fill:currentColor}
.bt-drawing .t-quiet{fill-opacity:.8}.bt-drawing .t-strong{font-weight:700}
.bt-drawing .t-blue{fill:var(--bt-b)}.bt-drawing .t-green{fill:var(--bt-g)}
.bt-drawing .t-red{fill:var(--bt-r)}
.bt-drawing rect,.bt-drawing circle{fill:currentColor;fill-opacity:.05;
stroke:currentColor;stroke-opacity:.5}
.bt-drawing .k-blue{fill:var(--bt-b);fill-opacity:.16;stroke:var(--bt-b);
stroke-opacity:1}
.bt-drawing .k-green{fill:var(--bt-g);fill-opacity:.16;stroke:var(--bt-g);
stroke-opacity:1}
.bt-drawing .k-red{fill:var(--bt-r);fill-opacity:.16;stroke:var(--bt-r);
stroke-opacity:1}
.bt-drawing .k-on{fill-opacity:.28}.bt-drawing .k-none{fill:none}
.bt-drawing .k-quiet{fill:none;stroke-opacity:.3}
.bt-drawing .k-off{fill:none;stroke-dasharray:3 3}
.bt-drawing path{fill:none;stroke:currentColor;stroke-opacity:.65;stroke-width:1.5}
.bt-drawing .l-blue{stroke:var(--bt-b);stroke-opacity:1}
.bt-drawing .l-green{stroke:var(--bt-g);stroke-opacity:1}
.bt-drawing .l-red{stroke:var(--bt-r);stroke-opacity:1}
.bt-drawing .l-off{stroke-dasharray:4 4}
.bt-drawing polygon{fill:currentColor;fill-opacity:.75}
.bt-drawing .h-blue{fill:var(--bt-b);fill-opacity:1}
.bt-drawing .h-green{fill:var(--bt-g);fill-opacity:1}
.bt-drawing .h-red{fill:var(--bt-r);fill-opacity:1}
"""
# The site, JupyterLab, Colab and VS Code each say in their own way that it is dark.
_DARK = ",".join(
    f"{where} .bt-drawing"
    for where in (
        'html[data-theme="dark"]',
        'body[data-jp-theme-light="false"]',
        'html[theme="dark"]',
        "body.vscode-dark",
    )
)


class Drawing:
    """A drawing that is filled piece by piece and shown by a notebook.

    Args:
        title: what it is, in a few words.
        description: what it shows, in sentences, for those who cannot see it.
        width: of the viewBox, at most `WIDTH`.
    """

    def __init__(self, title: str, description: str, width: float = WIDTH) -> None:
        self.title, self.description, self.width = title, description, width
        self.name = ""
        self.labels: list[Label] = []
        self.boxes: list[Box] = []
        self.lines: list[Line] = []
        self._parts: list[str] = []
        self._bottom = 0.0

    @property
    def height(self) -> float:
        """Return the height of the viewBox: the lowest thing and a margin."""
        return self._bottom + MARGIN

    def text(
        self,
        x: float,
        y: float,
        text: str,
        kind: str = "",
        anchor: str = "middle",
        size: float = SIZE,
        room: float | None = None,
    ) -> None:
        """Write text, one line for each line of it, the first with its middle at y.

        Args:
            x: where it stands, by its anchor.
            y: vertical middle of the first line.
            text: what to write, in one line or several.
            kind: words of "quiet", "strong", "blue", "green", "red", or none.
            anchor: "start", "middle" or "end": which end of the text is at x.
            size: of the letters.
            room: the width that it has; a test holds it.
        """
        classes = " ".join(f"t-{word}" for word in kind.split())
        for number, line in enumerate(text.split("\n")):
            down = y + number * 1.3 * size
            self.labels.append(Label(x, down, line, kind, anchor, size, room))
            self._parts.append(
                f'<text x="{x:g}" y="{down + 0.35 * size:g}" font-size="{size:g}" '
                f'text-anchor="{anchor}" class="{classes}">{escape(line)}</text>'
            )
            self._bottom = max(self._bottom, down + 0.6 * size)

    def box(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        text: str = "",
        kind: str = "plain",
        words: str = "",
        size: float = SIZE,
    ) -> Box:
        """Draw a box with its text in the middle.

        Args:
            x: left side.
            y: upper side.
            width: its width.
            height: its height.
            text: what stands in it, in one line or several.
            kind: one of `KINDS`.
            words: the kind of the text, see `text`.
            size: of the letters.
        """
        if kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}, got {kind!r}")
        box = Box(x, y, width, height)
        self.boxes.append(box)
        self._parts.append(
            f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" '
            f'rx="4" class="k-{kind}"/>'
        )
        self._bottom = max(self._bottom, y + height)
        if text:
            first = box.middle[1] - text.count("\n") * 0.65 * size
            self.text(box.middle[0], first, text, words, size=size, room=width - 4)
        return box

    def row(
        self,
        x: float,
        y: float,
        texts: Sequence[str],
        width: float = 44,
        height: float = 28,
        gap: float = 4,
        kinds: Sequence[str] | str = "plain",
        size: float = SMALL,
    ) -> list[Box]:
        """Draw a row of boxes, one for each text (an empty text: an empty box).

        Args:
            x: left side of the first.
            y: upper side.
            texts: what stands in them.
            width: of each.
            height: of each.
            gap: between them; 0 makes one strip of cells.
            kinds: one kind for all, or one for each.
            size: of the letters.
        """
        each = [kinds] * len(texts) if isinstance(kinds, str) else kinds
        return [
            self.box(x + i * (width + gap), y, width, height, text, kind, size=size)
            for i, (text, kind) in enumerate(zip(texts, each, strict=True))
        ]

    def grid(
        self,
        x: float,
        y: float,
        rows: Sequence[Sequence[str]],
        kinds: Sequence[Sequence[str]],
        width: float = 28,
        height: float = 28,
    ) -> list[list[Box]]:
        """Draw a matrix of cells.

        Args:
            x: left side.
            y: upper side.
            rows: the texts, row by row; they may be empty.
            kinds: the kind of each cell.
            width: of a cell.
            height: of a cell.
        """
        return [
            self.row(x, y + i * height, row, width, height, 0, kinds[i])
            for i, row in enumerate(rows)
        ]

    def circle(self, x: float, y: float, text: str = "+", radius: float = 11) -> Box:
        """Draw an operation, a sign in a circle; give the square around it."""
        self._parts.append(
            f'<circle cx="{x:g}" cy="{y:g}" r="{radius:g}" class="k-plain"/>'
        )
        self._bottom = max(self._bottom, y + radius)
        self.text(x, y, text, "strong", size=SIZE, room=2 * radius)
        return Box(x - radius, y - radius, 2 * radius, 2 * radius)

    def line(self, *points: Point, kind: str = "") -> None:
        """Draw a line through points; kind is words of a colour and "off" (dashed)."""
        classes = " ".join(f"l-{word}" for word in kind.split())
        way = "L".join(f"{x:g} {y:g}" for x, y in points)
        self.lines.append(Line(points))
        self._parts.append(f'<path d="M{way}" class="{classes}"/>')
        self._bottom = max(self._bottom, *(y for _, y in points))

    def arrow(self, *points: Point, kind: str = "") -> None:
        """Draw a line through points with a head at the last one."""
        (x0, y0), (x1, y1) = points[-2:]
        length = hypot(x1 - x0, y1 - y0) or 1.0
        dx, dy = (x1 - x0) / length, (y1 - y0) / length
        neck = (x1 - 6 * dx, y1 - 6 * dy)
        self.line(*points[:-1], neck, kind=kind)
        corners = [
            (x1, y1),
            (x1 - 9 * dx + 4 * dy, y1 - 9 * dy - 4 * dx),
            (x1 - 9 * dx - 4 * dy, y1 - 9 * dy + 4 * dx),
        ]
        shape = " ".join(f"{x:.1f},{y:.1f}" for x, y in corners)
        classes = " ".join(f"h-{word}" for word in kind.split() if word != "off")
        self._parts.append(f'<polygon points="{shape}" class="{classes}"/>')

    def bracket(
        self, start: float, end: float, at: float, text: str, side: str = "below"
    ) -> None:
        """Draw a bracket along a side of something, with a text beyond it.

        Args:
            start: where it begins: x for "above" and "below", y for "left", "right".
            end: where it ends.
            at: the other coordinate of its ends.
            text: what it holds together, in one line or several.
            side: "above", "below", "left" or "right" of what it holds together.
        """
        out = {"above": -6, "left": -6, "below": 6, "right": 6}[side]
        middle, beyond = (start + end) / 2, at + 3 * out
        count = text.count("\n")
        if side in ("above", "below"):
            self.line((start, at), (start, at + out), (end, at + out), (end, at))
            first = beyond if side == "below" else beyond - count * 1.3 * SMALL
            self.text(middle, first, text, "quiet", size=SMALL)
        else:
            self.line((at, start), (at + out, start), (at + out, end), (at, end))
            anchor = "end" if side == "left" else "start"
            first = middle - count * 0.65 * SMALL
            self.text(at + 2 * out, first, text, "quiet", anchor, SMALL)

    def svg(self) -> str:
        """Write the drawing as one SVG element."""
        name = f"bt-drawing-{self.name.replace('_', '-')}"
        return (
            f'<svg viewBox="0 0 {self.width:g} {self.height:g}" role="img" '
            f'aria-labelledby="{name}" aria-describedby="{name}-text" '
            f'style="max-width:{1.15 * self.width:.0f}px">\n'
            f'<title id="{name}">{escape(self.title)}</title>\n'
            f'<desc id="{name}-text">{escape(self.description)}</desc>\n'
            + "\n".join(self._parts)
            + "\n</svg>"
        )

    def _repr_html_(self) -> str:
        """Write the drawing for a notebook; the same drawing gives the same text."""
        style = _STYLE.replace("DARK", _DARK).strip()
        return (
            f'<div class="bt-figure bt-drawing">\n<style>{style}</style>\n'
            f"{self.svg()}\n</div>"
        )

    def __repr__(self) -> str:
        """Say what the drawing shows, for places that show no HTML."""
        return f"{self.title}. {self.description}"


DRAWINGS: dict[str, Callable[[], Drawing]] = {}


def drawing(make: Callable[[], Drawing]) -> Callable[[], Drawing]:
    """Register a drawing under its function's name.

    Raises:
        ValueError: if the name is taken.
    """
    name = make.__name__
    if name in DRAWINGS and DRAWINGS[name].__module__ != make.__module__:
        raise ValueError(f"there are two drawings named {name}")
    DRAWINGS[name] = make
    return make
