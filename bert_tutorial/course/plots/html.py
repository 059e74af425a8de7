"""Figures that a reader can turn, without any script: choices, panels, tables.

A figure is HTML in which a group of radio buttons decides by style alone which panel
is seen, so that it works in a notebook, in a stored page and without a network, with
a mouse as with the keyboard. Where styles are not applied, all panels are seen.

Chapter: 3
"""

import hashlib
from collections.abc import Iterable, Sequence
from html import escape

__all__ = ["SCROLLING", "HtmlFigure", "choice", "panels", "table"]

# Blue is darker on pale ground and paler on dark ground, as text needs it.
_STYLE = """
FIG {--bt-ink:#1a2733;--bt-fill:#7cc4ee;--bt-line:#75879a;--bt-mark:#a33b00;
--bt-soft:#eaf3f9;color:var(--bt-ink);font:14px/1.5 system-ui,sans-serif;margin:8px 0}
DARK {--bt-ink:#e3e9ee;--bt-fill:#005e94;--bt-line:#7488a0;--bt-mark:#f0955a;
--bt-soft:#1c2a38}
FIG fieldset{border:0;margin:0 0 8px;padding:0;min-width:0}
FIG legend{float:none;font-size:14px;font-weight:600;margin:0;padding:0;width:auto}
FIG fieldset label{display:inline-block;margin:2px 4px 2px 0;padding:1px 8px 1px 4px;
border:1px solid var(--bt-line);border-radius:4px;cursor:pointer}
FIG fieldset label:has(:checked){background:var(--bt-soft);font-weight:600}
FIG fieldset label:has(:focus-visible){outline:2px solid var(--bt-mark)}
FIG .bt-scroll{overflow-x:auto}
FIG table{border-collapse:collapse;margin:0;width:auto;font-size:13px;color:inherit}
FIG tr,FIG tr:nth-child(odd){background:none}
FIG th,FIG td{border:1px solid var(--bt-line);padding:2px 6px;text-align:center;
color:inherit;background:none;font-weight:400}
FIG thead th{font-weight:600}
FIG caption{text-align:left;color:inherit;caption-side:top;padding:2px 0}
FIG .bt-mark{color:var(--bt-mark);font-weight:700}
FIG .bt-on{background:color-mix(in srgb,var(--bt-fill) 70%,transparent)}
FIG p{margin:4px 0}
"""
# The site, Jupyter and Colab each say in their own way that the page is dark.
_DARK = (
    'html[data-theme="dark"] FIG,body[data-jp-theme-light="false"] FIG,'
    'html[theme="dark"] FIG'
)
# A table wider than the page scrolls, also with the arrow keys.
SCROLLING = '<div class="bt-scroll" tabindex="0" role="group" aria-label="table">'
_GROUP = "<GROUP>"  # becomes the figure's id; escaped text cannot hold it


class HtmlFigure:
    """A figure for notebooks: HTML where it is shown, words elsewhere.

    Args:
        name: what the figure shows, for those who do not see it.
        body: its HTML, everything from outside escaped.
        style: further rules, `FIG` standing for the figure.
        words: the same in plain text.
    """

    def __init__(self, name: str, body: str, style: str, words: str) -> None:
        self.name, self.body, self.style, self.words = name, body, style, words

    def _repr_html_(self) -> str:
        """Write the figure; the same content gives the same text, ids included."""
        content = "\0".join((self.name, self.body, self.style))
        code = "bt-" + hashlib.sha256(content.encode()).hexdigest()[:8]
        rules = (_STYLE.replace("DARK", _DARK) + self.style).replace("FIG", f"#{code}")
        return (
            f'<div class="bt-figure" id="{code}" role="group" '
            f'aria-label="{escape(self.name)}">\n<style>{rules.strip()}</style>\n'
            f"{self.body.replace(_GROUP, code)}\n</div>"
        )

    def __repr__(self) -> str:
        """Write the figure as words, for places that show no HTML."""
        return self.words


def choice(group: str, title: str, labels: Sequence[str], chosen: int = 0) -> str:
    """Write a group of radio buttons, the arrow keys moving between them.

    Args:
        group: a letter that names the group in classes (all begin with "bt-", since
            a page may have styles of its own for short names such as "h2").
        title: what is chosen.
        labels: one for each button; any text, it is escaped.
        chosen: the button that is on at first.
    """
    buttons = [
        f'<label><input type="radio" name="{_GROUP}-{group}" class="bt-in-{group}{i}"'
        f"{' checked' if i == chosen else ''}> {escape(label)}</label>"
        for i, label in enumerate(labels)
    ]
    return (
        f"<fieldset><legend>{escape(title)}</legend>\n"
        + "\n".join(buttons)
        + "\n</fieldset>"
    )


def panels(group: str, bodies: Sequence[str]) -> tuple[str, str]:
    """Write one panel for each button of a group.

    Args:
        group: the group's letter.
        bodies: HTML, escaped by the caller.

    Returns:
        The panels, and the rules that show one of them at a time.
    """
    written = [
        f'<div class="bt-{group} bt-{group}{i}">{body}</div>'
        for i, body in enumerate(bodies)
    ]
    shown = ",".join(
        f"FIG:has(.bt-in-{group}{i}:checked) .bt-{group}{i}" for i in range(len(bodies))
    )
    hidden = f"FIG .bt-{group}{{display:none}}"
    rules = f"@supports selector(:has(*)){{{hidden}{shown}{{display:block}}}}"
    return "\n".join(written), rules


def table(head: Sequence[str], rows: Iterable[Sequence[str]], caption: str = "") -> str:
    """Write a table with a header for each column; every text is escaped."""
    top = "".join(f'<th scope="col">{escape(name)}</th>' for name in head)
    lines = [
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>"
        for row in rows
    ]
    title = f"<caption>{escape(caption)}</caption>" if caption else ""
    return (
        f"{SCROLLING}<table>{title}<thead><tr>{top}</tr></thead>"
        f"<tbody>{''.join(lines)}</tbody></table></div>"
    )
