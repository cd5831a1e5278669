"""How finely a nested quadrature looks: one rule to answer, one to hold the answer against."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Rules:
    """Steps, nodes and cut-offs.

    Attributes
    ----------
    nodes
        Gauss-Legendre nodes of a panel.
    series
        Last Legendre coefficients of a resolved density, relative to its peak.
    log_series
        Last Legendre coefficients of a resolved log density.
    depth
        Log of what is negligible beside the whole.
    step
        Of the trapezoid rule about a mode, in sds.
    few
        Nodes of Gauss's rule there.
    panel
        Of theta, where groups tell little of it.
    rough
        How far apart two rules in tau of twice the step may be: their own error is about the square
        of that.
    offset
        Of the rows of tau, in steps: half a step turns the sign of the rule's error.
    """

    nodes: int
    series: float
    log_series: float
    depth: float
    step: float
    few: int
    panel: float
    rough: float
    offset: float


FINE = Rules(20, 3e-8, 1e-10, 29.0, 0.75, 12, 0.8, 3e-6, 0.0)
COARSE = Rules(16, 3e-7, 1e-8, 26.0, 0.85, 10, 1.0, 1e-5, 0.5)
