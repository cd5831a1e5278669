(() => {
  const root = document.documentElement;
  const make = (name, properties = {}) => Object.assign(document.createElement(name), properties);

  // light and dark: the system's, or the reader's choice, kept where the browser lets us
  const theme = document.getElementById("theme");
  const store = { get: () => { try { return localStorage.getItem("theme"); } catch { return null; } },
                  set: value => { try { localStorage.setItem("theme", value); } catch { /* not kept */ } } };
  const system = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => root.dataset.theme ? root.dataset.theme === "dark" : system.matches;
  const label = () => { theme.textContent = isDark() ? "Light mode" : "Dark mode"; };
  if (["light", "dark"].includes(store.get())) root.dataset.theme = store.get();
  theme.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    store.set(root.dataset.theme);
    label();
  });
  system.addEventListener("change", label);
  theme.hidden = false;
  label();

  // all code at once, all sections at once
  const toggle = (button, items, words, apply) => {
    if (!button || !items.length) return;
    button.hidden = false;
    button.addEventListener("click", () => {
      const show = button.getAttribute("aria-pressed") !== "true";
      for (const item of items) apply(item, show);
      button.setAttribute("aria-pressed", show);
      button.textContent = words[Number(show)];
    });
  };
  toggle(document.getElementById("code"), [...document.querySelectorAll("pre.code")],
    ["Show code", "Hide code"], (pre, show) => { pre.hidden = !show; });
  const sections = [...document.querySelectorAll("details.section")];
  toggle(document.getElementById("unfold"), sections, ["Open all", "Close all"],
    (section, show) => { section.open = show; });

  // a link to a folded section opens it
  const unfold = hash => {
    const target = hash.length > 1 && document.getElementById(decodeURIComponent(hash.slice(1)));
    const section = target && target.closest("details.section");
    if (section && !section.open) { section.open = true; target.scrollIntoView(); }
  };
  document.addEventListener("click", event => {
    const link = event.target.closest('a[href^="#"]');
    if (link) unfold(link.hash);
  });
  addEventListener("hashchange", () => unfold(location.hash));
  unfold(location.hash);

  // the contents list follows the reader
  const contents = document.querySelector("nav details"), here = document.querySelector("nav .here");
  const links = new Map([...document.querySelectorAll("nav a")].map(a => [decodeURIComponent(a.hash.slice(1)), a]));
  const headings = [...document.querySelectorAll("h2[id]")].filter(heading => links.has(heading.id));
  const narrow = matchMedia("(max-width: 79.99rem)");
  const follow = () => {
    const atEnd = innerHeight + scrollY >= root.scrollHeight - 4;
    let current = null;
    for (const heading of headings) if (heading.getBoundingClientRect().top < 140) current = heading;
    if (atEnd && scrollY > 0) current = headings.at(-1);
    for (const [id, link] of links) {
      if (current && id === current.id) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
    here.textContent = current ? links.get(current.id).textContent : "";
  };
  if (contents) {
    const fold = () => { contents.open = !narrow.matches; };
    narrow.addEventListener("change", fold);
    fold();
    for (const link of links.values()) link.addEventListener("click", () => { if (narrow.matches) contents.open = false; });
    addEventListener("scroll", follow, { passive: true });
    follow();
  }

  // a shade at the edge of what goes on sideways
  const frames = [...document.querySelectorAll(".frame")];
  const shade = frame => frame.parentElement.classList.toggle("more", frame.scrollLeft + frame.clientWidth < frame.scrollWidth - 4);
  for (const frame of frames) {
    frame.addEventListener("scroll", () => shade(frame), { passive: true });
    new ResizeObserver(() => shade(frame)).observe(frame);
  }

  // tables sort, filter and give their CSV
  const key = cell => cell.dataset.value ?? cell.textContent.replaceAll("\u00a0", " ").trim();
  const compare = (a, b) => {
    const x = Number(a), y = Number(b);
    return Number.isNaN(x) || Number.isNaN(y) ? a.localeCompare(b, "en", { numeric: true }) : x - y;
  };
  const sort = (body, column, up) => {
    const rows = [...body.rows].map(row => [key(row.cells[column]), row]);
    rows.sort(([a], [b]) => a === "" || b === "" ? (a === "") - (b === "") : compare(a, b) * (up ? 1 : -1));
    body.append(...rows.map(([, row]) => row));
  };
  const quote = text => /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  for (const box of document.querySelectorAll(".table")) {
    const table = box.querySelector("table"), body = table.tBodies[0], head = table.tHead.rows[0];
    for (const [column, th] of [...head.cells].entries()) {
      const button = make("button", { type: "button" });
      button.append(...th.childNodes);
      th.append(button);
      button.addEventListener("click", () => {
        const up = th.getAttribute("aria-sort") !== "ascending";
        for (const other of head.cells) other.removeAttribute("aria-sort");
        th.setAttribute("aria-sort", up ? "ascending" : "descending");
        sort(body, column, up);
      });
    }
    const tools = make("div", { className: "tools" });
    if ("searchable" in box.dataset) {
      const filter = make("input", { type: "search", autocomplete: "off", placeholder: box.dataset.hint ?? "such as noncentered 0.95" });
      const found = make("output");
      const apply = () => {
        const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
        for (const row of body.rows) {
          const cells = [...row.cells].map(cell => cell.textContent.toLowerCase());
          // a number is the whole cell, a word any part of one
          row.hidden = !words.every(word => cells.some(cell => Number.isNaN(Number(word)) ? cell.includes(word) : cell.replaceAll(",", "") === word));
        }
        const shown = [...body.rows].filter(row => !row.hidden).length;
        found.textContent = `${shown} of ${body.rows.length} rows`;
      };
      const name = make("label", { textContent: "Filter " });
      name.append(filter);
      tools.append(name, found);
      filter.addEventListener("input", apply);
      apply();
    }
    if (box.dataset.name) {
      const csv = make("button", { type: "button", className: "csv", textContent: "CSV" });
      csv.setAttribute("aria-label", `Download the table ${box.dataset.name} as CSV`);
      csv.addEventListener("click", () => {
        const lines = [head, ...[...body.rows].filter(row => !row.hidden)]
          .map(row => [...row.cells].map(cell => quote(key(cell))).join(","));
        const url = URL.createObjectURL(new Blob([lines.join("\n") + "\n"], { type: "text/csv;charset=utf-8" }));
        make("a", { href: url, download: `${box.dataset.name}.csv` }).click();
        setTimeout(() => URL.revokeObjectURL(url), 1000);
      });
      tools.append(csv);
    }
    if (tools.childElementCount) box.prepend(tools);
  }
})();
