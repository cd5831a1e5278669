import itertools

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import StepPatch
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from partial_pooling.classical.estimates import classical_table
from partial_pooling.data.groups import Estimates
from partial_pooling.exact.posterior import solve
from partial_pooling.exact.tables import exact_dataset, exact_table
from partial_pooling.figures.accuracy import error as draw_error
from partial_pooling.figures.accuracy import z_scores as draw_z_scores
from partial_pooling.figures.axes import apart
from partial_pooling.figures.curves import quantile as exact_quantile
from partial_pooling.figures.densities import densities as draw_densities
from partial_pooling.figures.forest import forest as draw_forest
from partial_pooling.figures.forest import forest_narrow as draw_narrow
from partial_pooling.figures.funnel import divergences as draw_divergences
from partial_pooling.figures.funnel import funnel_neck as draw_funnel_neck
from partial_pooling.figures.labels import shorten
from partial_pooling.figures.shrinkage import shrinkage as draw_shrinkage
from partial_pooling.figures.study import estimates as draw_estimates
from partial_pooling.figures.study import target_accept as draw_target_accept
from partial_pooling.figures.style import COLOURS, save
from partial_pooling.figures.traces import cumulative_mean as draw_cumulative_mean
from partial_pooling.figures.traces import log_tau as draw_log_tau
from partial_pooling.figures.traces import traces as draw_traces
from partial_pooling.priors.priors import parse_hyperprior
from partial_pooling.report.lecture import PRIOR
from partial_pooling.words import fixed

EIGHT = Estimates(
    tuple("ABCDEFGH"),
    np.array([28.0, 8, -3, 7, -1, 1, 18, 12]),
    np.array([15.0, 10, 16, 11, 9, 11, 10, 18]),
)
AWKWARD_NAMES = ("$5 to $10", r"a_{b}^c \frac $x$")


def is_name(text):
    """Whether a text of the forest plot stands left of its axes."""
    return text.get_position()[0] == 0 and text.get_horizontalalignment() == "right"


def many_groups(count):
    random = np.random.default_rng(1)
    names = tuple(f"Regional centre for long and tedious names, ward {k}" for k in range(count))
    return Estimates(names, random.normal(50, 20, count), random.uniform(2, 30, count))


def make_fits(models=("centered", "noncentered"), names=EIGHT.names, chains=4, draws=200):
    fits = {}
    for k, model in enumerate(models):
        random = np.random.default_rng(k)
        tau = np.exp(random.normal(0.8, 1.2, (chains, draws)))
        mu = random.normal(4.4, 3.3, (chains, draws))
        theta = mu[..., None] + tau[..., None] * random.normal(size=(chains, draws, len(names)))
        here = ("chain", "draw")
        posterior = xr.Dataset(
            {
                "mu": (here, mu),
                "tau": (here, tau),
                "log_tau": (here, np.log(tau)),
                "theta": ((*here, "group"), theta),
            },
            coords={"group": list(names)},
        )
        stats = xr.Dataset({"diverging": (here, random.uniform(size=tau.shape) < 0.02)})
        fits[model] = xr.DataTree.from_dict({"posterior": posterior, "sample_stats": stats})
    return fits


def make_study(
    models=("centered", "noncentered"), accepts=(0.8, 0.9), seeds=(1, 2, 3), draws=(500, 2000)
):
    """Estimates, fits and accuracy as the tables have them, errors shrinking as they should."""
    random = np.random.default_rng(0)
    exact = exact_table(exact_of(EIGHT)).set_index("variable")["mean"]
    cells = list(itertools.product(models, accepts, seeds, draws))
    keys = ["model", "target_accept", "seed", "draws"]
    fits = pd.DataFrame(cells, columns=keys)
    fits["divergence_rate"] = random.choice([0, 0.001, 0.2], len(fits))
    fits["step_size"] = random.uniform(0.1, 0.5, len(fits))
    fits["gradients"] = 20_000 + 30 * fits["draws"]
    fits["ess_bulk_min"] = fits["draws"] * random.uniform(0.1, 1, len(fits))
    rows = []
    for cell in cells:
        for variable in ("mu", "tau", "log_tau", "theta[A]"):
            mcse = 3 / np.sqrt(cell[3])
            z = random.normal()
            mean = exact[variable] + z * mcse
            rows.append((*cell, variable, mean, mcse, exact[variable], z * mcse, z))
    estimates = pd.DataFrame(
        rows, columns=[*keys, "variable", "mean", "mcse_mean", "exact_mean", "bias", "z"]
    )
    accuracy = (
        estimates.groupby(["model", "target_accept", "draws", "variable"])
        .agg(seeds=("seed", "size"), rmse=("bias", lambda b: float(np.sqrt(np.mean(b**2)))))
        .reset_index()
    )
    return estimates, fits, accuracy


def exact_of(groups, prior=PRIOR):
    return solve(groups, prior)


@pytest.fixture(scope="module")
def eight():
    exact = exact_of(EIGHT)
    return exact_table(exact), exact_dataset(exact), classical_table(EIGHT)


def texts(figure: Figure) -> list[str]:
    found = [t.get_text() for t in figure.findobj(lambda a: hasattr(a, "get_text"))]
    return [text for text in found if text]


def horizontals(ax) -> list[float]:
    return [
        float(line.get_ydata()[0])
        for line in ax.lines
        if len(line.get_ydata()) == 2 and line.get_ydata()[0] == line.get_ydata()[1]
    ]


def saved(figure, folder, name="figure"):
    save(figure, folder / f"{name}.svg", folder / f"{name}.png")
    return (folder / f"{name}.svg").read_bytes(), (folder / f"{name}.png").read_bytes()


# -- claims about what is drawn (numbers: test_drawn_numbers.py) ------------------------------


def test_cumulative_mean_shows_nothing_quoted_unless_given():
    figure = draw_cumulative_mean(make_fits(), {}, 0.8)
    assert not any("quoted" in text for text in texts(figure))


def test_quantiles_of_stored_curves_are_the_exact_ones(eight):
    for variable, close in (("log_tau", 0.02), ("mu", 0.01), ("theta[A]", 0.03)):
        p = [0.01, 0.05, 0.5, 0.95]
        found = [exact_quantile(eight[1], variable, q) for q in p]
        assert found == pytest.approx(list(exact_of(EIGHT).quantile(variable, p)), abs=close)


def test_estimates_show_lowest_and_highest_target_accept_only(eight):
    table = make_study(accepts=(0.9, 0.8, 0.99), seeds=(1,), draws=(500,))[0]
    titles = [ax.get_title() for ax in draw_estimates(table, eight[0]).axes]
    assert [t for t in titles if t] == ["target_accept = 0.8", "target_accept = 0.99"]


def test_z_scores_beyond_the_axis_stand_at_its_edge(eight):
    table = make_study()[0]
    table.loc[0, "z"] = 300.0
    ax = draw_z_scores(table).axes[0]
    assert ax.get_ylim()[1] <= 12
    highest = max(float(np.max(line.get_ydata())) for line in ax.lines)
    assert 11 < highest < 12


def test_a_bar_far_wider_than_the_others_runs_out_of_the_forest_plot():
    groups = Estimates(
        EIGHT.names, EIGHT.estimate, np.where(np.arange(8) == 1, 1e4, EIGHT.std_error)
    )
    ax = draw_forest(groups, exact_table(exact_of(groups))).axes[0]
    assert np.ptp(ax.get_xlim()) < 400
    labels = [text.get_text() for text in ax.texts if is_name(text)]
    assert labels == ["A", "B (±19,600)", *"CDEFGH", "common mean μ", "new group"]


def test_many_groups_lie_close_together_in_the_order_of_their_means():
    groups = many_groups(150)
    table = exact_table(exact_of(groups))
    ax = draw_forest(groups, table).axes[0]
    means = table.set_index("variable").loc[[f"theta[{n}]" for n in groups.names], "mean"]
    order = np.argsort(-means.to_numpy())
    # the five at either end have names, largest above
    ends = [shorten(groups.names[i]) for i in (*order[:5], *order[-5:])]
    named = [text.get_text() for text in ax.texts if is_name(text)]
    assert named == [*ends, "common mean μ", "new group", "140 more groups,\nby exact posterior"]
    # a row of its own for each group, its place from the top that of its mean
    places = {}
    for bars in ax.containers[:4]:
        data, _, (lines,) = bars.lines
        for segment, x in zip(lines.get_segments(), data.get_xdata(), strict=True):
            places[float(x)] = segment[0, 1]
    rows = [places[float(mean)] for mean in means]
    np.testing.assert_array_equal(np.argsort(rows), order)


@pytest.mark.slow
def test_figures_of_thousands_of_groups_stay_small(tmp_path):
    groups = many_groups(3000)
    exact, classical = exact_of(groups), classical_table(groups)
    for name, figure in {
        "forest": draw_forest(groups, exact_table(exact)),
        "shrinkage": draw_shrinkage(groups, exact_dataset(exact), classical),
        "traces": draw_traces(make_fits(names=groups.names, draws=50)),
    }.items():
        path = tmp_path / f"{name}.svg"
        save(figure, path)
        assert path.stat().st_size < 800_000, name


def test_shrinkage_starts_pooled_and_marks_the_plugged_in_tau(eight):
    figure = draw_shrinkage(EIGHT, eight[1], eight[2])
    (curves,) = (c for c in figure.axes[0].collections if isinstance(c, LineCollection))
    starts = [segment[0, 1] for segment in curves.get_segments()]
    assert len(starts) == len(EIGHT)
    assert np.ptp(starts) < 1e-9
    assert any("ML, REML, PM, DL: τ = 0" in text for text in texts(figure))


def test_a_model_has_one_colour_everywhere(eight):
    fits = make_fits(("noncentered", "partial"))
    for figure in (draw_log_tau(fits), draw_cumulative_mean(fits, {}, 0.8)):
        drawn = {to_rgba(line.get_color()) for ax in figure.axes for line in ax.lines}
        for model in fits:
            assert to_rgba(COLOURS[model]) in drawn


# -- text -------------------------------------------------------------------------------------


def test_names_are_drawn_as_they_are_written():
    """Mathtext would raise on the second name, and draw the first one without its signs."""
    groups = Estimates(AWKWARD_NAMES, np.array([1.0, 9]), np.array([2.0, 3]))
    exact = exact_of(groups)
    table, curves, classical = exact_table(exact), exact_dataset(exact), classical_table(groups)
    fits = make_fits(names=AWKWARD_NAMES)
    study = make_study()[0].replace("theta[A]", f"theta[{AWKWARD_NAMES[0]}]")
    for figure in (
        draw_forest(groups, table),
        draw_narrow(groups, table),
        draw_shrinkage(groups, curves, classical),
        draw_divergences(fits, curves),
        draw_estimates(study, table),
    ):
        drawn = [
            text._preprocess_math(text.get_text())
            for text in figure.findobj(lambda a: hasattr(a, "_preprocess_math"))
        ]
        of_first = [(string, math) for string, math in drawn if "$5" in string]
        assert of_first
        assert all(not math and "$5 to $10" in string for string, math in of_first)


FOREIGN = ("北京协和医院", "서울대학교병원", "Αθήνα", "Łódź")  # the font has the last two


def test_names_in_scripts_that_the_font_lacks_are_text_of_the_svg(tmp_path, eight, recwarn):
    groups = Estimates(FOREIGN, np.array([1.0, 9, 4, 3]), np.array([2.0, 3, 2, 2]))
    exact = exact_of(groups)
    table, curves, classical = exact_table(exact), exact_dataset(exact), classical_table(groups)
    for figure in (draw_narrow(groups, table), draw_shrinkage(groups, curves, classical)):
        save(figure, tmp_path / "foreign.svg", tmp_path / "foreign.png")
        svg = (tmp_path / "foreign.svg").read_text(encoding="utf-8")
        assert all(f">{name}</text>" in svg for name in FOREIGN)
        assert "sans-serif" in svg
    save(draw_forest(EIGHT, eight[0]), tmp_path / "plain.svg")
    assert "</text>" not in (tmp_path / "plain.svg").read_text(encoding="utf-8")
    assert not [each for each in recwarn if "Glyph" in str(each.message)]


def test_room_is_left_for_characters_of_unknown_width(eight):
    """A Chinese character is as wide as the type is high."""
    name = FOREIGN[0]
    groups = Estimates((name, "b"), np.array([1.0, 9]), np.array([2.0, 3]))
    figure = draw_forest(groups, exact_table(exact_of(groups)))
    (text,) = [text for text in figure.axes[0].texts if text.get_text() == name]
    right = text.get_transform().transform(text.get_position())[0]
    assert right - len(name) * text.get_fontsize() * figure.dpi / 72 >= 0


def test_long_names_are_shortened_but_stay_apart():
    names = [shorten(name) for name in many_groups(100).names]
    assert max(map(len, names)) <= 28
    assert shorten("京" * 14) == "京" * 14
    assert len(shorten("京" * 15)) <= 14
    assert len(set(names)) == 100


@pytest.mark.parametrize("draw", [draw_forest, draw_narrow])
@pytest.mark.parametrize("count", [2, 40, 90])
def test_texts_of_a_forest_do_not_overlap_and_nothing_is_cut(count, draw):
    groups = many_groups(count)
    figure = draw(groups, exact_table(exact_of(groups)))
    texts = [text for text in figure.axes[0].texts if text.get_text()]
    boxes = [Text.get_window_extent(text) for text in texts]
    assert len(boxes) >= 2 * (count if count <= 40 else 10) + 4
    assert not any(
        box is not None and min(box.width, box.height) > 1
        for box in itertools.starmap(Bbox.intersection, itertools.combinations(boxes, 2))
    )
    whole = figure.bbox
    assert min(box.x0 for box in boxes) >= 0
    assert max(box.x1 for box in boxes) <= whole.x1
    # on a phone the figure is 358 px wide
    if draw is draw_narrow:
        sizes = [text.get_fontsize() / 72 * 358 / figure.get_size_inches()[0] for text in texts]
        assert min(sizes) >= 11


def test_labels_at_ends_of_lines_do_not_overlap(eight):
    figure = draw_shrinkage(EIGHT, eight[1], eight[2])
    for ax in figure.axes:
        boxes = [Text.get_window_extent(text) for text in ax.texts]
        assert len(boxes) == len(EIGHT)
        overlaps = [Bbox.intersection(a, b) for a, b in itertools.combinations(boxes, 2)]
        assert not any(box is not None and box.height > 1 for box in overlaps)


# -- awkward studies ---------------------------------------------------------------------------


def test_exact_means_that_do_not_exist_are_said_not_to(eight):
    estimates, _, accuracy = make_study()
    gone = estimates["variable"].isin(["mu", "log_tau"])
    estimates.loc[gone, ["exact_mean", "bias", "z"]] = np.nan
    accuracy.loc[accuracy["variable"] == "mu", "rmse"] = np.nan
    exact = eight[0].copy()
    exact.loc[exact["variable"] != "tau", ["mean", "sd"]] = np.nan
    said = {
        "the exact mean does not exist": [
            draw_estimates(estimates, exact),
            draw_error(accuracy),
        ],
        "the exact mean of log τ does not exist": [draw_cumulative_mean(make_fits(), {}, np.nan)],
        "no z for μ, log τ: no exact mean": [draw_z_scores(estimates)],
        "exact posterior median (not every mean exists)": [draw_forest(EIGHT, exact)],
    }
    for words, figures in said.items():
        for figure in figures:
            assert words in texts(figure)


def test_a_study_without_any_exact_mean_says_so_and_draws_no_error():
    estimates, _, accuracy = make_study()
    estimates["z"] = np.nan
    accuracy["rmse"] = np.nan
    colours = {to_rgba(COLOURS[model]) for model in ("centered", "noncentered")}

    def of_models(ax):
        return [line for line in ax.lines if to_rgba(line.get_color()) in colours]

    z_scores = draw_z_scores(estimates).axes
    for over, beside, model in zip(
        z_scores[::2], z_scores[1::2], ("centered", "noncentered"), strict=True
    ):
        assert [text.get_text() for text in over.texts] == ["no z for μ, τ, log τ: no exact mean"]
        assert over.get_title(loc="left") == model
        assert over.get_ylim() == (-5, 5)
        assert not [line for line in of_models(over) if len(line.get_xdata())]
        assert not [patch for patch in beside.patches if isinstance(patch, StepPatch)]
    for ax in draw_error(accuracy).axes:
        assert [text.get_text() for text in ax.texts] == ["the exact mean does not exist"]
        assert all(len(line.get_xdata()) == 0 for line in ax.lines)


@pytest.mark.parametrize(
    "study",
    [
        {"models": ("centered", "noncentered", "marginal", "partial")},
        pytest.param({"models": ("noncentered",), "seeds": (7,)}, marks=pytest.mark.slow),
        pytest.param({"accepts": (0.8,), "draws": (1000,)}, marks=pytest.mark.slow),
        {"models": ("centered",), "seeds": (1,), "draws": (4,), "accepts": (0.8,)},
    ],
)
def test_studies_of_any_size_are_drawn(eight, study):
    estimates, fits, accuracy = make_study(**study)
    models = study.get("models", ("centered", "noncentered"))
    assert len(draw_target_accept(fits).axes) == 4
    columns = 1 if study.get("accepts") else 2
    assert len(draw_estimates(estimates, eight[0]).axes) == 4 * columns
    assert len(draw_z_scores(estimates).axes) == 2 * len(models)
    assert len(draw_error(accuracy).axes) == 2 * len(models)


@pytest.mark.parametrize(
    ("models", "chains", "draws"),
    [
        (("noncentered",), 1, 4),
        pytest.param(("marginal", "partial", "centered"), 2, 50, marks=pytest.mark.slow),
    ],
)
def test_fits_of_any_size_are_drawn(eight, models, chains, draws):
    fits = make_fits(models, chains=chains, draws=draws)
    assert len(draw_traces(fits).axes) == 4 * (1 + len(models))
    assert len(draw_log_tau(fits).axes) == len(models)
    assert len(draw_densities(fits, eight[1]).axes) == 3 * len(models)
    shown = [ax for ax in draw_divergences(fits, eight[1]).axes if ax.get_visible()]
    assert len(shown) == len(models)
    draw_funnel_neck(fits, eight[1])
    draw_cumulative_mean(fits, {}, 0.8)


def test_a_heavy_tail_does_not_flatten_what_else_there_is():
    groups = Estimates(("a", "b", "c"), np.array([1.0, 9, 30]), np.array([2.0, 3, 10]))
    flat = parse_hyperprior({"mu": {"dist": "Flat"}, "tau": {"dist": "HalfFlat"}})
    exact = exact_of(groups, flat)
    table, curves = exact_table(exact), exact_dataset(exact)
    forest = draw_forest(groups, table)
    low, high = forest.axes[0].get_xlim()
    new = table.set_index("variable").loc["theta_new"]
    assert new["q2.5"] < low < 1 < 49.6 < high < new["q97.5"]
    assert f"{fixed(2)(new['q2.5'])} to {fixed(2)(new['q97.5'])}" in texts(forest)
    densities = draw_densities(make_fits(names=groups.names), curves)
    quartiles = exact.quantile("tau", [0.25, 0.75])
    assert densities.axes[1].get_xlim()[1] < 8 * quartiles[1]


# -- files ------------------------------------------------------------------------------------


def test_equal_inputs_give_equal_bytes(eight, tmp_path):
    first = saved(draw_divergences(make_fits(("centered",)), eight[1]), tmp_path, "first")
    again = saved(draw_divergences(make_fits(("centered",)), eight[1]), tmp_path, "again")
    assert first == again
    fits = make_fits(("centered",))
    fits["centered"]["posterior"]["log_tau"][0, 0] += 1
    assert saved(draw_divergences(fits, eight[1]), tmp_path, "other")[0] != first[0]


def test_a_users_settings_of_matplotlib_change_no_figure(eight, tmp_path):
    drawn = []
    for users in ({}, {"xtick.major.width": 9, "savefig.dpi": 17, "svg.hashsalt": "x"}):
        with mpl.rc_context(users):
            figure = draw_divergences(make_fits(("centered",)), eight[1])
            drawn.append(saved(figure, tmp_path))
    assert drawn[0] == drawn[1]


def test_heavy_layers_are_rasters_within_the_svg(eight, tmp_path):
    fits = make_fits(draws=5000)
    for figure in (draw_divergences(fits, eight[1]), draw_traces(fits), draw_log_tau(fits)):
        save(figure, tmp_path / "figure.svg")
        svg = (tmp_path / "figure.svg").read_bytes()
        assert len(svg) < 400_000
        assert b"data:image/png;base64" in svg
    assert b"http://" not in svg.split(b"<defs>", 1)[1].replace(b"http://www.w3.org", b"")


def test_labels_of_numbers_of_draws_keep_the_last_and_have_room():
    draws = np.array([100.0, 110, 1000, 9000, 10_000])
    np.testing.assert_array_equal(apart(draws, 4.0), [110, 1000, 10_000])
    np.testing.assert_array_equal(apart(draws, 400.0), draws)
