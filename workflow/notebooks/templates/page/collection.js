// The rows of a collection. Text of the data becomes text of the page by textContent alone.
(() => {
  const { folder, models, verdicts, columns } = JSON.parse(document.getElementById("data").textContent);
  const make = (name, properties = {}, ...children) => {
    const element = Object.assign(document.createElement(name), properties);
    element.append(...children);
    return element;
  };
  const keys = Object.keys(columns);
  const rows = columns.name.map((_, i) => Object.fromEntries([["place", i], ...keys.map(key => [key, columns[key][i]])]));
  const collator = new Intl.Collator("en", { numeric: true });
  [...rows].sort((a, b) => collator.compare(a.name, b.name)).forEach((row, rank) => { row.rank = rank; });
  const wrong = verdicts.indexOf("wrong"), few = verdicts.indexOf("too few draws");
  [...rows].sort((a, b) => b.badness - a.badness || b.error - a.error).forEach((row, rank) => { row.worst = rank; });
  for (const row of rows) row.text = `${row.name} ${row.status}`.toLowerCase();

  // numbers to a hundredth of their interval's width, or a little finer
  const digits = d => ({ minimumFractionDigits: d, maximumFractionDigits: d });
  const write = (value, width) => {
    if (value === null) return "–";
    const text = width > 0 && (width >= 1e7 || width < 1e-4) ? value.toExponential(2)
      : value.toLocaleString("en", digits(width > 0 ? Math.max(0, 1 - Math.floor(Math.log10(width))) : 2));
    return text.replace("-", "−");
  };
  const ends = (row, name) => [row[`${name}_low`], row[`${name}_mid`], row[`${name}_high`]];
  const interval = (row, name) => {
    const [low, mid, high] = ends(row, name);
    return mid === null ? "–" : `${write(mid, high - low)} (${write(low, high - low)} to ${write(high, high - low)})`;
  };
  const percent = value => value === null ? "–" : `${Math.round(100 * value)} %`;

  const probability = value => value === null ? "–" : value < .001 ? "below 0.001" : value > .999 ? "above 0.999" : value.toFixed(3);

  // one scale for all drawings: nearly all intervals, and 0; what lies beyond runs to the edge
  const quantile = (name, p) => {
    const sorted = rows.map(row => row[name]).filter(value => value !== null).sort((a, b) => a - b);
    return sorted.length ? sorted[Math.round(p * (sorted.length - 1))] : 0;
  };
  const from = Math.min(0, quantile("mu_low", .05)), to = Math.max(0, quantile("mu_high", .95), from + 1e-300);
  const at = value => `${Math.min(100, Math.max(0, 100 * (value - from) / (to - from)))}%`;
  const draw = cell => {
    const [low, mid, high] = ends(cell.getData(), "mu");
    if (mid === null) return "";
    const bar = make("i", { className: "span" }), dot = make("i", { className: "mid" }), zero = make("i", { className: "zero" });
    zero.style.left = at(0);
    bar.style.left = at(low);
    bar.style.width = `calc(${at(high)} - ${at(low)})`;
    dot.style.left = at(mid);
    return make("span", { className: "drawn" }, zero, bar, ...(mid >= from && mid <= to ? [dot] : []));
  };
  const badge = (verdict, alarms) => {
    const look = verdict === wrong || verdicts[verdict] === "alarm" ? "fail" : verdict === few ? "few" : "pass";
    return verdict ? make("strong", { className: `badge ${look}`, title: alarms ? `alarms: ${alarms}` : "no alarm", textContent: (verdict === few ? "few draws" : verdicts[verdict]) + (alarms ? " !" : "") }) : "";
  };

  // details of a table
  const dialog = document.getElementById("table");
  const open = row => {
    document.getElementById("table-name").textContent = row.name;
    const told = row.status ? [["could not be used", row.status]] : [
      ["groups", row.groups], ["μ, median (95 %)", interval(row, "mu")], ["τ", interval(row, "tau")],
      ["θ of a new group", interval(row, "theta_new")], ["P(μ > 0)", probability(row.above)], ["I²", percent(row.i2)],
      ...models.map((model, k) => [model, row[`verdict_${k}`] ? `${verdicts[row[`verdict_${k}`]]}${row[`alarms_${k}`] ? `; alarms: ${row[`alarms_${k}`]}` : ""}` : "–"]),
    ];
    document.getElementById("table-numbers").replaceChildren(...told.flatMap(([name, value]) => [make("dt", { textContent: name }), make("dd", { textContent: value })]));
    const report = document.getElementById("table-report");
    if (row.report) report.replaceChildren(make("a", { href: `${encodeURIComponent(row.path)}/report.html`, textContent: "Its report" }));
    else if (row.status || !row.path) report.replaceChildren();
    else report.replaceChildren("Its report has not been made. This makes it (after it, the --configfile of this collection, if it has one):", make("code", { textContent: `uv run snakemake --cores 4 results/${folder}/${row.path}/report.html` }));
    dialog.showModal();
  };
  const named = cell => {
    const row = cell.getData(), button = make("button", { type: "button", className: "name", title: row.name }, make("bdi", { textContent: row.name }));
    button.addEventListener("click", () => open(row));
    return button;
  };

  // what is missing sorts last both ways
  const sorter = (a, b, first, second, column, direction) => a === null || b === null
    ? (a === null) - (b === null) ? ((a === null) - (b === null)) * (direction === "asc" ? 1 : -1) : 0
    : a - b;
  const column = (title, field, width, more) => ({ title, field, width, sorter, headerSortTristate: false, ...more });
  const text = name => cell => interval(cell.getData(), name);
  const narrow = matchMedia("(max-width: 40rem)").matches;
  const table = new Tabulator("#rows", {
    data: rows, height: Math.min(rows.length * 36 + 60, 620), rowHeight: 36, layout: "fitColumns", placeholder: "No table is like that", columnDefaults: { resizable: false },
    columns: [
      column("table", "rank", undefined, { formatter: named, frozen: true, minWidth: narrow ? 130 : 180, widthGrow: 2 }),
      column("groups", "groups", 96, { hozAlign: "right", formatter: cell => cell.getData().status ? make("span", { className: "why", textContent: "not used", title: cell.getData().status }) : cell.getValue().toLocaleString("en") }),
      ...(narrow ? [column("", "mu_low", 110, { formatter: draw, headerSort: false })] : []),
      column("μ", "mu_mid", undefined, { formatter: text("mu"), minWidth: 185 }),
      ...(narrow ? [] : [column("", "mu_low", undefined, { formatter: draw, minWidth: 110, headerSort: false })]),
      column("τ", "tau_mid", undefined, { formatter: text("tau"), minWidth: 185 }),
      column("I²", "i2", 70, { hozAlign: "right", formatter: cell => percent(cell.getValue()) }),
      ...models.map((model, k) => column(model, `verdict_${k}`, 136, { formatter: cell => badge(cell.getValue(), cell.getData()[`alarms_${k}`]) })),
      ...["place", "worst"].map(field => column(field, field, undefined, { visible: false })),
      column("report", "report", 92, { formatter: cell => { const row = cell.getData(); return row.report ? make("a", { href: `${encodeURIComponent(row.path)}/report.html`, textContent: "open" }) : ""; } }),
    ],
  });

  const search = document.getElementById("search"), verdict = document.getElementById("verdict"), order = document.getElementById("order"), found = document.getElementById("found");
  const kinds = {
    wrong: row => models.some((_, k) => row[`verdict_${k}`] === wrong),
    missed: row => models.some((_, k) => row[`verdict_${k}`] === wrong && !row[`alarms_${k}`]),
    few: row => models.some((_, k) => row[`verdict_${k}`] === few),
    status: row => row.status !== "",
  };
  const apply = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean), kind = kinds[verdict.value];
    if (words.length || kind) table.setFilter(row => words.every(word => row.text.includes(word)) && (!kind || kind(row)));
    else table.clearFilter();
  };
  search.addEventListener("input", apply);
  verdict.addEventListener("change", apply);
  order.addEventListener("change", () => table.setSort(order.value === "worst" ? "worst" : "place", "asc"));
  table.on("dataFiltered", (filters, active) => { found.textContent = `${active.length.toLocaleString("en")} of ${rows.length.toLocaleString("en")} tables`; });
  table.on("tableBuilt", () => { found.textContent = `${rows.length.toLocaleString("en")} of ${rows.length.toLocaleString("en")} tables`; });
})();
