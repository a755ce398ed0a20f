// Sorts a table by the column whose heading is clicked; the column stands in the address.
(() => {
  "use strict";
  const table = document.querySelector("table[data-sortable]");
  if (!table) return;
  const heads = [...table.tHead.rows[0].cells];
  const body = table.tBodies[0];
  const rows = [...body.rows];

  /** A cell as a number, a missing one as null; a name as people count. */
  function read(cell, numeric) {
    const text = cell.textContent.trim();
    if (!numeric) return text.toLowerCase().replace(/\d+/g, (digits) => digits.padStart(9, "0"));
    const number = Number.parseFloat(text.replace(/[$,<>\s%]/g, ""));
    return Number.isNaN(number) ? null : number;
  }

  function sort(at, dir) {
    const numeric = heads[at].classList.contains("number");
    const sign = dir === "desc" ? -1 : 1;
    const keyed = rows.map((row) => [read(row.cells[at], numeric), row]);
    keyed.sort(([one], [other]) => {
      if (one === null || other === null) return (one === null) - (other === null);
      return one < other ? -sign : one > other ? sign : 0;
    });
    body.append(...keyed.map(([, row]) => row));
    for (const head of heads) head.removeAttribute("aria-sort");
    heads[at].setAttribute("aria-sort", dir === "desc" ? "descending" : "ascending");
    history.replaceState(null, "", `?sort=${heads[at].dataset.key}&dir=${dir}${location.hash}`);
  }

  heads.forEach((head, at) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const first = head.classList.contains("number") ? "desc" : "asc";
      const other = first === "desc" ? "asc" : "desc";
      const now = head.getAttribute("aria-sort");
      sort(at, now?.startsWith(first) ? other : first);
    });
  });
  const query = new URLSearchParams(location.search);
  const at = heads.findIndex((head) => head.dataset.key === query.get("sort"));
  if (at >= 0) sort(at, query.get("dir") === "asc" ? "asc" : "desc");
})();
