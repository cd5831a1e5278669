"""Simulate restaurant_reviews.csv, which lies beside this file. The reviews are not real.

Twelve restaurants have true scores from Normal(3.6, sd 0.4); each of their reviews is a number of
stars from 1 to 5, the true score plus Normal(0, sd 0.9) noise, rounded. A few restaurants have
few reviews, which is where partial pooling matters.

    python config/datasets/simulate_restaurant_reviews.py
"""

import csv
import io
from pathlib import Path

import numpy as np

NAMES = (
    "Aubergine Basil Cardamom Dill Estragon Fennel Ginger Hyssop Iris Juniper Kale Lovage".split()
)
REVIEWS = (64, 48, 37, 30, 24, 19, 15, 12, 9, 7, 5, 4)


def simulate() -> str:
    """Give the text of the CSV file: `restaurant,stars`, one row a review."""
    rng = np.random.default_rng(20261123)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["restaurant", "stars"])
    for name, count in zip(NAMES, REVIEWS, strict=True):
        score = rng.normal(3.6, 0.4)
        for stars in np.clip(np.rint(score + rng.normal(0, 0.9, count)), 1, 5).astype(int):
            writer.writerow([name, stars])
    return text.getvalue()


if __name__ == "__main__":
    Path(__file__).with_name("restaurant_reviews.csv").write_text(simulate(), encoding="utf-8")
