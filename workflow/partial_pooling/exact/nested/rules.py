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
    panel
        Of theta, where groups tell little of it.
    """

    nodes: int
    series: float
    log_series: float
    depth: float
    step: float
    panel: float


FINE = Rules(nodes=20, series=3e-8, log_series=1e-10, depth=34.0, step=0.65, panel=0.8)
COARSE = Rules(nodes=16, series=3e-7, log_series=1e-8, depth=29.0, step=0.8, panel=1.0)
