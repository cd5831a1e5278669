"""An SVG as Matplotlib writes it, without what a page does not show: half of its bytes."""

from __future__ import annotations

import re

PREAMBLE = re.compile(r"<\?xml.*?\?>|<!DOCTYPE.*?>|<metadata>.*?</metadata>|<!--.*?-->", re.DOTALL)
BETWEEN_TAGS = re.compile(r">\s+<")
TAG = re.compile(r"<[^>]+>")
# The name of an attribute and what stands in its quotes, if that holds no others.
ATTRIBUTE = re.compile(r""" ([\w:-]+)="([^"']*)\"""")
REFERENCE = re.compile(r"""(?<=url\(#)[\w.-]+|(?<="#)[\w.-]+""")
FURTHER_DECIMALS = re.compile(r"(?<=\.\d\d)\d+")
BLANKS = re.compile(r"\s+")
AROUND_COMMAND = re.compile(r"\s*([A-Za-z])\s*")
AROUND_MARK = re.compile(r"\s*([:;])\s*")
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
    it from their group, and text is left as it is.
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
        elif name == "d":
            value = AROUND_COMMAND.sub(r"\1", FURTHER_DECIMALS.sub("", value))
            value = BLANKS.sub(",", value.strip())
        elif name in ("x", "y"):
            value = FURTHER_DECIMALS.sub("", value)
        elif name == "transform":
            value = MOVE.sub(_moved, value)
        # in an attribute of the page the other quotes need no escape
        return f" {name.removeprefix('xlink:')}='{value}'"

    def shortened(tag: re.Match[str]) -> str:
        return ATTRIBUTE.sub(shorter, REFERENCE.sub(lambda name: names[name[0]], tag[0]))

    svg = TAG.sub(shortened, svg)
    while (inner := PLAIN_GROUP.sub(r"\1", svg)) != svg:
        svg = inner
    return ALIKE.sub(_grouped, svg)


def _moved(move: re.Match[str]) -> str:
    x, y = (FURTHER_DECIMALS.sub("", value) for value in move.groups())
    return f"translate({x})" if y == "0" else f"translate({x},{y})"


def _grouped(alike: re.Match[str]) -> str:
    look = alike[3]
    return f"<g{look}>{alike[0].replace(look, '')}</g>"
