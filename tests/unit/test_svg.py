"""What a page leaves out of an SVG shows nothing."""

import base64
import io
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from PIL import Image

from partial_pooling.report.svg import compact

DRAWN = """<?xml version="1.0" encoding="utf-8" standalone="no"?>
<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN"
  "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">
<svg xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 504 302.4" xmlns="http://www.w3.org/2000/svg">
 <metadata><rdf>Matplotlib</rdf></metadata>
 <g id="text_1">
  <!-- 25 -->
  <g transform="translate(50.877813 281.297773) scale(0.095 -0.095)">
   <defs>
    <path id="DejaVuSans-13" d="M 2034 4250
Q 1547 4250 1301.126 -3770
z
" transform="scale(0.015625)"/>
   </defs>
   <use xlink:href="#DejaVuSans-13" x="50.877813"/>
  </g>
  <g>
   <text style="font: 9.5px 'DejaVu Sans'; fill: #0072b2">id="a"  x="1.2345" &lt; b</text>
  </g>
 </g>
</svg>
"""


def test_what_is_shown_stays():
    short = compact(DRAWN)
    assert "Matplotlib" not in short
    assert "<!" not in short
    assert "text_1" not in short  # nothing refers to it
    before, after = (
        {each.tag.rpartition("}")[2]: each for each in ET.fromstring(svg.strip()).iter()}
        for svg in (DRAWN, short)
    )
    assert after["text"].text == before["text"].text
    assert after["text"].attrib["style"].replace(" ", "") == (
        before["text"].attrib["style"].replace(" ", "")
    )
    assert after["use"].attrib["x"] == "50.87"
    assert after["use"].attrib["href"] == f"#{after['path'].attrib['id']}"
    assert after["path"].attrib["transform"] == "scale(0.015625)"
    assert after["svg"].attrib == before["svg"].attrib


def points(path):
    """Where a path of relative moves, lines and curves goes, control points as well."""
    found, here, start = [], np.zeros(2), np.zeros(2)
    for command, rest in re.findall(r"([a-z])([^a-z]*)", path):
        if command == "z":
            here = start
            continue
        numbers = [float(v) for v in re.findall(r"-?(?:\d+\.?\d*|\.\d+)", rest)]
        of_one = {"m": 1, "l": 1, "q": 2, "c": 3}[command]
        if command == "m":
            start = here + numbers[:2]
        for moves in np.reshape(numbers, (-1, of_one, 2)):
            found += list(here + moves)
            here = here + moves[-1]
    return np.array(found)


@pytest.mark.parametrize("seed", range(3))
def test_coordinates_are_told_to_a_hundredth_of_a_point(seed):
    rng = np.random.default_rng(seed)
    told, wanted = "", []
    for command in "MLLQCLzMLCCz" * 50:
        of_one = {"M": 1, "L": 1, "Q": 2, "C": 3, "z": 0}[command]
        each = rng.normal(0, 300, (of_one, 2)).round(rng.integers(0, 7))
        told += command + " ".join(f" {x:.6f} {y:.6f}" for x, y in each) + " \n"
        wanted += list(each)
    short = compact(f'<svg><path d="{told}"/></svg>')
    (path,) = re.findall(r" d='(.*?)'", short)
    assert " " not in path
    # however long the path, since it is rounded before it is told from point to point
    np.testing.assert_allclose(points(path), wanted, atol=0.00501)
    assert len(path) < 0.55 * len(told)


def test_what_matplotlib_does_not_write_stays_as_it_is():
    arc = "M 0 0 A 5 5 0 0 1 10 10 z"
    assert f"d='{arc}'" in compact(f'<svg><path d="{arc}"/></svg>')


def test_pixels_keep_their_colours_nearly():
    rng = np.random.default_rng(4)
    blue = np.array([0, 114, 178, 0])
    pixels = np.zeros((40, 60, 4), dtype=np.uint8)
    pixels[5:30, 10:50] = blue
    pixels[5:30, 10:50, 3] = rng.integers(0, 256, (25, 40))  # lines over each other
    written = io.BytesIO()
    Image.fromarray(pixels).save(written, "PNG")
    address = base64.b64encode(written.getvalue()).decode()
    short = compact(f'<svg><image xlink:href="data:image/png;base64,\n{address}" x="1"/></svg>')
    (told,) = re.findall(r"base64,([^']*)'", short)
    shown = np.asarray(Image.open(io.BytesIO(base64.b64decode(told))).convert("RGBA")).astype(int)
    opaque = shown[..., 3:] * (shown[..., :3] - 255) / 255  # on white
    wanted = pixels[..., 3:] * (pixels[..., :3].astype(int) - 255) / 255
    assert np.abs(opaque - wanted).max() <= 20  # of 255
    assert np.abs(opaque - wanted).mean() < 3
    assert len(told) < len(address)


def test_marks_of_one_look_have_it_from_their_group_and_names_are_short():
    def mark(name, look):
        return f'<use xlink:href="#{name}" x="1" style="{look}"/>'

    red, faint, round_ = (
        "fill: #d55e00; fill-opacity: 0.65",
        "opacity: 0.5",
        "stroke-linecap: round",
    )
    svg = (
        '<svg><defs><path id="m0123456789" d="M 0 0"/><path id="other" d="M 1 1"/></defs>'
        + 3 * mark("m0123456789", red)
        + mark("other", "fill: #0072b2")
        + 2 * mark("other", faint)  # a group would be faint as a whole
        + 2 * mark("other", round_)  # and the style sheet comes before what a group hands down
        + '<g clip-path="url(#m0123456789)"/></svg>'
    )
    short = compact(svg)
    assert short.count("0.65") == 1 and short.count("opacity:0.5") == 2
    assert short.count("linecap") == 2 and "m0123456789" not in short
    (group,) = [each for each in ET.fromstring(short) if each.tag == "g" and len(each)]
    assert group.attrib == {"style": "fill:#d55e00;fill-opacity:0.65"} and len(group) == 3
    first, second = [each.attrib["id"] for each in ET.fromstring(short)[0]]
    used = [each.attrib["href"] for each in ET.fromstring(short).iter("use")]
    assert used == 3 * [f"#{first}"] + 5 * [f"#{second}"]
    assert f"url(#{first})" in short
