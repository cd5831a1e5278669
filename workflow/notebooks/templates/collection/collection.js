// The rows of a collection: Tabulator draws those in sight; text of the user is only ever text.
(() => {
  const { models, words, scale, null: noEffect, decimals, command, columns, verdicts, alarms } = JSON.parse(document.getElementById("data").textContent);
  const at = id => document.getElementById(id);
  const make = (name, properties = {}, ...children) => {
    const element = Object.assign(document.createElement(name), properties);
    element.append(...children);
    return element;
  };

  // -- rows from columns
  const length = columns.name.length, keys = Object.keys(columns), rows = new Array(length);
  for (let i = 0; i < length; i++) {
    const row = { order: i };
    for (const key of keys) row[key] = columns[key][i];
    row.path ??= row.name;
    row.sought = row.name.toLowerCase();
    row.verdicts = models.map(model => words[verdicts[model][i]]);
    row.alarms = models.map(model => words[alarms[model][i]]);
    rows[i] = row;
  }
  const { compare } = new Intl.Collator("en", { numeric: true });
  [...rows].sort((a, b) => compare(a.name, b.name)).forEach((row, rank) => { row.rank = rank; });
  const severity = ["failed", "wrong", "alarm", "too few draws", "right", "no alarm", ""];
  models.forEach((_, k) => { for (const row of rows) row[`severity${k}`] = row.status ? null : 2 * severity.indexOf(row.verdicts[k]) + !row.alarms[k]; });

  // -- numbers
  const formats = Array.from({ length: 13 }, (_, decimals) => new Intl.NumberFormat("en", { minimumFractionDigits: decimals, maximumFractionDigits: decimals, signDisplay: "negative" }));
  const fixed = (value, decimals) => formats[decimals].format(value).replace("-", "−");
  const plain = (value, size, digits) => {
    if (value === null) return "–";
    if (value && (size < 1e-4 || size >= 1e7)) return value.toExponential(digits).replaceAll("-", "−");
    return fixed(value, Math.min(Math.max(0, digits - Math.floor(Math.log10(size || 1))), 12));
  };
  const share = value => value === null ? "–" : `${fixed(100 * value, 0)} %`;
  // a column's decimals are its own; a row that is far finer, surely in another unit, has further ones
  const estimate = (row, name) => {
    const size = (row.mu_high - row.mu_low) / 4, further = 1 - Math.floor(Math.log10(size)) - decimals.mu;
    const places = decimals[name] + (further > 1 ? further : 0), least = 10 ** -places;
    const write = value => value === null || places > 12 || size >= 1e7 ? plain(value, size, 1) : fixed(value, places);
    const middle = name === "tau" && row.tau > 0 && row.tau < least / 2 ? `< ${write(least)}` : write(row[name]);
    return [middle, `${write(row[`${name}_low`])} to ${write(row[`${name}_high`])}`];
  };
  const ofMu = row => estimate(row, "mu"), ofTau = row => estimate(row, "tau");

  // -- cells
  const badge = (verdict, alarm) => {
    const kind = { right: "pass", "no alarm": "pass", "too few draws": "few" }[verdict] ?? "fail";
    const shown = make("span", {}, make("strong", { className: `badge ${kind}`, textContent: { "too few draws": "few draws" }[verdict] ?? verdict }));
    if (alarm) shown.append(make("span", { textContent: " ⚠", title: alarm }));
    return shown;
  };
  const place = value => `${100 * (value - scale[0]) / (scale[1] - scale[0])}%`;
  const drawing = row => {
    const bar = make("i", { className: "span" }), dot = make("i", { className: "dot" });
    bar.style.left = place(row.mu_low);
    bar.style.right = `calc(100% - ${place(row.mu_high)})`;
    dot.style.left = place(row.mu);
    const shown = make("div", { className: "drawing" }, bar, dot);
    if (noEffect !== null) {
      const line = make("i", { className: "zero" });
      line.style.left = place(noEffect);
      shown.prepend(line);
    }
    return shown;
  };
  const name = row => make("div", { className: "name", title: row.name }, row.report
    ? make("a", { href: `${encodeURIComponent(row.path)}/report.html`, textContent: row.name })
    : make("button", { type: "button", textContent: row.name }));
  const mu = row => {
    if (row.status) return make("small", { className: "why", textContent: row.status, title: row.status });
    return make("div", {}, drawing(row), make("small", { textContent: `${ofMu(row)[0]} (${ofMu(row)[1]})` }));
  };
  const tau = row => row.status ? "" : make("div", {}, ofTau(row)[0], make("small", { textContent: ofTau(row)[1] }));
  const card = row => {
    if (row.status) return make("div", { className: "card" }, name(row), mu(row));
    const facts = make("small", { className: "facts", textContent: `${fixed(row.groups, 0)} groups · τ ${ofTau(row)[0]} · I² ${share(row.i2)}` });
    const below = make("div", { className: "verdicts" });
    models.forEach((model, k) => { if (row.verdicts[k]) below.append(make("span", {}, `${model} `, badge(row.verdicts[k], row.alarms[k]))); });
    return make("div", { className: "card" }, name(row), mu(row), facts, below);
  };
  const drawn = draw => cell => draw(cell.getData());

  // -- the table, whose columns are one card where they do not fit
  // Tabulator's own sort asks for two components at each comparison, ten times this one's work.
  // An empty value comes last, whichever way.
  const sortQuickly = (items, [{ column, dir }]) => {
    const field = column.getField(), sign = dir === "asc" ? 1 : -1;
    items.sort(({ data: { [field]: a } }, { data: { [field]: b } }) =>
      a === null || b === null ? (a === null) - (b === null) : sign * (a - b));
  };
  const column = (title, field, formatter, more = {}) => ({ title, field, formatter, sorter: "number", ...more });
  const unseen = field => column(field, field, "plaintext", { visible: false });
  const wide = () => [
    column("table", "rank", drawn(name), { minWidth: 144, widthGrow: 3 }),
    column("groups", "groups", drawn(row => row.status ? "" : fixed(row.groups, 0)), { width: 88, hozAlign: "right", headerSortStartingDir: "desc" }),
    column("μ", "mu", drawn(mu), { minWidth: 172, widthGrow: 2, headerSortStartingDir: "desc" }),
    column("τ", "tau", drawn(tau), { minWidth: 106, widthGrow: 1, headerSortStartingDir: "desc" }),
    column("I²", "i2", cell => cell.getData().status ? "" : share(cell.getValue()), { width: 68, hozAlign: "right", headerSortStartingDir: "desc" }),
    ...models.map((model, k) => column(model, `severity${k}`, drawn(row => row.verdicts[k] ? badge(row.verdicts[k], row.alarms[k]) : ""), { minWidth: 132, widthGrow: 1 })),
    unseen("order"), unseen("worst"),
  ];
  const narrow = () => [column("table", "order", drawn(card)), ...["worst", "rank", "groups", "mu", "tau", "i2"].map(unseen)];
  const needed = 16 + wide().reduce((sum, { visible, width, minWidth }) => sum + (visible === false ? 0 : width ?? minWidth), 0);
  const fits = () => at("tables").clientWidth >= needed;
  let table, cards, ready = false;

  const build = () => {
    ready = false;
    table?.destroy();
    cards = !fits();
    table = new Tabulator("#tables", {
      data: rows,
      ...(length > 12 && { height: "min(42rem, 80vh)" }),
      layout: "fitColumns",
      rowHeight: cards ? 92 + 26 * Math.max(0, Math.ceil(models.length / 2) - 1) : 50,
      headerVisible: !cards,
      columns: cards ? narrow() : wide(),
      columnDefaults: { resizable: false, headerSortTristate: false },
      placeholder: "No table is like that.",
      renderVerticalBuffer: 200,
      keybindings: false,
      columnHeaderSortMulti: false,
    });
    table.modules.sort._sortItems = sortQuickly;
    table.on("tableBuilt", () => { ready = true; filter(); sort(); });
    table.on("headerClick", () => { at("sort").value = "header"; });
    table.on("rowClick", (event, row) => { if (!event.target.closest("a")) open(row.getData()); });
  };

  // -- search, filter, sort
  const some = (row, verdict) => row.verdicts.includes(verdict);
  const findings = {
    all: () => true,
    wrong: row => some(row, "wrong"),
    missed: row => row.verdicts.some((verdict, k) => verdict === "wrong" && !row.alarms[k]),
    false: row => !row.status && row.verdicts.every(verdict => verdict === "right") && row.alarms.some(Boolean),
    few: row => some(row, "too few draws"),
    failed: row => some(row, "failed"),
    right: row => !row.status && row.verdicts.every(verdict => verdict === "right"),
    apart: row => row.mu_low !== null && (row.mu_low > noEffect || row.mu_high < noEffect),
    report: row => row.report === 1,
    bad: row => row.status !== null,
  };
  const filter = () => {
    if (!ready) return;
    const sought = at("search").value.toLowerCase().split(/\s+/).filter(Boolean);
    const finding = findings[at("finding").value], least = Number(at("least").value);
    table.setFilter(row => row.groups >= least && finding(row) && sought.every(word => row.sought.includes(word)));
    at("count").textContent = `${fixed(table.getDataCount("active"), 0)} of ${fixed(length, 0)} tables`;
  };
  const sort = () => {
    const [field, way] = at("sort").value.split(" ");
    if (ready && way) table.setSort(field, way);
  };
  at("search").addEventListener("input", filter);
  at("finding").addEventListener("change", filter);
  at("least").addEventListener("input", filter);
  at("sort").addEventListener("change", sort);
  const controls = document.querySelector(".controls");
  controls.addEventListener("submit", event => event.preventDefault());
  controls.hidden = false;

  // -- all of one table
  const dialog = at("table");
  const open = row => {
    at("table-name").textContent = row.name;
    const facts = [["First line", fixed(row.line, 0)]];
    if (row.status) facts.push(["Not used", row.status]);
    else {
      facts.push(["Groups", fixed(row.groups, 0)], ["μ", `${ofMu(row)[0]}, 95 % interval ${ofMu(row)[1]}`], ["P(μ > 0)", plain(row.positive, 1, 3)],
        ["τ", `median ${ofTau(row)[0]}, 95 % interval ${ofTau(row)[1]}`], ["I²", share(row.i2)], ["Typical error", plain(row.typical_error, row.typical_error, 2)]);
      models.forEach((model, k) => { if (row.verdicts[k]) facts.push([model, make("span", {}, badge(row.verdicts[k], ""), row.alarms[k] ? ` alarms: ${row.alarms[k].replaceAll(" ", ", ")}` : "")]); });
      if (row.error !== null) facts.push(["Largest error of a quantile", `${plain(row.error, row.error, 1)} in probability`]);
    }
    dialog.querySelector("dl").replaceChildren(...facts.flatMap(([term, fact]) => [make("dt", { textContent: term }), make("dd", {}, fact)]));
    const report = dialog.querySelector(".report");
    if (row.report) report.replaceChildren(make("a", { href: `${encodeURIComponent(row.path)}/report.html`, textContent: "Its report" }));
    else if (row.status) report.replaceChildren();
    else {
      const line = make("code", { textContent: command.join(row.path) }), copy = make("button", { type: "button", textContent: "Copy" });
      copy.addEventListener("click", async () => {
        try { await navigator.clipboard.writeText(line.textContent); copy.textContent = "Copied"; }
        catch { getSelection().selectAllChildren(line); }
      });
      report.replaceChildren(make("div", { textContent: "There is no report of this table yet. To make it:" }), make("pre", {}, line), copy);
    }
    dialog.showModal();
  };
  at("close").addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", event => { if (event.target === dialog) dialog.close(); });

  addEventListener("resize", () => { if (cards === fits()) build(); });
  build();
})();
