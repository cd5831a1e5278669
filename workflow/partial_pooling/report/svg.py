"""An SVG as Matplotlib writes it, without what a page does not show: half of its bytes."""

from __future__ import annotations

import base64
import io
import re
from functools import cache

PREAMBLE = re.compile(r"<\?xml.*?\?>|<!DOCTYPE.*?>|<metadata>.*?</metadata>|<!--.*?-->", re.DOTALL)
BETWEEN_TAGS = re.compile(r">\s+<")
TAG = re.compile(r"<[^>]+>")
# The name of an attribute and what stands in its quotes, if that holds no others.
ATTRIBUTE = re.compile(r""" ([\w:-]+)="([^"']*)\"""")
REFERENCE = re.compile(r"""(?<=url\(#)[\w.-]+|(?<="#)[\w.-]+""")
FURTHER_DECIMALS = re.compile(r"(?<=\.\d\d)\d+")
DRAWN = re.compile(r"[MLQCz\d\s.-]*")  # what of paths Matplotlib writes
PART = re.compile(r"([MLQCz])([^MLQCz]*)")
AROUND_MARK = re.compile(r"\s*([:;])\s*")
PIXELS = re.compile(r"(?<=data:image/png;base64,)[\w+/=\s]+")
MOVE = re.compile(r"translate\((\S+?)\s+(\S+?)\)")
PLAIN_GROUP = re.compile(r"<g>((?:<(?!/?g[ >])[^>]*>)*)</g>")
# Neighbours of one look: marks, or lines within one frame. What an element has of itself by the
# SVG's style sheet, or would not inherit, it keeps.
ALIKE = re.compile(
    r"<(use|path) ([^>]*?)"
    r"((?: clip-path='[^']*')? style='(?![^']*(?:stroke-line|(?<!-)opacity))[^']*')/>"
    r"(?:<\1 [^>]*?\3/>)+"
)


def compact(svg: str) -> str:
    """Leave out what is not seen: preamble, comments, blanks, long names, further decimals.

    It shows the same: coordinates are told to a hundredth of a point, neighbours of one look have
    it from their group, and text is left as it is. Parts that are drawn as pixels have 256
    colours, near theirs.
    """
    svg = BETWEEN_TAGS.sub("><", PREAMBLE.sub("", svg)).strip()
    names = {name: f"i{k}" for k, name in enumerate(dict.fromkeys(REFERENCE.findall(svg)))}

    def shorter(attribute: re.Match[str]) -> str:
        name, value = attribute.groups()
        if name == "id":
            if value not in names:
                return ""
            value = names[value]
        elif name == "style":
            value = AROUND_MARK.sub(r"\1", value)
        elif name == "d" and DRAWN.fullmatch(value):
            value = _from_point_to_point(value)
        elif name in ("x", "y"):
            value = FURTHER_DECIMALS.sub("", value)
        elif name == "transform":
            value = MOVE.sub(_moved, value)
        # in an attribute of the page the other quotes need no escape
        return f" {name.removeprefix('xlink:')}='{value}'"

    def shortened(tag: re.Match[str]) -> str:
        return ATTRIBUTE.sub(shorter, REFERENCE.sub(lambda name: names[name[0]], tag[0]))

    svg = TAG.sub(shortened, PIXELS.sub(_with_few_colours, svg))
    while (inner := PLAIN_GROUP.sub(r"\1", svg)) != svg:
        svg = inner
    return ALIKE.sub(_grouped, svg)


def _from_point_to_point(path: str) -> str:
    """A path by relative coordinates, which are shorter, and add up to the absolute ones."""
    told, before = [], ""
    x = y = 0  # in hundredths
    start = x, y
    for command, rest in PART.findall(path):
        points = [round(100 * float(number)) for number in rest.split()]
        moves = [each - (y if k % 2 else x) for k, each in enumerate(points)]
        x, y = points[-2:] if points else start
        if command == "M":
            start = x, y
        numbers = ",".join(_hundredths(move) for move in moves)
        # a command goes on until the next; that to move, as lines
        told.append(("," if command == before else command.lower()) + numbers)
        before = "L" if command == "M" else command
    return "".join(told).replace(",-", "-")


@cache
def _hundredths(number: int) -> str:
    whole, rest = divmod(abs(number), 100)
    told = f"{whole or ''}" + (f".{rest:02d}".rstrip("0") if rest else "")
    return ("-" if number < 0 else "") + (told or "0")


def _with_few_colours(pixels: re.Match[str]) -> str:
    from PIL import Image  # for pages alone

    with Image.open(io.BytesIO(base64.b64decode(pixels[0]))) as image:
        few = image.convert("RGBA").quantize(
            method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE
        )
    written = io.BytesIO()
    few.save(written, "PNG")
    return base64.b64encode(written.getvalue()).decode()


def _moved(move: re.Match[str]) -> str:
    x, y = (FURTHER_DECIMALS.sub("", value) for value in move.groups())
    return f"translate({x})" if y == "0" else f"translate({x},{y})"


def _grouped(alike: re.Match[str]) -> str:
    look = alike[3]
    return f"<g{look}>{alike[0].replace(look, '')}</g>"
