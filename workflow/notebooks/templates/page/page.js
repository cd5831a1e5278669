(() => {
  const root = document.documentElement;
  const theme = document.getElementById("theme");
  const isDark = () => (root.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const label = () => { theme.textContent = isDark() ? "Light" : "Dark"; };
  theme.addEventListener("click", () => { root.dataset.theme = isDark() ? "light" : "dark"; label(); });
  label();

  const contents = document.querySelector("nav details");
  if (contents && innerWidth < 1024) contents.open = false;

  // the contents list follows the reader
  const links = new Map([...document.querySelectorAll("nav a")].map(a => [decodeURIComponent(a.hash.slice(1)), a]));
  const headings = [...document.querySelectorAll("h2[id]")];
  const follow = () => {
    let current = headings[0];
    for (const heading of headings) if (heading.getBoundingClientRect().top < 120) current = heading;
    for (const [id, link] of links) {
      if (current && id === current.id) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  };
  addEventListener("scroll", follow, { passive: true });
  follow();

  const key = cell => cell.dataset.value ?? cell.textContent;
  const compare = (a, b) => {
    const x = Number(a.replaceAll(",", "").replace("−", "-")), y = Number(b.replaceAll(",", "").replace("−", "-"));
    if (!Number.isNaN(x) && !Number.isNaN(y)) return x - y;
    return Number.isNaN(x) && Number.isNaN(y) ? a.localeCompare(b) : Number.isNaN(x) ? 1 : -1;
  };
  for (const box of document.querySelectorAll(".table")) {
    const table = box.querySelector("table"), body = table.tBodies[0];
    [...table.querySelectorAll("thead th")].forEach((th, i) => th.querySelector("button").addEventListener("click", () => {
      const up = th.getAttribute("aria-sort") !== "ascending";
      for (const other of th.parentNode.children) other.removeAttribute("aria-sort");
      th.setAttribute("aria-sort", up ? "ascending" : "descending");
      const rows = [...body.rows].sort((a, b) => compare(key(a.cells[i]), key(b.cells[i])) * (up ? 1 : -1));
      body.append(...rows);
    }));
    box.querySelector("input")?.addEventListener("input", event => {
      const words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
      for (const row of body.rows) {
        const cells = [...row.cells].map(cell => cell.textContent.toLowerCase());
        row.hidden = !words.every(word => cells.some(cell => cell.includes(word)));
      }
    });
    box.querySelector(".csv")?.addEventListener("click", event => {
      const quote = text => /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
      const lines = [table.tHead.rows[0], ...body.rows].filter(row => !row.hidden)
        .map(row => [...row.cells].map(cell => quote(key(cell).trim())).join(","));
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([lines.join("\n") + "\n"], { type: "text/csv" }));
      link.download = event.target.dataset.name;
      link.click();
      URL.revokeObjectURL(link.href);
    });
  }
})();
