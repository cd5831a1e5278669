"""What figures draw, read back from their artists and held against numbers found another way.

Inputs are made up so that the right answer is known by hand, from raw draws or from a named
distribution. Every figure is drawn once; `test_figures.py` has what is not a number.
"""

import math
from importlib import import_module

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle, StepPatch
from matplotlib.text import Annotation
from scipy import stats

from partial_pooling.data.groups import Estimates
from partial_pooling.figures import calibration
from partial_pooling.figures.accuracy import error as draw_error
from partial_pooling.figures.accuracy import z_scores as draw_z_scores
from partial_pooling.figures.axes import axis_from_zero, log_axis
from partial_pooling.figures.calibration import _source_handles
from partial_pooling.figures.calibration import calibration_by_tau as draw_calibration_by_tau
from partial_pooling.figures.calibration import calibration_coverage as draw_calibration_coverage
from partial_pooling.figures.calibration import calibration_ecdf as draw_calibration_ecdf
from partial_pooling.figures.calibration import calibration_power as draw_calibration_power
from partial_pooling.figures.calibration import calibration_ranks as draw_calibration_ranks
from partial_pooling.figures.densities import densities as draw_densities
from partial_pooling.figures.forest import forest as draw_forest
from partial_pooling.figures.forest import forest_narrow as draw_narrow
from partial_pooling.figures.funnel import divergences as draw_divergences
from partial_pooling.figures.funnel import funnel_neck as draw_funnel_neck
from partial_pooling.figures.priors import prior_posterior as draw_prior_posterior
from partial_pooling.figures.priors import prior_posterior_narrow
from partial_pooling.figures.registry import FIGURES
from partial_pooling.figures.shrinkage import _plugged_in
from partial_pooling.figures.shrinkage import shrinkage as draw_shrinkage
from partial_pooling.figures.study import estimates as draw_estimates
from partial_pooling.figures.study import target_accept as draw_target_accept
from partial_pooling.figures.style import GREY, RAW
from partial_pooling.figures.traces import cumulative_mean as draw_cumulative_mean
from partial_pooling.figures.traces import log_tau as draw_log_tau
from partial_pooling.figures.traces import traces as draw_traces
from partial_pooling.models.parametrizations import PARAMETRIZATIONS
from partial_pooling.priors.priors import parse_hyperprior

MODELS = ("centered", "noncentered")
# vermillion and blue of Okabe and Ito, Color Universal Design (2008): RGB 213 94 0 and 0 114 178
MODEL_COLOURS = {"centered": (213, 94, 0), "noncentered": (0, 114, 178), "exact": (0, 0, 0)}
MODEL_MARKERS = {"centered": "o", "noncentered": "s", "exact": "*"}
BLACK = (0, 0, 0)
CHAINS, DRAWS = 3, 40
TRANSITIONS = CHAINS * DRAWS
DIVERGING = {"centered": [5, 17, 90], "noncentered": [64]}  # transitions, chains end to end
NAMES = ("first", "second", "third")
VARIABLES = ("mu", "tau", "log_tau")
LETTERS = {"mu": "μ", "tau": "τ", "log_tau": "log τ"}
# an exact posterior with quantiles, density and CDF in closed form
POSTERIOR = {
    "mu": stats.norm(4, 3),
    "tau": stats.lognorm(0.8, scale=math.exp(0.5)),
    "log_tau": stats.norm(0.5, 0.8),
}
GROUPS = Estimates(NAMES, np.array([20.0, -4, 9]), np.array([5.0, 8, 12]))


def theta_mean(tau, group):
    return 7 + (GROUPS.estimate[group] - 7) * tau / (tau + GROUPS.std_error[group])


def theta_sd(tau, group):
    return GROUPS.std_error[group] * (0.3 + 0.7 * tau / (tau + 3))


# -- made-up inputs ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def fits():
    made = {}
    for k, model in enumerate(MODELS):
        random = np.random.default_rng(k)
        here = ("chain", "draw")
        log_tau = random.normal(0.2 + 0.6 * k, 1.1 - 0.3 * k, (CHAINS, DRAWS))
        theta = random.normal([15 + k, -2 - k, 40], 3, (CHAINS, DRAWS, len(NAMES)))
        diverging = np.zeros(TRANSITIONS, dtype=bool)
        diverging[DIVERGING[model]] = True
        posterior = xr.Dataset(
            {
                "mu": (here, random.normal(5 - 4 * k, 2 + k, (CHAINS, DRAWS))),
                "tau": (here, np.exp(log_tau)),
                "log_tau": (here, log_tau),
                "theta": ((*here, "group"), theta),
            },
            coords={"group": list(NAMES)},
        )
        sample_stats = xr.Dataset({"diverging": (here, diverging.reshape(CHAINS, DRAWS))})
        made[model] = xr.DataTree.from_dict({"posterior": posterior, "sample_stats": sample_stats})
    return made


def raw(fits, model, variable):
    """Draws of all chains, one after the other."""
    return fits[model]["posterior"][variable].to_numpy().ravel()


@pytest.fixture(scope="module")
def curves():
    value = np.array([np.linspace(*d.ppf([0.0005, 0.9995]), 3001) for d in POSTERIOR.values()])
    here = ("variable", "grid")
    at_tau = np.linspace(0, 25, 2501)
    p = [0.025, 0.25, 0.5, 0.75, 0.975]
    each = list(zip(POSTERIOR.values(), value, strict=True))
    return xr.Dataset(
        {
            "value": (here, value),
            "density": (here, np.array([d.pdf(v) for d, v in each])),
            "cdf": (here, np.array([d.cdf(v) for d, v in each])),
            "quantile": (
                ("variable", "probability"),
                np.array([d.ppf(p) for d in POSTERIOR.values()]),
            ),
            "tau_density": (("at_tau",), POSTERIOR["tau"].pdf(at_tau)),
            "theta_mean_given_tau": (
                ("group", "at_tau"),
                np.array([theta_mean(at_tau, j) for j in range(3)]),
            ),
            "theta_sd_given_tau": (
                ("group", "at_tau"),
                np.array([theta_sd(at_tau, j) for j in range(3)]),
            ),
        },
        coords={"variable": list(POSTERIOR), "probability": p, "at_tau": at_tau, "group": [*NAMES]},
    )


@pytest.fixture(scope="module")
def classical():
    return pd.DataFrame(
        [
            ("no_pooling", math.inf, math.nan, math.nan),
            ("complete_pooling", 0.0, 6.5, 2.0),
            ("dersimonian_laird", 40.0, 7.1, 3.3),
            ("paule_mandel", 2.25, 7.2, 3.4),
            ("ml", 1.5, 7.3, 3.5),
            ("reml", 2.25, 7.4, 3.6),
        ],
        columns=["method", "tau", "mu", "mu_std_error"],
    )


@pytest.fixture(scope="module")
def exact():
    return pd.DataFrame(
        [
            ("mu", 4.4, 3.0, -2.0, 4.3, 10.0),
            ("tau", 6.6, 5.0, 0.3, 5.1, 19.0),
            ("log_tau", 0.8, 1.2, -2.1, 1.1, 2.9),
            ("theta[first]", 11.0, 4.0, 4.0, 10.5, 22.0),
            ("theta[second]", -1.0, 5.0, -12.0, -0.5, 8.0),
            ("theta[third]", 8.0, 5.0, 1.0, 7.5, 17.0),
            ("theta_new", 4.5, 9.0, -13.0, 4.6, 21.0),
        ],
        columns=["variable", "mean", "sd", "q2.5", "q50", "q97.5"],
    )


def cells_of(**levels):
    return pd.MultiIndex.from_product(levels.values(), names=levels).to_frame(index=False)


# -- reading figures ---------------------------------------------------------------------------


def rgb(colour):
    return tuple(round(255 * channel) for channel in to_rgb(colour))


def of_colour(artists, colour):
    return [artist for artist in artists if rgb(artist.get_color()) == colour]


def points(line):
    return np.asarray(line.get_xdata(), dtype=float), np.asarray(line.get_ydata(), dtype=float)


def level(line):
    """Height of a line that `axhline` drew."""
    x, y = points(line)
    assert list(x) == [0, 1]
    assert y[0] == y[1]
    return y[0]


def error_bars(ax, axis="y"):
    """Of every set of error bars: x, y, both ends of the bars, colour of marks and of bars."""
    found = []
    for container in ax.containers:
        assert isinstance(container, ErrorbarContainer)
        data, _, (bars,) = container.lines
        ends = np.array([segment[:, "xy".index(axis)] for segment in bars.get_segments()])
        assert {rgb(colour) for colour in bars.get_colors()} == {rgb(data.get_color())}
        found.append((*points(data), ends, rgb(data.get_color())))
    return found


def band(collection):
    """Lower and upper end, by x, of what `fill_between` drew."""
    (path,) = collection.get_paths()
    ends = pd.DataFrame(path.vertices, columns=["x", "y"]).groupby("x")["y"].agg(["min", "max"])
    return ends.index.to_numpy(), ends["min"].to_numpy(), ends["max"].to_numpy()


def legend(figure):
    (found,) = figure.legends
    words = [text.get_text() for text in found.get_texts()]
    return dict(zip(words, found.legend_handles, strict=True))


def annotations(ax):
    return [child for child in ax.get_children() if isinstance(child, Annotation)]


def tick_labels(axis):
    return {
        round(float(place), 9): label.get_text()
        for place, label in zip(axis.get_ticklocs(), axis.get_ticklabels(), strict=True)
        if label.get_text()
    }


# -- fits --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def traces(fits):
    return np.array(draw_traces(fits).axes).reshape(4, 3)


def test_traces_are_the_draws_of_each_chain_over_iterations(fits, traces):
    for row, variable in zip(traces, (*VARIABLES, "theta"), strict=True):
        for model, ax in zip(MODELS, row[1:], strict=True):
            posterior = fits[model]["posterior"][variable]
            columns = (
                posterior.to_numpy()
                if variable != "theta"
                else posterior.transpose("group", "chain", "draw").to_numpy().reshape(-1, DRAWS)
            )
            assert len(ax.lines) == len(columns)
            for line, values in zip(ax.lines, columns, strict=True):
                x, y = points(line)
                np.testing.assert_array_equal(x, np.arange(1, DRAWS + 1))
                np.testing.assert_array_equal(y, values)
            assert ax.get_xlim() == (0, DRAWS)
    for model, ax in zip(MODELS, traces[0, 1:], strict=True):
        assert ax.get_title() == model
        assert rgb(ax.title.get_color()) == MODEL_COLOURS[model]
    assert [ax.get_ylabel() for ax in traces[:, 0]] == [
        "μ (data units)",
        "τ (data units)",
        "log τ (τ in data units)",
        "all θ (data units)",
    ]
    assert [ax.get_xlabel() for ax in traces[-1]] == ["density", "iteration", "iteration"]


def test_traces_of_many_groups_show_evenly_spaced_ones():
    here = ("chain", "draw")
    theta = np.random.default_rng(6).normal(size=(1, 8, 150))
    posterior = xr.Dataset({name: (here, theta[..., k]) for k, name in enumerate(VARIABLES)})
    posterior["theta"] = ((*here, "group"), theta)
    axes = draw_traces({"centered": xr.DataTree.from_dict({"posterior": posterior})}).axes
    assert axes[-2].get_ylabel() == "100 of 150 θ (data units)"
    drawn = [
        np.flatnonzero((line.get_ydata() == theta[0].T).all(axis=1)) for line in axes[-1].lines
    ]
    assert len(drawn) == 100
    numbers = np.concatenate(drawn)
    assert (numbers[0], numbers[-1]) == (0, 149)
    assert set(np.diff(numbers)) == {1, 2}


def test_trace_shades_run_from_light_to_dark_about_the_models_colour(traces):
    for model, ax in zip(MODELS, traces[0, 1:], strict=True):
        shades = np.array([to_rgb(line.get_color()) for line in ax.lines])
        assert np.all(np.diff(shades.sum(axis=1)) < 0)
        base = np.array(MODEL_COLOURS[model]) / 255
        assert np.all(shades[0] >= base - 0.01)  # mixed with white
        np.testing.assert_allclose(shades[-1], 0.65 * base, atol=0.01)


def test_trace_densities_are_kernel_densities_of_each_chain(fits, traces):
    """Brute force: a normal kernel a draw, and its mirror images at both ends of the range."""
    for row, variable in ((0, "mu"), (2, "log_tau")):
        ax = traces[row, 0]
        everything = np.concatenate([raw(fits, model, variable) for model in MODELS])
        low, high = everything.min(), everything.max()
        assert ax.get_ylim() == pytest.approx((low, high))
        lines = iter(ax.lines)
        for model in MODELS:
            for chain in fits[model]["posterior"][variable].to_numpy():
                line = next(lines)
                density, grid = points(line)
                assert rgb(line.get_color()) == MODEL_COLOURS[model]
                spread = min(chain.std(), np.subtract(*np.quantile(chain, [0.75, 0.25])) / 1.34)
                bandwidth = 0.9 * spread * len(chain) ** -0.2
                mirrored = np.concatenate([chain, 2 * low - chain, 2 * high - chain])
                expected = stats.norm.pdf(grid[:, None], mirrored, bandwidth).sum(axis=1) / DRAWS
                np.testing.assert_allclose(density, expected, atol=0.02 * expected.max())
                assert np.trapezoid(density, grid) == pytest.approx(1, abs=0.02)


@pytest.fixture(scope="module")
def log_tau(fits):
    return draw_log_tau(fits)


def test_log_tau_is_every_draw_with_ends_of_chains_and_divergences(fits, log_tau):
    for model, ax in zip(MODELS, log_tau.axes, strict=True):
        (line,) = of_colour(ax.lines, MODEL_COLOURS[model])
        x, y = points(line)
        np.testing.assert_array_equal(x, np.arange(1, TRANSITIONS + 1))
        np.testing.assert_array_equal(y, raw(fits, model, "log_tau"))
        ends = [line for line in ax.lines if list(line.get_ydata()) == [0, 1]]
        assert [line.get_xdata()[0] for line in ends] == [DRAWS, 2 * DRAWS]
        assert [rgb(line.get_color()) == BLACK for line in ends] == [True, False]
        assert [line.get_linestyle() for line in ends] == ["-", ":"]
        (ticks,) = (line for line in ax.lines if line.get_marker() == "|")
        x, y = points(ticks)
        assert list(x) == [index + 1 for index in DIVERGING[model]]
        assert np.all(y < min(raw(fits, m, "log_tau").min() for m in MODELS))
        assert np.all(y > ax.get_ylim()[0])
        assert ax.get_xlim() == (0, TRANSITIONS)
        number = len(DIVERGING[model])
        share = {3: "2.5 %", 1: "0.83 %"}[number]  # of 120
        assert ax.get_title(loc="left") == f"{model}: {number} of 120 diverged ({share})"
        (note,) = annotations(ax)
        assert (note.get_text(), note.xy[0]) == ("first chain ends", DRAWS)


def test_log_tau_of_a_long_run_spans_the_extremes_of_every_stretch():
    random = np.random.default_rng(5)
    values = random.normal(size=10_000)
    values[6543] = -30
    posterior = xr.Dataset({"log_tau": (("chain", "draw"), values.reshape(2, -1))})
    sample_stats = xr.Dataset({"diverging": (("chain", "draw"), np.zeros((2, 5000), bool))})
    tree = xr.DataTree.from_dict({"posterior": posterior, "sample_stats": sample_stats})
    x, y = points(draw_log_tau({"centered": tree}).axes[0].lines[0])
    stretch = 10_000 / (len(x) / 2)
    assert x[np.argmin(y)] == pytest.approx(6544, abs=stretch)
    # the line runs from lowest to highest: within each stretch nothing lies outside
    low, high = y.reshape(-1, 2).T
    middles = x[::2]
    assert np.all(low <= high)
    nearest = np.abs(np.arange(1, 10_001)[:, None] - middles).argmin(axis=1)
    inner = np.abs(np.arange(1, 10_001) - middles[nearest]) < 0.4 * stretch
    assert np.all((values >= low[nearest])[inner])
    assert np.all((values <= high[nearest])[inner])
    assert set(y) <= set(values)


@pytest.fixture(scope="module")
def cumulative_mean(fits):
    return draw_cumulative_mean(fits, {"centered": 0.11, "noncentered": 0.07}, 0.8021, 0.7657852)


def test_cumulative_means_are_means_of_the_draws_so_far(fits, cumulative_mean):
    (ax,) = cumulative_mean.axes
    for model in MODELS:
        (line,) = (line for line in ax.lines if line.get_label() == model)
        assert rgb(line.get_color()) == MODEL_COLOURS[model]
        n, mean = points(line)
        assert (n[0], n[-1]) == (1, TRANSITIONS)
        values = raw(fits, model, "log_tau")
        for count, height in zip(n.astype(int), mean, strict=True):
            assert height == pytest.approx(math.fsum(values[:count]) / count, rel=1e-12)
    assert ax.get_xlim() == (0, TRANSITIONS)
    assert ax.get_xlabel() == "iteration, chains joined end to end"
    assert ax.get_ylabel() == "mean of log τ so far"


def test_bands_of_cumulative_means_are_two_standard_errors_wider_when_fewer(fits, cumulative_mean):
    (ax,) = cumulative_mean.axes
    for model, mcse, collection in zip(MODELS, (0.11, 0.07), ax.collections, strict=True):
        assert rgb(collection.get_facecolor()[0]) == MODEL_COLOURS[model]
        n, low, high = band(collection)
        values = raw(fits, model, "log_tau")
        assert (high - low)[-1] / 2 == pytest.approx(2 * mcse)
        assert (high + low)[-1] / 2 == pytest.approx(values.mean())
        quarter = np.flatnonzero(n == TRANSITIONS / 4)[0]  # twice as wide at a quarter
        assert (high - low)[quarter] / 2 == pytest.approx(4 * mcse)
        assert (high + low)[quarter] / 2 == pytest.approx(values[: TRANSITIONS // 4].mean())


def test_exact_mean_is_black_and_whole_and_the_quoted_one_grey_and_dashed(cumulative_mean):
    (ax,) = cumulative_mean.axes
    across = [line for line in ax.lines if list(line.get_xdata()) == [0, 1]]
    drawn = {level(line): (rgb(line.get_color()), line.is_dashed()) for line in across}
    grey = rgb(GREY)
    assert drawn == {0.8021: (BLACK, False), 0.7657852: (grey, True)}
    found = legend(cumulative_mean)
    assert set(found) == {*MODELS, "0.8021000, exact", "0.7657852, quoted in the lecture"}
    assert rgb(found["0.8021000, exact"].get_color()) == BLACK
    assert rgb(found["0.7657852, quoted in the lecture"].get_color()) == grey


@pytest.fixture(scope="module")
def divergences(fits, curves):
    return draw_divergences(fits, curves)


def test_divergences_scatter_theta_of_the_first_group_across_and_log_tau_up(fits, divergences):
    for model, ax in zip(MODELS, divergences.axes, strict=True):
        theta = fits[model]["posterior"]["theta"].sel(group="first").to_numpy().ravel()
        pairs = set(zip(theta, raw(fits, model, "log_tau"), strict=True))
        clouds = [line for line in ax.lines if line.get_marker() == "."]
        (model_points,) = of_colour(clouds, MODEL_COLOURS[model])
        (black_points,) = of_colour(clouds, BLACK)
        black = set(zip(*points(black_points), strict=True))
        where = DIVERGING[model]
        assert black == set(zip(theta[where], raw(fits, model, "log_tau")[where], strict=True))
        assert set(zip(*points(model_points), strict=True)) == pairs - black
        assert ax.lines.index(black_points) > ax.lines.index(model_points)
        low, high = ax.get_xlim()
        assert low < theta.min() < theta.max() < high
        assert ax.get_xlabel() == "θ of first (data units)"
    assert divergences.axes[0].get_ylabel() == "log τ (τ in data units)"
    titles = [ax.get_title() for ax in divergences.axes]
    assert titles == [
        "centered:\n3 of 120 diverged (2.5 %)",
        "noncentered:\n1 of 120 diverged (0.83 %)",
    ]
    found = legend(divergences)
    assert rgb(found["divergent transition"].get_color()) == BLACK
    assert rgb(found["transition"].get_color()) == rgb(GREY)


def test_divergences_mark_the_exact_quantiles_whole_at_1_and_dashed_at_5_percent(divergences):
    one, five = POSTERIOR["log_tau"].ppf([0.01, 0.05])
    for ax in divergences.axes:
        across = [line for line in ax.lines if list(line.get_xdata()) == [0, 1]]
        assert [level(line) for line in across] == pytest.approx([one, five], abs=1e-3)
        assert [line.is_dashed() for line in across] == [False, True]
        named = {note.get_text(): note.xy[1] for note in annotations(ax)}
        assert named["exact 1 % quantile"] == pytest.approx(one, abs=1e-3)
        assert named["exact 5 % quantile"] == pytest.approx(five, abs=1e-3)


def test_divergences_of_one_setting_are_those_of_its_fit(fits, curves, divergences):
    """The figures of single settings are this figure with one fit."""
    (ax,) = draw_divergences({"noncentered": fits["noncentered"]}, curves).axes
    for alone, beside in zip(ax.lines, divergences.axes[1].lines, strict=True):
        np.testing.assert_array_equal(points(alone), points(beside))
        assert alone.get_color() == beside.get_color()
    assert ax.get_title() == "noncentered:\n1 of 120 diverged (0.83 %)"


@pytest.fixture(scope="module")
def densities(fits, curves):
    return draw_densities(fits, curves)


def test_densities_are_shares_of_draws_a_unit_beside_the_exact_density(fits, densities):
    panels = np.array(densities.axes).reshape(2, 3)
    for row, model in zip(panels, MODELS, strict=True):
        assert row[0].get_title(loc="left") == model
        assert row[0].get_ylabel() == "density"
        for ax, variable in zip(row, VARIABLES, strict=True):
            values = raw(fits, model, variable)
            (steps,) = (patch for patch in ax.patches if isinstance(patch, StepPatch))
            assert rgb(steps.get_facecolor()) == MODEL_COLOURS[model]
            heights, edges, _ = steps.get_data()
            for height, low, high in zip(heights, edges[:-1], edges[1:], strict=True):
                share = sum(low <= value < high for value in values) / TRANSITIONS
                assert height * (high - low) == pytest.approx(share, abs=1e-12)
            (line,) = ax.lines
            assert rgb(line.get_color()) == BLACK
            x, y = points(line)
            np.testing.assert_allclose(y, POSTERIOR[variable].pdf(x), rtol=1e-9)
            quarter, three_quarters = POSTERIOR[variable].ppf([0.25, 0.75])
            low = max(x[0], quarter - 6 * (three_quarters - quarter))
            high = min(x[-1], three_quarters + 6 * (three_quarters - quarter))
            assert ax.get_xlim() == pytest.approx((low, high))
            assert (edges[0], edges[-1]) == pytest.approx((low, high))
    assert [ax.get_xlabel() for ax in panels[-1]] == [
        "μ (data units)",
        "τ (data units)",
        "log τ (τ in data units)",
    ]
    assert rgb(legend(densities)["exact posterior"].get_color()) == BLACK


@pytest.fixture(scope="module")
def funnel_neck(fits, curves):
    return draw_funnel_neck(fits, curves)


def test_funnel_neck_is_the_share_of_draws_up_to_each_beside_the_exact_one(fits, funnel_neck):
    (ax,) = funnel_neck.axes
    lines = {line.get_label(): line for line in ax.lines}
    for model in MODELS:
        line = lines[f"{model}, sampled"]
        assert rgb(line.get_color()) == MODEL_COLOURS[model]
        assert line.get_drawstyle() == "steps-post"
        values = raw(fits, model, "log_tau")
        x, y = points(line)
        assert x[0] == values.min()
        assert x[-1] == values.max()
        assert len(x) > 60
        np.testing.assert_allclose(y, [np.mean(values <= c) for c in x], rtol=1e-12)
    x, y = points(lines["exact"])
    assert rgb(lines["exact"].get_color()) == BLACK
    np.testing.assert_allclose(y, POSTERIOR["log_tau"].cdf(x), rtol=1e-9)
    assert ax.get_yscale() == "log"
    assert ax.get_ylabel() == "P(log τ < c)"
    assert set(tick_labels(ax.yaxis).items()) >= {(0.01, "1 %"), (0.1, "10 %"), (1, "100 %")}


def test_funnel_neck_marks_and_names_the_exact_quantiles(funnel_neck):
    (ax,) = funnel_neck.axes
    marks = [points(line) for line in ax.lines if len(line.get_xdata()) == 1]
    p = [0.01, 0.05, 0.25]
    cuts = POSTERIOR["log_tau"].ppf(p)
    assert [float(y[0]) for _, y in marks] == p
    assert [float(x[0]) for x, _ in marks] == pytest.approx(list(cuts), abs=1e-3)
    assert [(note.get_text(), note.xy[1]) for note in annotations(ax)] == [
        ("exact 1 %: log τ = −1.36", 0.01),
        ("exact 5 %: log τ = −0.82", 0.05),
        ("exact 25 %: log τ = −0.04", 0.25),
    ]
    low, high = ax.get_xlim()
    assert low < cuts[0]
    assert high == pytest.approx(POSTERIOR["log_tau"].ppf(0.95), abs=1e-3)


# -- study -------------------------------------------------------------------------------------

ACCEPTS, SEEDS, COUNTS = (0.8, 0.9, 0.95), (3, 1, 2), (100, 400, 1600)


@pytest.fixture(scope="module")
def study_fits():
    random = np.random.default_rng(8)
    table = cells_of(model=MODELS, target_accept=ACCEPTS, seed=SEEDS, draws=COUNTS)
    table["step_size"] = random.uniform(0.05, 0.6, len(table))
    table["divergence_rate"] = random.uniform(0.002, 0.04, len(table))
    table["divergences"] = 1000 * table["divergence_rate"]
    table["ess_bulk_min"] = random.uniform(50, 900, len(table))
    table["ess_tail_min"] = random.uniform(50, 900, len(table))
    table["gradients"] = random.integers(20_000, 90_000, len(table))
    return table


@pytest.fixture(scope="module")
def target_accept(study_fits):
    return draw_target_accept(study_fits)


def test_target_accept_draws_the_longest_fits_and_their_means_over_seeds(study_fits, target_accept):
    def of_row(row):
        """Step size, per cent of divergences, ESS, and ESS per thousand gradients."""
        return (
            row.step_size,
            row.divergence_rate * 100,
            row.ess_bulk_min,
            row.ess_bulk_min / (row.gradients / 1000),
        )

    titles = ["step size", "divergent transitions", "bulk ESS", "bulk ESS per 1,000 gradients"]
    assert [ax.get_title(loc="left") for ax in target_accept.axes] == titles
    units = ["(unconstrained scale)", "(% of all)"]
    assert [ax.get_ylabel() for ax in target_accept.axes[:2]] == units
    longest = [row for row in study_fits.itertuples() if row.draws == 1600]
    for panel, ax in enumerate(target_accept.axes):
        for model in MODELS:
            dots, line = of_colour(ax.lines, MODEL_COLOURS[model])
            assert dots.get_marker() == MODEL_MARKERS[model]
            assert line.get_linestyle() == "-"
            means = []
            for accept in ACCEPTS:
                right = [
                    of_row(row)[panel]
                    for row in longest
                    if row.model == model and row.target_accept == accept
                ]
                x, y = points(dots)
                here = np.abs(x - accept) < 0.012
                assert sorted(y[here]) == pytest.approx(sorted(right), rel=1e-12)
                means.append(sum(right) / 3)
            x, y = points(line)
            assert x == pytest.approx(ACCEPTS, abs=0.012)
            assert y == pytest.approx(means, rel=1e-12)
        inside = np.concatenate([points(line)[1] for line in ax.lines])
        low, high = ax.get_ylim()
        assert low <= inside.min() < inside.max() <= high
        for place, label in tick_labels(ax.yaxis).items():
            assert float(label.replace(",", "")) == pytest.approx(place)
    assert target_accept.axes[1].get_ylim()[0] == 0
    assert tick_labels(target_accept.axes[-1].xaxis) == {0.8: "0.8", 0.9: "0.9", 0.95: "0.95"}
    found = legend(target_accept)
    assert {m: rgb(h.get_color()) for m, h in found.items()} == {
        model: MODEL_COLOURS[model] for model in MODELS
    }


@pytest.fixture(scope="module")
def study_estimates():
    random = np.random.default_rng(9)
    table = cells_of(
        model=MODELS,
        target_accept=ACCEPTS,
        seed=SEEDS,
        draws=COUNTS,
        variable=(*VARIABLES, "theta[first]", "theta[second]"),
    )
    table["mean"] = random.normal(5, 3, len(table))
    table["mcse_mean"] = random.uniform(0.1, 2, len(table))
    table["mcse_sd"] = random.uniform(0.1, 2, len(table))
    table["sd"] = random.uniform(3, 9, len(table))
    table["z"] = random.normal(0, 2, len(table))
    table["exact_mean"] = 99.0
    return table


@pytest.fixture(scope="module")
def estimates(study_estimates, exact):
    return draw_estimates(study_estimates, exact)


def test_estimates_are_posterior_means_two_standard_errors_either_side(study_estimates, estimates):
    panels = np.array(estimates.axes).reshape(4, 2)
    for row, variable in zip(panels, (*VARIABLES, "theta[first]"), strict=True):
        for ax, accept in zip(row, (0.8, 0.95), strict=True):
            drawn = {}
            for x, y, ends, colour in error_bars(ax):
                for place, height, (low, high) in zip(x, y, ends, strict=True):
                    drawn[colour, height] = (place, low, high)
            right = study_estimates[
                (study_estimates["variable"] == variable)
                & (study_estimates["target_accept"] == accept)
            ]
            assert len(drawn) == len(right) == 18
            for cell in right.itertuples():
                place, low, high = drawn[MODEL_COLOURS[cell.model], cell.mean]
                assert COUNTS[round(place)] == cell.draws
                assert low == pytest.approx(cell.mean - 2 * cell.mcse_mean, rel=1e-9)
                assert high == pytest.approx(cell.mean + 2 * cell.mcse_mean, rel=1e-9)
            # in each count of draws: models in their order, within them seeds in theirs
            places = {
                cell.Index: drawn[MODEL_COLOURS[cell.model], cell.mean][0]
                for cell in right[right["draws"] == 400].itertuples()
            }
            assert list(places) == sorted(places, key=places.get)
    assert [ax.get_title() for ax in panels[0]] == ["target_accept = 0.8", "target_accept = 0.95"]
    assert [ax.get_ylabel() for ax in panels[:, 0]] == [
        "μ (data units)",
        "τ (data units)",
        "log τ (τ in data units)",
        "θ of first (data units)",
    ]
    assert tick_labels(panels[-1, 0].xaxis) == {0: "100", 1: "400", 2: "1,600"}
    found = legend(estimates)
    assert set(found) == {"exact mean", "centered, ± 2 MCSE", "noncentered, ± 2 MCSE"}
    for model in MODELS:
        assert rgb(found[f"{model}, ± 2 MCSE"].get_color()) == MODEL_COLOURS[model]
        assert found[f"{model}, ± 2 MCSE"].get_marker() == MODEL_MARKERS[model]


def test_estimates_stand_beside_the_exact_means(estimates):
    panels = np.array(estimates.axes).reshape(4, 2)
    for row, mean in zip(panels, (4.4, 6.6, 0.8, 11.0), strict=True):
        for ax in row:
            across = [line for line in ax.lines if list(line.get_xdata()) == [0, 1]]
            assert [(level(line), rgb(line.get_color())) for line in across] == [(mean, BLACK)]


@pytest.fixture(scope="module")
def z_scores(study_estimates):
    return draw_z_scores(study_estimates)


def z_of(table, model):
    return table[(table["model"] == model) & table["variable"].isin(VARIABLES)]


def test_z_scores_are_those_of_the_table_at_their_draws(study_estimates, z_scores):
    marks = {"o": "mu", "^": "tau", "D": "log_tau"}
    found = legend(z_scores)
    assert {m: found[LETTERS[v]].get_marker() for m, v in marks.items()} == {m: m for m in marks}
    shown = study_estimates[study_estimates["variable"].isin(VARIABLES)]
    limit = max(5, 1.1 * shown["z"].abs().max())
    assert limit < 12
    for model, ax in zip(MODELS, z_scores.axes[::2], strict=True):
        dots = of_colour(ax.lines, MODEL_COLOURS[model])
        drawn = {
            (marks[line.get_marker()], COUNTS[round(x)], y)
            for line in dots
            for x, y in zip(*points(line), strict=True)
        }
        right = z_of(study_estimates, model)
        assert drawn == set(zip(right["variable"], right["draws"], right["z"], strict=True))
        assert ax.get_ylim() == pytest.approx((-limit, limit))
        beyond = 100 * sum(abs(z) > 2 for z in right["z"]) / len(right)
        by_chance = 200 * stats.norm.sf(2)
        assert ax.get_title(loc="left") == (
            f"{model}: |z| > 2 in {beyond:.0f} % of 81 (N(0, 1): {by_chance:.1f} %)"
        )
    assert tick_labels(z_scores.axes[2].xaxis) == {0: "100", 1: "400", 2: "1,600"}


def separators(ax):
    """Places of the lines between categories."""
    lines = (line for line in ax.lines if list(line.get_ydata()) == [0, 1])
    return [line.get_xdata()[0] for line in lines]


def test_lines_stand_between_counts_of_draws(estimates, z_scores):
    for ax in (*estimates.axes, *z_scores.axes[::2]):
        assert separators(ax) == [0.5, 1.5]


def test_z_beyond_twelve_stands_at_the_edge_and_without_z_the_axis_keeps_its_size(study_estimates):
    far = study_estimates.assign(z=study_estimates["z"].clip(-1, 1))
    first = far.index[far["variable"].eq("mu") & far["model"].eq("centered")][0]
    far.loc[first, "z"] = -40.0
    figure = draw_z_scores(far)
    assert figure.axes[0].get_ylim() == (-12, 12)
    heights = np.concatenate([points(line)[1] for line in figure.axes[0].lines])
    assert np.sort(heights[heights < -4]) == pytest.approx([-0.97 * 12])
    assert figure.axes[0].get_title(loc="left").startswith("centered: |z| > 2 in 1.2 % of 81")
    figure = draw_z_scores(study_estimates.assign(z=math.nan))
    assert figure.axes[0].get_ylim() == (-5, 5)
    assert figure.axes[0].get_title(loc="left") == "centered"
    assert "no z for μ, τ, log τ: no exact mean" in [t.get_text() for t in figure.axes[0].texts]


def test_z_scores_have_bands_at_two_and_four_and_the_normal_density(study_estimates, z_scores):
    found = legend(z_scores)
    for over, beside in zip(z_scores.axes[::2], z_scores.axes[1::2], strict=True):
        for ax in (over, beside):
            spans = {
                rgb(p.get_facecolor()): (p.get_y(), p.get_y() + p.get_height())
                for p in ax.patches
                if isinstance(p, Rectangle)
            }
            assert spans == {
                rgb(found["± 2"].get_facecolor()): (-2, 2),
                rgb(found["± 4"].get_facecolor()): (-4, 4),
            }
        (normal,) = of_colour(beside.lines, BLACK)
        density, z = points(normal)
        np.testing.assert_allclose(density, stats.norm.pdf(z), rtol=1e-12)
        assert np.ptp(z) > 9
    for model, beside in zip(MODELS, z_scores.axes[1::2], strict=True):
        (steps,) = (patch for patch in beside.patches if isinstance(patch, StepPatch))
        assert rgb(steps.get_facecolor()) == MODEL_COLOURS[model]
        assert steps.orientation == "horizontal"
        heights, edges, _ = steps.get_data()
        z = z_of(study_estimates, model)["z"]
        for height, low, high in zip(heights, edges[:-1], edges[1:], strict=True):
            share = sum(low <= value < high for value in z) / len(z)
            assert height * (high - low) == pytest.approx(share, abs=1e-12)


@pytest.fixture(scope="module")
def accuracy():
    """Root mean squared error of four made-up errors a cell, with what else could be drawn."""
    random = np.random.default_rng(10)
    table = cells_of(
        model=MODELS, target_accept=ACCEPTS, draws=COUNTS, variable=(*VARIABLES, "theta[first]")
    )
    wrong = random.normal(0.3, 1, (len(table), 4)) / np.sqrt(table["draws"].to_numpy())[:, None]
    table["seeds"] = 4
    table["rmse"] = np.sqrt((wrong**2).mean(axis=1))
    table["bias_mean"] = wrong.mean(axis=1)
    table["bias_std_error"] = wrong.std(axis=1, ddof=1) / 2
    table["mean_absolute_error"] = np.abs(wrong).mean(axis=1)
    table["mcse_mean"] = 1 / np.sqrt(table["draws"])
    return table.assign(errors=list(wrong))


@pytest.fixture(scope="module")
def error(accuracy):
    return draw_error(accuracy)


def test_errors_are_root_mean_squares_over_seeds(accuracy, error):
    found = legend(error)
    assert list(found) == ["∝ 1/√draws", "0.8", "0.9", "0.95"]
    assert error.legends[0].get_title().get_text() == ("a line a target_accept; error over 4 seeds")
    panels = np.array(error.axes).reshape(2, 2)
    assert [ax.get_title() for ax in panels[0]] == list(MODELS)
    labels = ["RMSE of mean log τ", "RMSE of mean μ (data units)"]
    assert [ax.get_ylabel() for ax in panels[:, 0]] == labels
    for row, variable in zip(panels, ("log_tau", "mu"), strict=True):
        for ax, model in zip(row, MODELS, strict=True):
            assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
            lines = {line.get_marker(): line for line in ax.lines}
            shades = []
            for accept in ACCEPTS:
                line = lines[found[f"{accept:g}"].get_marker()]
                shades.append(to_rgb(line.get_color()))
                x, y = points(line)
                assert list(x) == list(COUNTS)
                for count, height in zip(COUNTS, y, strict=True):
                    (wrong,) = accuracy.loc[
                        (accuracy["model"] == model)
                        & (accuracy["variable"] == variable)
                        & (accuracy["target_accept"] == accept)
                        & (accuracy["draws"] == count),
                        "errors",
                    ]
                    assert height == pytest.approx(math.sqrt(math.fsum(wrong**2) / 4), rel=1e-12)
            # shades of this model's colour: the middle one next to it, from light to dark
            np.testing.assert_allclose(shades[1], np.array(MODEL_COLOURS[model]) / 255, atol=0.06)
            assert sum(shades[0]) > sum(shades[1]) > sum(shades[2])


def test_error_guide_starts_at_the_least_error_and_is_the_same_in_a_row(accuracy, error):
    panels = np.array(error.axes).reshape(2, 2)
    for row, variable in zip(panels, ("log_tau", "mu"), strict=True):
        first = accuracy[(accuracy["variable"] == variable) & (accuracy["draws"] == 100)]
        least = first["rmse"].min()
        for ax in row:
            (guide,) = of_colour(ax.lines, BLACK)
            assert guide.is_dashed()
            x, y = points(guide)
            assert list(x) == list(COUNTS)
            assert list(y) == pytest.approx([least, least / 2, least / 4])


# -- groups ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def forest(exact):
    return draw_forest(GROUPS, exact)


def test_forest_sets_each_groups_own_interval_above_the_exact_one(exact, forest):
    (ax,) = forest.axes
    (brown, black, new) = error_bars(ax, "x")
    quantile = stats.norm.ppf(0.975)
    x, y, ends, colour = brown
    assert colour == rgb(RAW) == rgb(legend(forest)["estimate alone, area its weight"].get_color())
    assert list(x) == [20, -4, 9]
    half = quantile * np.array([5.0, 8, 12])
    np.testing.assert_allclose(ends, np.transpose([x - half, x + half]), rtol=1e-4)
    beside = [text for text in ax.texts if text.get_position()[0] == 0]
    labels = {text.get_position()[1]: text.get_text() for text in beside}
    assert [labels[round(height)] for height in y] == list(NAMES)
    for (x, y, ends, colour), expected in (
        (black, {"first": (11, 4, 22), "second": (-1, -12, 8), "third": (8, 1, 17)}),
        (new, {"new group": (4.5, -13, 21)}),
    ):
        assert colour == (BLACK if len(y) > 1 else rgb(GREY))
        names = [labels[min(labels, key=lambda place, at=height: abs(place - at))] for height in y]
        drawn = {n: (c, *pair) for n, c, pair in zip(names, x, ends.tolist(), strict=True)}
        assert drawn.keys() == expected.keys()
        for name, numbers in expected.items():
            assert drawn[name] == pytest.approx(numbers, rel=1e-12)
    assert np.all(brown[1] < black[1])  # the axis points down
    assert ax.get_ylim()[0] > ax.get_ylim()[1]
    assert ax.get_xlabel() == "θ (data units)"
    low, high = ax.get_xlim()
    assert low < -4 - half[1] < 9 + half[2] < high
    assert forest.legends[0].get_title().get_text() == "bars and diamond: 95 % intervals"
    assert rgb(legend(forest)["exact posterior mean"].get_color()) == BLACK


def test_forest_has_a_diamond_and_a_line_of_mu_and_no_other_mean(exact, forest):
    (ax,) = forest.axes
    (diamond,) = ax.patches
    corners = diamond.get_xy()[:4]
    mu = exact.set_index("variable").loc["mu"]
    assert list(corners[:, 0]) == [mu["q2.5"], mu["mean"], mu["q97.5"], mu["mean"]]
    (place,) = {y for x, y in corners if x != mu["mean"]}
    (named,) = [text for text in ax.texts if text.get_text() == "common mean μ"]
    assert named.get_position()[1] == place
    upright = [line for line in ax.lines if len(set(line.get_xdata())) == 1 < len(line.get_xdata())]
    assert [line.get_xdata()[0] for line in upright] == [mu["mean"]]


def test_forest_has_weights_in_numbers_and_in_areas(exact, forest):
    """w_j = 1 / (sigma_j^2 + tau^2), tau at its posterior median."""
    (ax,) = forest.axes
    tau = float(exact.set_index("variable").loc["tau", "q50"])
    weight = 1 / (GROUPS.std_error**2 + tau**2)
    share = weight / weight.sum()
    told = {text.get_position()[1]: text.get_text() for text in ax.texts if "%" in text.get_text()}
    assert [told[row] for row in range(3)] == [f"{100 * part:.1f} %" for part in share]
    (squares,) = [found for found in ax.collections if len(found.get_offsets()) == 3]
    np.testing.assert_allclose(squares.get_sizes() / squares.get_sizes().max(), share / share.max())
    assert list(squares.get_offsets()[:, 0]) == list(GROUPS.estimate)


def test_narrow_forest_draws_the_same_numbers(exact, forest):
    narrow = draw_narrow(GROUPS, exact)
    for wide, slim in zip(
        error_bars(forest.axes[0], "x"), error_bars(narrow.axes[0], "x"), strict=True
    ):
        np.testing.assert_array_equal(wide[0], slim[0])
        np.testing.assert_array_equal(wide[2], slim[2])
    told = {text.get_text() for text in narrow.axes[0].texts}
    assert {*NAMES, "common mean μ", "new group"} <= told
    in_both = {text.get_text() for text in forest.axes[0].texts}
    assert told <= in_both


@pytest.fixture(scope="module")
def against_prior(curves):
    prior = {
        "mu": {"dist": "Normal", "mu": 2, "sigma": 6},
        "tau": {"dist": "HalfCauchy", "beta": 3},
    }
    return draw_prior_posterior(curves, parse_hyperprior(prior))


def test_prior_is_drawn_over_the_posterior(against_prior):
    densities = {"mu": stats.norm(2, 6), "tau": stats.halfcauchy(0, 3)}
    for ax, (variable, prior) in zip(against_prior.axes, densities.items(), strict=True):
        posterior, assumed = ax.lines
        assert rgb(posterior.get_color()) == BLACK
        x, y = points(posterior)
        np.testing.assert_allclose(y, POSTERIOR[variable].pdf(x), atol=1e-9)
        x, y = points(assumed)
        np.testing.assert_allclose(y, prior.pdf(x), rtol=1e-12)
        assert rgb(assumed.get_color()) == rgb(legend(against_prior)["prior"].get_color())
        assert ax.get_xlabel() == f"{LETTERS[variable]} (data units)"
        low, high = ax.get_xlim()
        assert low <= x[0] and x[-1] <= high
        assert POSTERIOR[variable].cdf(high) - POSTERIOR[variable].cdf(low) > 0.99
    assert against_prior.axes[1].get_xlim()[0] >= 0


def test_an_improper_prior_is_a_note(curves):
    flat = parse_hyperprior({"mu": {"dist": "Flat"}, "tau": {"dist": "HalfFlat"}})
    wide, narrow = draw_prior_posterior(curves, flat), prior_posterior_narrow(curves, flat)
    for one, two in zip(wide.axes, narrow.axes, strict=True):
        np.testing.assert_array_equal(one.lines[0].get_xydata(), two.lines[0].get_xydata())
    assert narrow.axes[0].get_position().y0 > narrow.axes[1].get_position().y1
    for ax, letter in zip(draw_prior_posterior(curves, flat).axes, "μτ", strict=True):
        assert len(ax.lines) == 1
        assert [text.get_text() for text in ax.texts] == [f"the prior of {letter} is flat"]


def test_forest_without_means_draws_medians(exact):
    table = exact.assign(mean=[math.nan, *exact["mean"][1:-1], math.nan])
    (ax,) = draw_forest(GROUPS, table).axes
    _, (x, _, ends, _), (new, _, new_ends, _) = error_bars(ax, "x")
    assert list(x) == [10.5, -0.5, 7.5]
    np.testing.assert_allclose(ends, [(4, 22), (-12, 8), (1, 17)])
    assert list(new) == [4.6]
    np.testing.assert_allclose(new_ends, [(-13, 21)])


@pytest.fixture(scope="module")
def shrinkage(curves, classical):
    return draw_shrinkage(GROUPS, curves, classical)


def test_shrinkage_draws_means_above_and_standard_deviations_below(shrinkage):
    for ax, given, label in zip(
        shrinkage.axes, (theta_mean, theta_sd), ("E[θ | τ, y]", "sd[θ | τ, y]"), strict=True
    ):
        assert ax.get_ylabel() == f"{label} (data units)"
        density, lines = ax.collections
        segments = lines.get_segments()
        assert len(segments) == 3
        for group, segment in enumerate(segments):
            tau, height = segment.T
            np.testing.assert_allclose(height, given(tau, group), rtol=1e-12)
        limit = 1.15 * POSTERIOR["tau"].ppf(0.975)
        assert tau[0] == 0
        assert limit - 0.011 < tau[-1] <= limit
        assert ax.get_xlim() == (0, tau[-1])
        # a group's own colour, the lighter the higher its estimate: 20, -4, 9
        highest, lowest, middle = lines.get_colors()[:, :3].sum(axis=1)
        assert lowest < middle < highest
        # names stand at the ends of their lines
        ends = {note.get_text(): note.xy for note in annotations(ax)}
        assert ends == {
            name: pytest.approx((tau[-1], given(tau[-1], group)))
            for group, name in enumerate(NAMES)
        }
        tau, low, high = band(density)
        expected = POSTERIOR["tau"].pdf(tau)
        np.testing.assert_allclose(low, 0, atol=1e-12)
        np.testing.assert_allclose(high / high.max(), expected / expected.max(), atol=1e-9)
        assert high.max() == pytest.approx(0.92)
    assert shrinkage.axes[1].get_xlabel() == "τ (data units)"


def test_shrinkage_marks_what_each_method_plugs_in(shrinkage):
    for ax, given in zip(shrinkage.axes, (theta_mean, theta_sd), strict=True):
        upright = [line.get_xdata()[0] for line in ax.lines if list(line.get_ydata()) == [0, 1]]
        assert upright == [1.5, 2.25]  # 40 lies beyond the axis
        marks = [points(line) for line in ax.lines if line.get_marker() == "o"]
        for tau, (x, y) in zip(upright, marks, strict=True):
            assert list(x) == [tau] * 3
            assert list(y) == pytest.approx([given(tau, j) for j in range(3)], rel=1e-4)
    assert set(legend(shrinkage)) == {
        "posterior density of τ",
        "empirical Bayes (ML: τ = 1.50; REML, PM: τ = 2.25; DL: τ = 40.0)",
    }


@pytest.mark.parametrize(
    ("ml", "reml", "told"),
    [
        (2.2504, 2.2496, {2.25: ["ML", "REML"]}),
        (2.244, 2.246, {2.24: ["ML"], 2.25: ["REML"]}),
        (1234.4, 1230.0, {1230: ["ML", "REML"]}),
    ],
)
def test_methods_that_agree_to_three_digits_share_a_line(ml, reml, told):
    table = pd.DataFrame({"method": ["no_pooling", "reml", "ml"], "tau": [math.inf, reml, ml]})
    assert _plugged_in(table) == told


# -- narrow screens ----------------------------------------------------------------------------

# those of the answer are in test_decision_drawn_numbers.py and above, a collection's and the
# scorecard's in their own, a calibration's below
ELSEWHERE = ("Groups", "Collection", "Calibration", "Scorecard")
NARROW = [f for f in FIGURES if f.narrow and (f.category not in ELSEWHERE or f.name == "shrinkage")]
NEEDED = {
    "traces": ["fits"],
    "log_tau": ["fits"],
    "cumulative_mean": ["fits"],
    "target_accept": ["study_fits"],
    "estimates": ["study_estimates", "exact"],
    "z_scores": ["study_estimates"],
    "error": ["accuracy"],
    "shrinkage": ["curves", "classical"],
}


@pytest.mark.parametrize("figure", NARROW, ids=lambda figure: figure.name)
def test_on_a_narrow_screen_the_same_numbers_stand_below_one_another(figure, request):
    given = [request.getfixturevalue(n) for n in NEEDED.get(figure.name, ["fits", "curves"])]
    if figure.name == "cumulative_mean":
        given += [{"centered": 0.11, "noncentered": 0.07}, 0.8021, 0.7657852]
    if figure.name == "shrinkage":
        given = [GROUPS, *given]
    module, _, function = figure.function.partition(".")
    room = import_module(f"partial_pooling.figures.{module}")
    wide, narrow = (getattr(room, f"{function}{end}")(*given) for end in ("", "_narrow"))

    def numbers(drawing):
        return sorted(
            [[line.get_xydata().tolist() for line in ax.lines] for ax in drawing.axes], key=repr
        )

    assert numbers(wide) == numbers(narrow)
    left = {round(ax.get_position().x0, 2) for ax in narrow.axes if ax.get_visible()}
    assert len(left) == (2 if figure.name == "z_scores" else 1)  # their distribution, beside them
    drawn = narrow.get_tightbbox(FigureCanvasAgg(narrow).get_renderer())
    assert drawn.x0 >= -0.01 and drawn.x1 <= 3.71, "cut"


# -- axes --------------------------------------------------------------------------------------


@pytest.fixture
def ax():
    return Figure().subplots()


@pytest.mark.parametrize(
    ("values", "pad", "ticks"),
    [
        # whole decades where there are three, else finer steps
        ([1, 1000], 0.18, [1, 10, 100, 1000]),
        ([0.02, 3], 0.06 * math.log10(150), [0.03, 0.1, 0.3, 1, 3]),
        ([4, 16], 0.04, [4, 5, 7, 10, 15]),
        ([1, 2.5], 0.04, [1, 1.5, 2]),
        ([40, 50], 0.2, [30, 40, 50, 70]),
        ([0, -3, math.nan, math.inf, 8, 800], 0.12, [10, 100, 1000]),
    ],
)
@pytest.mark.parametrize("name", ["x", "y"])
def test_logarithmic_axes_hold_their_values_and_three_round_ticks(ax, name, values, pad, ticks):
    axis, other = (ax.xaxis, ax.yaxis) if name == "x" else (ax.yaxis, ax.xaxis)
    log_axis(axis, values)
    positive = [value for value in values if 0 < value < math.inf]
    ends = (min(positive) / 10**pad, max(positive) * 10**pad)
    assert axis.get_view_interval() == pytest.approx(ends)
    assert axis.get_scale() == "log"
    assert other.get_scale() == "linear"
    assert list(axis.get_ticklocs()) == pytest.approx(ticks)
    labels = [axis.get_major_formatter()(tick, 0) for tick in ticks]
    assert [float(label.replace(",", "")) for label in labels] == ticks


@pytest.mark.parametrize(
    ("values", "top", "ticks"),
    [
        ([0, 0.001, 0.02, 0.5], 0.75, [0, 0.001, 0.01, 0.1, 1]),
        ([2, 60], 90, [0, 1, 10, 100]),
        ([2, 59.9], 59.9 * 1.08, None),
        ([0.0, 0.05], 0.1, None),
        ([0.0, 0.0], 0.1, None),
    ],
)
def test_axes_from_zero_are_logarithmic_where_values_differ_thirtyfold(ax, values, top, ticks):
    axis_from_zero(ax, np.array(values))
    assert ax.get_ylim() == pytest.approx((0, top))
    assert ax.get_yscale() == ("symlog" if ticks else "linear")
    if ticks:
        assert list(ax.get_yticks()) == pytest.approx(ticks)
        assert ax.yaxis.get_transform().linthresh == ticks[1]


# -- calibration -------------------------------------------------------------------------------

SOURCES = (*MODELS, "exact")
RANKED = ("mu", "log_tau", "theta[first]", "theta[second]")


@pytest.fixture(scope="module")
def ecdf_table():
    random = np.random.default_rng(11)
    table = cells_of(source=SOURCES, variable=RANKED, position=(0, 0.25, 0.5, 0.75, 1))
    table["difference"] = random.normal(0, 0.1, len(table))
    # the band is a source's own, and not even
    number = table["source"].map(SOURCES.index) + 1
    table["upper"] = 0.11 * number * (1.2 - table["position"])
    table["lower"] = -0.07 * number * (1.1 - table["position"])
    return table


def rows_of(table, source, variable):
    return table[(table["source"] == source) & (table["variable"] == variable)]


def test_calibration_ecdf_draws_differences_and_bands_of_each_source(ecdf_table):
    figure = draw_calibration_ecdf(ecdf_table)
    panels = np.array(figure.axes).reshape(3, 3)
    assert [ax.get_title() for ax in panels[0]] == [*MODELS, "exact control"]
    assert [ax.get_ylabel() for ax in panels[:, 0]] == ["μ", "log τ", "all θ"]
    assert tick_labels(panels[-1, 0].xaxis) == {0: "0", 0.5: "0.5", 1: "1"}
    for row, variables in zip(panels, (["mu"], ["log_tau"], RANKED[2:]), strict=True):
        for ax, source in zip(row, SOURCES, strict=True):
            position, low, high = band(ax.collections[0])
            right = rows_of(ecdf_table, source, variables[0])
            np.testing.assert_array_equal(position, right["position"])
            np.testing.assert_array_equal(low, right["lower"])
            np.testing.assert_array_equal(high, right["upper"])
            flat, *lines = ax.lines
            assert level(flat) == 0
            for line, variable in zip(lines, variables, strict=True):
                assert rgb(line.get_color()) == MODEL_COLOURS[source]
                right = rows_of(ecdf_table, source, variable)
                np.testing.assert_array_equal(
                    points(line), [right["position"], right["difference"]]
                )


@pytest.fixture
def histogram_table():
    random = np.random.default_rng(12)
    table = cells_of(source=SOURCES, variable=RANKED, left=(0, 0.2, 0.6))
    table["right"] = table["left"].map({0: 0.2, 0.2: 0.6, 0.6: 1.0})
    table["expected"] = 50 * (table["right"] - table["left"])  # 50 simulations
    table["count"] = random.integers(5, 40, len(table))
    table["lower"] = random.integers(1, 5, len(table))
    table["upper"] = random.integers(40, 60, len(table))
    return table


def test_calibration_ranks_are_counts_over_what_uniform_ranks_have(histogram_table):
    table = histogram_table
    figure = draw_calibration_ranks(table)
    panels = np.array(figure.axes).reshape(4, 3)
    assert [ax.get_title() for ax in panels[0]] == [*MODELS, "exact control"]
    assert [ax.get_ylabel() for ax in panels[:, 0]] == ["μ", "log τ", "θ first", "θ second"]
    for row, variable in zip(panels, RANKED, strict=True):
        for ax, source in zip(row, SOURCES, strict=True):
            right = rows_of(table, source, variable)
            around, steps = (p for p in ax.patches if isinstance(p, StepPatch))
            uniform = np.array([10.0, 20, 20])
            np.testing.assert_allclose(steps.get_data().values, right["count"] / uniform)
            np.testing.assert_allclose(steps.get_data().edges, [0, 0.2, 0.6, 1])
            np.testing.assert_allclose(around.get_data().values, right["upper"] / uniform)
            np.testing.assert_allclose(around.get_data().baseline, right["lower"] / uniform)
            assert rgb(steps.get_edgecolor()) == MODEL_COLOURS[source]
            assert [level(line) for line in ax.lines] == [1]


@pytest.fixture
def coverage_table():
    random = np.random.default_rng(13)
    table = cells_of(source=SOURCES, variable=RANKED, nominal=(0.2, 0.5, 0.9))
    table["coverage"] = table["nominal"] + random.uniform(-0.1, 0.1, len(table))
    table["lower"] = table["coverage"] - random.uniform(0.01, 0.03, len(table))
    table["upper"] = table["coverage"] + random.uniform(0.04, 0.08, len(table))
    return table


def test_calibration_coverage_is_the_excess_in_percentage_points_with_its_interval(coverage_table):
    table = coverage_table
    figure = draw_calibration_coverage(table)
    assert [ax.get_title() for ax in figure.axes] == ["μ", "log τ", "mean of all θ"]
    assert figure.axes[0].get_ylabel() == "coverage less nominal\n(percentage points)"
    ticks = {0: "0", 0.25: "25", 0.5: "50", 0.75: "75", 1: "100"}
    assert tick_labels(figure.axes[0].xaxis) == ticks
    for ax, variable in zip(figure.axes[:2], ("mu", "log_tau"), strict=True):
        assert level(ax.lines[0]) == 0
        for (x, y, ends, colour), source in zip(error_bars(ax), SOURCES, strict=True):
            right = rows_of(table, source, variable)
            assert colour == MODEL_COLOURS[source]
            assert x == pytest.approx((0.2, 0.5, 0.9), abs=0.02)
            for k, cell in enumerate(right.itertuples()):
                numbers = (y[k], *ends[k])
                expected = (cell.coverage, cell.lower, cell.upper)
                assert numbers == pytest.approx([100 * e - 100 * cell.nominal for e in expected])
        # side by side in the legend's order
        places = np.array([x for x, *_ in error_bars(ax)])
        assert np.all(np.diff(places, axis=0) > 0)
        assert places[1] == pytest.approx([0.2, 0.5, 0.9])
    _, *lines = figure.axes[2].lines
    assert np.all(np.diff([line.get_xdata() for line in lines], axis=0) > 0)
    for line, source in zip(lines, SOURCES, strict=True):
        first, second = (rows_of(table, source, name)["coverage"].to_numpy() for name in RANKED[2:])
        assert rgb(line.get_color()) == MODEL_COLOURS[source]
        assert line.get_marker() == MODEL_MARKERS[source]
        excess = 100 * ((first + second) / 2 - np.array([0.2, 0.5, 0.9]))
        np.testing.assert_allclose(line.get_ydata(), excess)


@pytest.fixture
def by_tau_table():
    table = cells_of(model=MODELS, tau_low=(0.0, 1.5, 6.25))
    table["tau_high"] = table["tau_low"].map({0.0: 1.5, 1.5: 6.25, 6.25: 900.0})
    table["error"] = [0.9, 0.3, 0.01, 0.02, -0.04, 0.05]
    table["error_se"] = [0.1, 0.05, 0.02, 0.03, 0.04, 0.06]
    table["thinned"] = [0.2, 0.7, 0.96, 0.9, 1.0, 0.85]
    table["divergent"] = [0.95, 0.6, 0.125, 0.3, 0.05, 0.0]
    return table


def test_calibration_by_tau_has_two_standard_errors_and_shares_in_percent(by_tau_table):
    table = by_tau_table
    figure = draw_calibration_by_tau(table)
    above, below = figure.axes
    assert above.get_ylabel() == "mean log τ − exact\n(exact posterior sd)"
    assert below.get_ylabel() == "% of fits"
    across = [line for line in of_colour(above.lines, BLACK) if len(line.get_xdata()) == 2]
    assert [level(line) for line in across] == [0]
    found = legend(figure)
    for (x, y, ends, colour), model in zip(error_bars(above), MODELS, strict=True):
        right = table[table["model"] == model]
        assert colour == MODEL_COLOURS[model] == rgb(found[model].get_color())
        assert [round(place) for place in x] == [0, 1, 2]
        assert list(y) == list(right["error"])
        for pair, cell in zip(ends, right.itertuples(), strict=True):
            assert pair == pytest.approx(
                [cell.error - 2 * cell.error_se, cell.error + 2 * cell.error_se]
            )
        drawn = of_colour(below.lines, MODEL_COLOURS[model])
        shares = {line.get_linestyle(): list(line.get_ydata()) for line in drawn}
        poor, diverged = (
            found[name].get_linestyle() for name in ("too poor to thin", "with divergences")
        )
        expected = {"centered": ([80, 30, 4], [95, 60, 12.5]), "noncentered": ([10, 0, 15],
                    [30, 5, 0])}[model]  # fmt: skip
        assert shares[poor] == pytest.approx(expected[0])
        assert shares[diverged] == pytest.approx(expected[1])
    assert tick_labels(below.xaxis) == {0: "< 1.5", 1: "1.5 to\n6.2", 2: "> 6.2"}
    assert below.get_ylim() == (-4, 104)


def test_legend_of_a_calibration_of_four_models_is_not_cut():
    table = cells_of(model=list(PARAMETRIZATIONS), tau_low=(0.0, 1.5))
    table = table.assign(tau_high=9.0, error=0.1, error_se=0.05, thinned=0.9, divergent=0.1)
    figure = draw_calibration_by_tau(table)
    figure.canvas.draw()
    box = figure.legends[0].get_window_extent()
    assert box.x0 >= 0 and box.x1 <= figure.bbox.width


@pytest.fixture
def power_table():
    random = np.random.default_rng(14)
    table = cells_of(
        source=SOURCES,
        simulations=(200, 25, 1000),
        variable=("any", "mu", "log_tau"),
        test=("ecdf", "histogram", "paired"),
    )
    table = table[(table["source"] != "exact") | (table["test"] != "paired")].copy()
    table["power"] = random.uniform(0.05, 0.9, len(table))
    return table


def test_calibration_power_is_of_all_variables_together_in_percent(power_table):
    table = power_table
    figure = draw_calibration_power(table)
    (ax,) = figure.axes
    flat, *lines = ax.lines
    assert level(flat) == 5
    (note,) = annotations(ax)
    assert (note.get_text(), note.xy) == ("5 %: nominal rate of false alarms", (1000, 5))
    found = legend(figure)
    styles = {
        "ecdf": found["band of the ECDF"],
        "histogram": found["histogram's χ²"],
        "paired": found["paired with the exact"],
    }
    assert [handle.is_dashed() for handle in styles.values()] == [False, True, True]

    def dashes(line):
        """Lengths of dashes and gaps, in widths of the line."""
        return tuple(np.round(np.array(line._unscaled_dash_pattern[1] or ()), 6))

    drawn = {(rgb(line.get_color()), dashes(line)): line for line in lines}
    assert len(drawn) == len(lines) == 8
    for source in SOURCES:
        for test, handle in styles.items():
            if (source, test) == ("exact", "paired"):  # not paired with itself
                continue
            line = drawn[MODEL_COLOURS[source], dashes(handle)]
            right = table[
                (table["source"] == source) & (table["test"] == test) & (table["variable"] == "any")
            ].set_index("simulations")["power"]
            assert line.get_marker() == MODEL_MARKERS[source]
            assert list(line.get_xdata()) == [25, 200, 1000]
            assert list(line.get_ydata()) == pytest.approx(
                [100 * right[n] for n in (25, 200, 1000)]
            )
    assert ax.get_xscale() == "log"
    assert tick_labels(ax.xaxis) == {25: "25", 200: "200", 1000: "1,000"}
    assert ax.get_ylabel() == "% of subsets that show\na fault"


def test_every_source_of_a_calibration_is_named_in_its_colour():
    handles = _source_handles(SOURCES)
    assert [(h.get_label(), rgb(h.get_color()), h.get_marker()) for h in handles] == [
        ("centered", (213, 94, 0), "o"),
        ("noncentered", (0, 114, 178), "s"),
        ("exact control", BLACK, "*"),
    ]


@pytest.mark.parametrize("name", ["ecdf", "ranks", "by_tau", "coverage", "power"])
@pytest.mark.parametrize("models", [2, 4])
def test_on_a_narrow_screen_a_calibration_shows_the_same_numbers_in_three_columns_at_most(
    name, models, request
):
    table = request.getfixturevalue(f"{'histogram' if name == 'ranks' else name}_table")
    of = "model" if "model" in table else "source"
    if models == 4:  # the exact control stays the last
        more = [
            table[table[of] == old].assign(**{of: new})
            for old, new in zip(MODELS, ("partial", "marginal"), strict=True)
        ]
        sampled = table[of] != "exact"
        table = pd.concat([table[sampled], *more, table[~sampled]], ignore_index=True)
    ends = ("", "_narrow")
    wide, narrow = (getattr(calibration, f"calibration_{name}{end}")(table) for end in ends)

    def numbers(drawing):
        lines = [[line.get_xydata().tolist() for line in ax.lines] for ax in drawing.axes]
        steps = [
            patch.get_data().values.tolist()
            for ax in drawing.axes
            for patch in ax.patches
            if isinstance(patch, StepPatch)
        ]
        return sorted(lines, key=repr), sorted(steps)

    assert numbers(wide) == numbers(narrow)
    assert (wide.get_size_inches()[0] >= 7, narrow.get_size_inches()[0]) == (True, 3.7)
    assert len({round(ax.get_position().x0, 2) for ax in narrow.axes}) <= 3
    narrow.canvas.draw()
    box = narrow.legends[0].get_window_extent()
    assert box.x0 >= 0 and box.x1 <= narrow.bbox.width
    if name in ("ecdf", "ranks"):
        told = [ax.get_title() for ax in narrow.axes if ax.get_title()]
        assert told == [*list(PARAMETRIZATIONS)[:models], "exact"]
