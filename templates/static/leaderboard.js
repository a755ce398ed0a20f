// The leaderboard: sort, search, filter, send, copy. Without this script it is still the whole table.
// Numbers come as JSON columns in the order of the rows; names and verdicts are read once: no keystroke reads the page.
(() => {
  "use strict";
  const FIRST = 40; // rows put in place at once; the others follow when the reader pauses, or comes near
  const MANY = 1000; // beyond it they wait until the reader comes near: to lay out so long a table takes a second
  const controls = document.querySelector("[data-board]");
  if (!controls) return;
  const table = document.getElementById(controls.dataset.board);
  const section = table.closest("section");
  const { columns, values, features } = JSON.parse(document.getElementById(`${table.id}-values`).textContent);
  const rows = [...table.tBodies[0].rows];
  values.model = rows.map((row) => row.cells[1].firstElementChild.textContent);
  values.verdict = rows.map((row) => row.className);
  values.picture = values.mean ?? values.bias;
  const keys = values.model.map((name) => name.toLowerCase());
  const author = (name) => (name.includes("/") ? name.slice(0, name.indexOf("/")) : "");
  const authors = values.model.map(author);
  const heads = [...table.tHead.rows[0].cells];
  const count = section.querySelector(".count");
  const more = document.createElement("p");
  const state = { q: "", sort: "", dir: "asc", verdict: new Set(), author: "", feature: "" };
  let shown = rows.map((_, index) => index);
  let placed = rows.length;
  let waiting = 0;
  let pause = 0;

  // Sorting ---------------------------------------------------------------------------------------------
  const VERDICTS = ["biased", "undecided", "fair"];
  const orders = new Map();

  /** All rows in the order of a column, missing values last whichever way it runs; ties as in the page. */
  function ordered(key, descending) {
    const name = `${key} ${descending}`;
    if (orders.has(name)) return orders.get(name);
    const column = key === "verdict" ? values.verdict.map((word) => VERDICTS.indexOf(word)) : values[key];
    const sign = descending ? -1 : 1;
    const text = new Intl.Collator("en", { numeric: true });
    const compare = typeof column.find((value) => value !== null) === "string" ? text.compare : (a, b) => a - b;
    const order = rows.map((_, index) => index).sort((a, b) => {
      if (column[a] === null || column[b] === null) return (column[a] === null) - (column[b] === null) || a - b;
      return sign * compare(column[a], column[b]) || a - b;
    });
    orders.set(name, order);
    return order;
  }

  function matches(index) {
    if (state.verdict.size && !state.verdict.has(values.verdict[index])) return false;
    if (state.author && authors[index] !== state.author) return false;
    if (state.feature && !features[index].includes(state.feature)) return false;
    return state.words.every((word) => keys[index].includes(word));
  }

  // Showing ---------------------------------------------------------------------------------------------
  function place(upto) {
    const body = table.tBodies[0];
    const fragment = document.createDocumentFragment();
    for (; placed < Math.min(upto, shown.length); placed += 1) fragment.append(rows[shown[placed]]);
    body.append(fragment);
    more.hidden = placed >= shown.length;
  }

  function show() {
    state.words = state.q.toLowerCase().split(/\s+/).filter(Boolean);
    const order = state.sort ? ordered(state.sort, state.dir === "desc") : rows.keys();
    shown = [...order].filter(matches);
    // A new body: taking ten thousand rows out one by one costs more than all the rest.
    table.tBodies[0].replaceWith(document.createElement("tbody"));
    placed = 0;
    place(FIRST);
    clearTimeout(pause);
    if (shown.length <= MANY) pause = setTimeout(() => place(shown.length), 300);
    for (const head of heads) {
      if (head.dataset.key === state.sort) head.setAttribute("aria-sort", state.dir === "desc" ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    }
    const all = rows.length.toLocaleString("en");
    count.textContent = shown.length === rows.length ? `${all} models` : `${shown.length.toLocaleString("en")} of ${all} models`;
  }

  function changed() {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(() => {
      show();
      remember();
    });
  }

  // The address -----------------------------------------------------------------------------------------
  function remember() {
    const query = new URLSearchParams();
    for (const name of ["q", "author", "feature"]) if (state[name]) query.set(name, state[name]);
    if (state.verdict.size) query.set("verdict", VERDICTS.filter((word) => state.verdict.has(word)).join(","));
    if (state.sort) {
      query.set("sort", state.sort);
      query.set("dir", state.dir);
    }
    const text = query.toString();
    history.replaceState(null, "", (text ? `?${text}` : location.pathname) + location.hash);
  }

  function recall() {
    const query = new URLSearchParams(location.search);
    state.q = query.get("q") ?? "";
    state.author = query.get("author") ?? "";
    state.feature = query.get("feature") ?? "";
    state.verdict = new Set((query.get("verdict") ?? "").split(",").filter((word) => VERDICTS.includes(word)));
    const key = query.get("sort") ?? "";
    state.sort = columns.some(([known]) => known === key) ? key : "";
    state.dir = query.get("dir") === "desc" ? "desc" : "asc";
    for (const name of ["q", "author", "feature"]) {
      const field = controls.querySelector(`[name=${name}]`);
      if (!field) { state[name] = ""; continue; }
      field.value = state[name];
      state[name] = field.value; // an author that is not there leaves the choice empty
    }
    for (const chip of controls.querySelectorAll("[name=verdict]")) chip.setAttribute("aria-pressed", String(state.verdict.has(chip.value)));
    return [...query.keys()].length > 0;
  }

  // Taking away -----------------------------------------------------------------------------------------
  function taken() {
    const names = columns.map(([key]) => key).filter((key) => key !== "picture");
    const at = names.indexOf("bias") + 1;
    names.splice(at, 0, "interval_low", "interval_high");
    if (values.p_within_05) names.splice(names.indexOf("bias_median") + 1, 0, "p_within_05", "p_within_10");
    return { names, lines: shown.map((index) => names.map((name) => values[name][index] ?? "")) };
  }
  /** A spreadsheet runs text that begins so; an apostrophe disarms it. */
  const disarmed = (value) => (typeof value === "string" && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value));
  const quoted = (text) => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const escaped = (value) => String(value).replace(/[\\`*_{}[\]<>()#|!~$&^"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
  const makers = {
    csv: ({ names, lines }) => [names, ...lines].map((line) => line.map((value) => quoted(disarmed(value))).join(",")).join("\n") + "\n",
    "copy-tsv": ({ names, lines }) => [names, ...lines].map((line) => line.map((value) => disarmed(value).replace(/[\t\n\r]+/g, " ")).join("\t")).join("\n") + "\n",
    "copy-markdown": ({ names, lines }) => {
      const line = (cells) => `| ${cells.join(" | ")} |`;
      return [line(names), line(names.map((name) => (typeof values[name].find((value) => value !== null) === "string" ? "---" : "---:"))), ...lines.map((cells) => line(cells.map(escaped)))].join("\n") + "\n";
    },
  };

  async function take(button) {
    const text = makers[button.dataset.take](taken());
    if (button.dataset.take === "csv") {
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
      link.download = `${controls.dataset.study}-leaderboard.csv`;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
      return;
    }
    const done = await copied(text);
    count.textContent = done ? `${shown.length.toLocaleString("en")} rows copied` : "The browser does not let this page copy; download the CSV instead";
  }

  async function copied(text) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      const area = document.createElement("textarea"); // file:// has no clipboard in some browsers
      area.value = text;
      area.className = "visually-hidden";
      document.body.append(area);
      area.select();
      const done = document.execCommand("copy");
      area.remove();
      return done;
    }
  }

  // Hands -----------------------------------------------------------------------------------------------
  for (const head of heads) {
    const button = document.createElement("button");
    button.type = "button";
    const label = [...head.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE);
    head.prepend(button);
    button.append(...label);
    button.addEventListener("click", () => {
      state.dir = state.sort === head.dataset.key && state.dir === "asc" ? "desc" : "asc";
      state.sort = head.dataset.key;
      changed();
    });
  }
  controls.addEventListener("input", (event) => {
    const { name, value } = event.target;
    if (!(name in state)) return;
    state[name] = value;
    changed();
  });
  controls.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button?.name === "verdict") {
      const pressed = button.getAttribute("aria-pressed") !== "true";
      button.setAttribute("aria-pressed", String(pressed));
      state.verdict[pressed ? "add" : "delete"](button.value);
      changed();
    } else if (button?.dataset.take) take(button);
  });
  table.addEventListener("click", (event) => {
    // A click anywhere in a row opens its model; text may still be marked, and links do what links do.
    if (event.target.closest("a, button") || String(getSelection())) return;
    event.target.closest("tbody tr")?.querySelector("th a")?.click();
  });

  more.className = "more-rows";
  const all = document.createElement("button");
  all.type = "button";
  all.className = "button";
  all.textContent = "Show all rows";
  all.addEventListener("click", () => place(shown.length));
  more.append(all);
  more.hidden = true;
  table.closest(".scroll").after(more);
  new IntersectionObserver((seen) => seen.some((entry) => entry.isIntersecting) && place(placed + FIRST), { rootMargin: "1500px" }).observe(more);
  addEventListener("beforeprint", () => place(shown.length));
  addEventListener("popstate", () => { recall(); show(); });

  for (const element of controls.querySelectorAll("[data-js]")) element.hidden = false;
  const asked = recall();
  if (asked || rows.length > MANY) show();
  table.classList.add("linked");
  const anchor = rows.findIndex((row) => `#${row.id}` === location.hash);
  if (anchor >= 0) {
    place(shown.indexOf(anchor) + FIRST);
    rows[anchor].scrollIntoView({ block: "center" });
  } else if (asked) section.scrollIntoView();
})();
