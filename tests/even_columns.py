"""Whether the numbers of each column of a page's tables have equally many decimals."""

import re

NUMBER = re.compile(r"(?<![\w.])[\d,]+(?:\.(\d+))?(?![\w.]|e[−+])")


def decimals(text):
    """Numbers of decimals of what a cell shows; powers of ten have none to compare."""
    return {len(found or "") for found in NUMBER.findall(text)}


def uneven(soup, are_numbers=lambda cell: "number" in cell.get("class", ())):
    """Columns of the tables of a page with numbers of several decimals, by table and head."""
    found = {}
    for table in filter(lambda table: table.thead, soup("table")):
        heads = [head.get_text() for head in table.thead("th")]
        columns = {}
        for row in table.tbody("tr"):
            for head, cell in zip(heads, row("td"), strict=True):
                if not are_numbers(cell):
                    continue
                for part in cell("small"):  # of how many fits, an interval, how it is read
                    columns.setdefault(f"{head}, small", []).append(part.extract().get_text())
                columns.setdefault(head, []).append(cell.get_text())
        for head, texts in columns.items():
            if len(set().union(*map(decimals, texts))) > 1:
                found[table.get("aria-labelledby"), head] = texts
    return found
