"""What there is to say of a figure, but for drawing it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Category = Literal["Groups", "Fits", "Settings", "Study", "Calibration", "Collection", "Scorecard"]
Audience = Literal["analyst", "student", "researcher"]


@dataclass(frozen=True)
class Figure:
    """A figure, but for drawing it.

    Attributes
    ----------
    name
        Name of its files.
    category
        The rule that draws it, and its place in Snakemake's report. `Settings`: one for each model
        and target_accept.
    function
        What draws it: module of this room and function.
    needs
        The function's parameters: tables of the results folder by their names, `groups` (data.csv),
        `curves` (exact.nc), `prior` (the study's); in `Fits` and `Settings`, what the script
        computes.
    audience
        Whose question it answers first.
    alternative, caption
        What it shows, for those who do not see it and for those who do; with slots.
    unfound
        What the caption says in place of findings where no result is at hand.
    has_narrow
        Whether there is a function of the same name and `_narrow` that draws it for a narrow
        screen.
    """

    name: str
    category: Category
    function: str
    needs: tuple[str, ...]
    audience: Audience
    alternative: str
    caption: str
    unfound: str = ""
    has_narrow: bool = False

    @property
    def narrow(self) -> str:
        """Name of the figure that a page shows in its place on a narrow screen, if there is one."""
        return f"{self.name}_narrow" if self.has_narrow else ""

    @property
    def title(self) -> str:
        """What labels call it."""
        return self.name.replace("_", " ")
