"""The plots of the notebooks as SVG: small where stored, and turned by a page's style.

A notebook stores a plot on white, which every viewer can show. On the site the white
ground goes, ink becomes the text's own colour, and each colour of the lines becomes a
variable with that colour as its fallback; `book/_static/figures.css` gives them in the
dark. What a colour map painted stays as it is: a value has one colour.
"""

import re
from html import escape

__all__ = ["TURNED", "for_page", "small"]

INKS = ("#000000", "#1a2733")  # black where it is named; text and axes of `set_style`
# What lines, bars and points are drawn with: its name in the style sheet.
TURNED = {
    "#0072b2": "blue",
    "#1f77b4": "blue",
    "#d55e00": "vermilion",
    "#ff7f0e": "vermilion",
    "#009e73": "green",
    "#cc79a7": "purple",
    "#444444": "grey",
    "#555555": "grey",
    "#666666": "grey",
    "#696969": "grey",
    "#777777": "grey",
    "#808080": "grey",
}
READABLE = 10  # pixels, on a phone
FULL = 96 / 72  # pixels of a point at full size
PLACE = re.compile(r"\d+\.\d{3,}")
FONT = re.compile(r"font-family: [^;\"]*")
HEAD = re.compile(r"^.*?(?=<svg)|<metadata>.*?</metadata>|<!--.*?-->", re.S)
# A rule for everything would reach the whole page that the picture stands in.
JOINS = re.compile(r'<defs>\s*<style type="text/css">\*\{([^}]*)\}</style>\s*</defs>')
NO_TURN = re.compile(r' transform="rotate\(-?0 [^"]*\)"')
GROUND = re.compile(r'<g id="patch_1">\s*<path [^>]*/>\s*</g>')
BEHIND_AXES = re.compile(r'(<g id="patch_\d+">\s*<path [^>]*style="fill: )#ffffff"')
SIZE = re.compile(r"font(?:-size)?: (?:\w+ )*?([\d.]+)px")


def small(svg: str) -> str:
    """Write a plot of matplotlib without what no picture shows.

    Args:
        svg: as matplotlib writes it, with text as text (`svg.fonttype` "none").
    """
    text = HEAD.sub("", svg)
    if joins := JOINS.search(text):
        text = text.replace(joins[0], "", 1)
        text = text.replace("<svg ", f'<svg style="{joins[1]}" ', 1)
    text = FONT.sub("font-family: system-ui, sans-serif", text)
    # No picture shows hundredths of a point; a number may not end in a full stop.
    text = PLACE.sub(lambda one: f"{float(one[0]):.2f}".rstrip("0").rstrip("."), text)
    text = NO_TURN.sub("", text)
    text = re.sub(r"base64,\s+", "base64,", text)
    text = re.sub(r'<g id="[\w.]+"/>', "", text)
    text = re.sub(r" ?\n([LMCQz])", r"\1", text)
    return re.sub(r"\s*\n\s*", "\n", text)


def ids_of_its_own(text: str, name: str) -> str:
    """Drop the ids that nothing refers to, and put a name before the others."""
    used = set(re.findall(r"(?:url\(#|href=\"#)([\w.-]+)", text))

    def new(found: re.Match[str]) -> str:
        return f' id="{name}-{found[1]}"' if found[1] in used else ""

    text = re.sub(r' id="([^"]*)"', new, text)
    return re.sub(r"(url\(#|href=\"#)", rf"\g<1>{name}-", text)


def turned(text: str) -> str:
    """Let the page's style decide about ink and the colours of lines."""

    def colour(found: re.Match[str]) -> str:
        value = found[2].lower()
        if value in INKS:
            return f"{found[1]}currentColor"
        if value in TURNED:
            return f"{found[1]}var(--plot-{TURNED[value]},{value})"
        return found[0]

    text = re.sub(r"((?:fill|stroke): )(#[0-9a-fA-F]{6})", colour, text)
    return text.replace("stroke: #ffffff", "stroke: var(--plot-ground,#ffffff)")


def smallest_letters(svg: str) -> float:
    """Find the size of the smallest letters of a picture, in its own units.

    Of a power, it is that of the base.
    """
    sizes = [
        max(map(float, found))
        for text in re.findall(r"<text.*?</text>", svg, re.S)
        if (found := SIZE.findall(text))
    ]
    return min(sizes, default=10.0)


def for_page(svg: str, name: str, alt: str) -> str:
    """Write a stored plot as a part of a page.

    Args:
        svg: as `small` writes it.
        name: letters and digits that no other plot of the page has.
        alt: what the plot shows, for those who cannot see it.

    Returns:
        HTML whose picture is never so narrow that its letters are below 10 pixels:
        what a phone has no room for scrolls.
    """
    found = re.search(r'viewBox="0 0 ([\d.]+) [\d.]+"', svg)
    if found is None:
        raise ValueError(f"{name} has no viewBox: is it a plot of matplotlib?")
    width = float(found[1])
    text = GROUND.sub("", svg, count=1)
    text = turned(ids_of_its_own(BEHIND_AXES.sub(r'\1none"', text), name))
    text = re.sub(r' (?:width|height)="[\d.]+pt"', "", text).replace(
        "xlink:href", "href"
    )
    text = re.sub(r' (?:xmlns(?::xlink)?|version)="[^"]*"', "", text)
    joins = re.search(r'<svg style="([^"]*)"', text)
    style = f"{joins[1]};" if joins else ""
    style += f"min-width:{READABLE * width / smallest_letters(svg):.0f}px;"
    style += f"max-width:{1.05 * FULL * width:.0f}px"
    text = text.replace(joins[0] if joins else "<svg", "<svg", 1)
    told = f'<svg role="img" aria-label="{escape(alt)}" style="{style}"'
    return f'<div class="plot-figure">{text.replace("<svg", told, 1).strip()}</div>'
