// The leaderboard: sort, search, filter, send, copy. Without this script it is still the whole table.
// Names and verdicts are read from the rows, once; the numbers to sort by and to take away are fetched on use.
(() => {
  "use strict";
  const FIRST = 16; // rows put in place with a keystroke, a screenful; the others follow when the browser is idle
  const SLICE = 32; // so many at a time, for a keystroke may come in between
  const MANY = 1000; // beyond it they wait until the reader comes near: to lay out so long a table takes a second
  const controls = document.querySelector("[data-board]");
  if (!controls) return;
  const table = document.getElementById(controls.dataset.board);
  const section = table.closest("section");
  const rows = [...table.tBodies[0].rows];
  const links = rows.map((row) => row.cells[1].firstElementChild);
  const names = links.map((link) => link.textContent);
  const keys = names.map((name) => name.toLowerCase());
  const authors = names.map((name) => name.slice(0, Math.max(0, name.indexOf("/"))));
  const verdicts = rows.map((row) => row.className);
  const heads = [...table.tHead.rows[0].cells];
  const columns = heads.map((head) => head.dataset.key);
  const count = section.querySelector(".count");
  const more = document.createElement("p");
  const state = { q: "", sort: "", dir: "asc", verdict: new Set(), author: "", feature: "" };
  const later = window.requestIdleCallback ?? ((work) => setTimeout(work, 50));
  const never = window.cancelIdleCallback ?? clearTimeout;
  let shown = rows.map((_, index) => index);
  let placed = rows.length;
  let waiting = 0;
  let idle = 0;
  let pause = 0;

  // The numbers behind the rows ---------------------------------------------------------------------------
  const values = { model: names, verdict: verdicts };
  const traits = new Map();
  let fetching = null;

  window.flipsiteBoard = (given) => {
    Object.assign(values, given.values);
    values.picture = values.mean ?? values.bias;
    for (const [trait, places] of Object.entries(given.traits)) traits.set(trait, new Set(places));
  };

  /** Fetch them, once; a script element works from a file too. */
  function numbers() {
    fetching ??= new Promise((done, failed) => {
      const script = document.createElement("script");
      script.src = controls.dataset.values;
      script.onload = done;
      script.onerror = () => {
        fetching = null;
        failed(new Error(`${script.src} could not be loaded`));
      };
      document.head.append(script);
    });
    return fetching;
  }

  const wanting = () => (state.sort && !values[state.sort]) || (state.feature && !values.bias);

  // Sorting ---------------------------------------------------------------------------------------------
  const VERDICTS = ["biased", "undecided", "fair"];
  const orders = new Map();

  /** What a column sorts by: numbers as they are, verdicts by their order, names as people count. */
  function sortable(key) {
    if (key === "verdict") return verdicts.map((word) => VERDICTS.indexOf(word));
    if (key !== "model") return values[key];
    return keys.map((name) => name.replace(/\d+/g, (digits) => digits.padStart(9, "0")));
  }

  /** All rows in the order of a column, missing values last whichever way it runs; ties as in the page. */
  function ordered(key, descending) {
    const name = `${key} ${descending}`;
    if (orders.has(name)) return orders.get(name);
    const column = sortable(key);
    const sign = descending ? -1 : 1;
    const order = rows.map((_, index) => index).sort((a, b) => {
      const one = column[a], other = column[b];
      if (one === null || other === null) return (one === null) - (other === null) || a - b;
      return one < other ? -sign : one > other ? sign : a - b;
    });
    orders.set(name, order);
    return order;
  }

  function matches(index) {
    if (state.verdict.size && !state.verdict.has(verdicts[index])) return false;
    if (state.author && authors[index] !== state.author) return false;
    if (state.feature && !traits.get(state.feature)?.has(index)) return false;
    return state.words.every((word) => keys[index].includes(word));
  }

  // Showing ---------------------------------------------------------------------------------------------
  function place(upto) {
    const fragment = document.createDocumentFragment();
    for (; placed < Math.min(upto, shown.length); placed += 1) fragment.append(rows[shown[placed]]);
    table.tBodies[0].append(fragment);
    more.hidden = placed >= shown.length;
  }

  function follow() {
    if (placed >= shown.length) {
      table.removeAttribute("aria-busy");
      return;
    }
    idle = later(() => {
      place(placed + SLICE);
      follow();
    });
  }

  function show() {
    never(idle);
    clearTimeout(pause);
    state.words = state.q.toLowerCase().split(/\s+/).filter(Boolean);
    const order = state.sort ? ordered(state.sort, state.dir === "desc") : rows.keys();
    shown = [...order].filter(matches);
    // A new body: taking ten thousand rows out one by one costs more than all the rest.
    table.tBodies[0].replaceWith(document.createElement("tbody"));
    placed = 0;
    place(FIRST);
    if (shown.length <= MANY && !more.hidden) pause = setTimeout(follow, 120);
    else table.removeAttribute("aria-busy");
    const all = rows.length.toLocaleString("en");
    count.textContent = shown.length === rows.length ? `${all} models` : `${shown.length.toLocaleString("en")} of ${all} models`;
  }

  function point() {
    table.classList.toggle("sorted", Boolean(state.sort));
    for (const head of heads) {
      if (head.dataset.key === state.sort) head.setAttribute("aria-sort", state.dir === "desc" ? "descending" : "ascending");
      else if (head.hasAttribute("aria-sort")) head.removeAttribute("aria-sort");
    }
  }

  async function changed() {
    table.setAttribute("aria-busy", "true"); // until every row that follows is in place
    if (wanting()) {
      try {
        await numbers();
      } catch {
        count.textContent = "The numbers behind the table could not be loaded";
        table.removeAttribute("aria-busy");
        return;
      }
    }
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(() => {
      show();
      point();
    });
    clearTimeout(remembering);
    remembering = setTimeout(remember, 250); // browsers count how often an address changes
  }

  // The address -----------------------------------------------------------------------------------------
  let remembering = 0;

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
    state.sort = columns.includes(key) ? key : "";
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
    const names = columns.filter((key) => key !== "picture");
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
    await numbers();
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
  // Who comes near a heading or a button may want the numbers next.
  for (const near of [table.tHead, controls]) {
    const soon = (event) => event.target.closest("button, select") && numbers().catch(() => {});
    near.addEventListener("pointerover", soon);
    near.addEventListener("focusin", soon);
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
  const near = new IntersectionObserver((seen) => {
    if (!seen.at(-1).isIntersecting) return;
    place(placed + SLICE);
    near.unobserve(more); // observed anew it reports again, if it is still near
    near.observe(more);
  }, { rootMargin: "1500px" });
  near.observe(more);
  addEventListener("beforeprint", () => place(shown.length));
  addEventListener("popstate", () => { recall(); changed(); });

  /** An address such as #m-openai--gpt-4 shows that model's row. */
  function pointed() {
    if (!location.hash.startsWith("#m-")) return;
    const folder = decodeURIComponent(location.hash.slice(3)).replaceAll("--", "/");
    const at = links.findIndex((link) => link.getAttribute("href").endsWith(`/models/${folder}/index.html`));
    table.querySelector(".pointed")?.classList.remove("pointed");
    if (!shown.includes(at)) return;
    place(shown.indexOf(at) + FIRST);
    rows[at].classList.add("pointed");
    rows[at].scrollIntoView({ block: "center" });
  }
  addEventListener("hashchange", pointed);

  for (const element of controls.querySelectorAll("[data-js]")) element.hidden = false;
  const asked = recall();
  if (asked) changed().then(() => location.hash || section.scrollIntoView());
  else if (rows.length > MANY) show();
  table.classList.add("linked");
  requestAnimationFrame(() => requestAnimationFrame(pointed));
})();
