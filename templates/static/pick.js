// Ticks in the leaderboard: up to six models are put side by side.
(() => {
  "use strict";
  const MOST = 6;
  const controls = document.querySelector("[data-compare]");
  const table = document.getElementById(controls?.dataset.board);
  if (!table) return;
  const { study, compare } = controls.dataset;
  const KEPT = "flipsite-chosen"; // charts.js names these models in pictures
  const chosen = new Set(kept().filter((key) => key.startsWith(`${study}/`)).map((key) => key.slice(study.length + 1)));
  const bar = document.createElement("p");
  const go = document.createElement("a");
  const none = document.createElement("button");
  bar.className = "compare-bar";
  bar.setAttribute("role", "status");
  bar.hidden = true;
  go.className = "button primary";
  none.className = "button";
  none.type = "button";
  none.textContent = "Untick all";
  bar.append(go, " ", none);
  document.querySelector("main").append(bar);

  /** The models ticked on any leaderboard, as STUDY/MODEL. */
  function kept() {
    try {
      return JSON.parse(sessionStorage.getItem(KEPT) ?? "[]").map(String);
    } catch {
      return [];
    }
  }

  function keep() {
    const others = kept().filter((key) => !key.startsWith(`${study}/`));
    try {
      sessionStorage.setItem(KEPT, JSON.stringify([...others, ...[...chosen].map((name) => `${study}/${name}`)]));
    } catch {
      // Without storage the choice lasts as long as the page.
    }
  }

  function show() {
    const query = new URLSearchParams([...chosen].map((name) => ["m", `${study}/${name}`]));
    go.href = `${compare}?${query}`;
    go.textContent = chosen.size > 1 ? `Compare ${chosen.size} models` : "Compare with another model";
    bar.hidden = !chosen.size;
    for (const box of table.querySelectorAll(".tick")) box.disabled = chosen.size === MOST && !box.checked;
  }

  function ticked(rows) {
    for (const row of rows) {
      const head = row.cells[1];
      if (head.querySelector(".tick")) continue;
      const box = document.createElement("input");
      box.type = "checkbox";
      box.className = "tick";
      const name = head.querySelector("a").textContent;
      box.checked = chosen.has(name);
      box.setAttribute("aria-label", `Compare ${name}`);
      head.prepend(box);
    }
  }

  table.addEventListener("change", ({ target }) => {
    if (!target.classList.contains("tick")) return;
    const name = target.parentElement.querySelector("a").textContent;
    chosen[target.checked ? "add" : "delete"](name);
    keep();
    show();
  });
  none.addEventListener("click", () => {
    chosen.clear();
    keep();
    for (const box of table.querySelectorAll(".tick")) box.checked = false;
    show();
  });
  table.addEventListener("placing", ({ detail }) => ticked(detail));
  const rows = table.tBodies[table.tBodies.length - 1].rows;
  if (rows.length <= 1000) ticked(rows); // longer tables place their rows anew
  if (chosen.size) show();
})();
