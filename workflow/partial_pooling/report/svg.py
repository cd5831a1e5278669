"""An SVG as Matplotlib writes it, without what a page does not show: half of its bytes."""

from __future__ import annotations

import re

PREAMBLE = re.compile(r"<\?xml.*?\?>|<!DOCTYPE.*?>|<metadata>.*?</metadata>|<!--.*?-->", re.DOTALL)
BETWEEN_TAGS = re.compile(r">\s+<")
TAG = re.compile(r"<[^>]+>")
# The name of an attribute and what stands in its quotes, if that holds no others.
ATTRIBUTE = re.compile(r""" ([\w:-]+)="([^"']*)\"""")
REFERENCE = re.compile(r"#([\w.-]+)")
FURTHER_DECIMALS = re.compile(r"(?<=\.\d\d)\d+")
AROUND_COMMAND = re.compile(r"\s*([A-Za-z])\s*")
AROUND_MARK = re.compile(r"\s*([:;])\s*")
PLAIN_GROUP = re.compile(r"<g>((?:<(?!/?g[ >])[^>]*>)*)</g>")


def compact(svg: str) -> str:
    """Leave out preamble, comments, blanks, names that nothing refers to, and further decimals.

    It shows the same: coordinates are told to a hundredth of a point, and text is left as it is.
    """
    svg = BETWEEN_TAGS.sub("><", PREAMBLE.sub("", svg)).strip()
    referred = set(REFERENCE.findall(svg))

    def shorter(attribute: re.Match[str]) -> str:
        name, value = attribute.groups()
        if name == "id" and value not in referred:
            return ""
        if name == "style":
            value = AROUND_MARK.sub(r"\1", value)
        elif name == "d":
            value = AROUND_COMMAND.sub(r"\1", FURTHER_DECIMALS.sub("", value))
        elif name in ("x", "y"):
            value = FURTHER_DECIMALS.sub("", value)
        # in an attribute of the page the other quotes need no escape
        return f" {name}='{value}'"

    svg = TAG.sub(lambda tag: ATTRIBUTE.sub(shorter, tag[0]), svg)
    while (inner := PLAIN_GROUP.sub(r"\1", svg)) != svg:
        svg = inner
    return svg
