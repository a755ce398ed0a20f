// The leaderboard: filter, sort, choose columns, send. Without this script it is still the whole table.
// Names and verdicts are read from the rows, once; the numbers behind them are fetched on use.
(() => {
  "use strict";
  const FIRST = 16; // rows put in place with a keystroke, a screenful; the others follow when the browser is idle
  const SLICE = 32; // so many at a time, for a keystroke may come in between
  const MANY = 1000; // beyond it rows wait until the reader comes near: to lay out so long a table takes a second
  const VERDICTS = ["biased", "undecided", "fair"];
  const controls = document.querySelector("[data-board]");
  if (!controls) return;
  const table = document.getElementById(controls.dataset.board);
  const section = table.closest("section");
  const top = Number(controls.dataset.top);
  let body = table.tBodies[table.tBodies.length - 1];
  const rows = [...body.rows];
  const links = rows.map((row) => row.cells[1].querySelector("a"));
  const names = links.map((link) => link.textContent);
  const keys = names.map((name) => name.toLowerCase());
  const authors = names.map((name) => name.slice(0, Math.max(0, name.indexOf("/"))));
  const verdicts = rows.map((row) => row.className);
  const heads = [...table.tHead.rows[0].cells];
  const columns = heads.map((head) => head.dataset.key);
  const boxes = [...controls.querySelectorAll("[name=column]")];
  const selects = [...controls.querySelectorAll("select")];
  const count = section.querySelector(".count");
  const more = document.createElement("p");
  const state = { q: "", view: "", sort: "", dir: "asc", verdict: new Set(), columns: null };
  for (const { name } of selects) state[name] = "";
  const later = window.requestIdleCallback ?? ((work) => setTimeout(work, 50));
  const never = window.cancelIdleCallback ?? clearTimeout;
  const told = (n) => n.toLocaleString("en");
  let shown = rows.map((_, index) => index);
  let placed = rows.length;
  let waiting = 0;
  let idle = 0;
  let pause = 0;

  // The numbers behind the rows ---------------------------------------------------------------------------
  const values = { model: names, verdict: verdicts };
  const extras = {};
  const traits = new Map();
  let fetching = null;

  window.flipsiteBoard = (given) => {
    Object.assign(values, given.values);
    Object.assign(extras, given.extras);
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

  const fetched = () => values.bias !== undefined;
  const wanting = () => !fetched() && (
    !["", "model", "verdict"].includes(state.sort) || state.view || state.columns
    || selects.some(({ name }) => name !== "author" && state[name]));

  // Filters: each narrows, and says how many models each of its choices would leave ---------------------------
  function passes(name, value, index) {
    if (name === "author") return authors[index] === value;
    if (name === "sway") return extras.sway[index] === value;
    if (name === "price") return extras.price_completion[index] !== null && extras.price_completion[index] <= Number(value);
    return Boolean(traits.get(`${name}=${value}`)?.has(index));
  }

  /** Which of the filters a row fails: `""` none, a name if it is the only one, null if they are several. */
  function failing(index) {
    let failed = "";
    const fails = (name) => {
      if (failed) return true;
      failed = name;
      return false;
    };
    if (!state.words.every((word) => keys[index].includes(word)) && fails("q")) return null;
    if (state.verdict.size && !state.verdict.has(verdicts[index]) && fails("verdict")) return null;
    for (const { name } of selects) {
      if (state[name] && !passes(name, state[name], index) && fails(name)) return null;
    }
    return failed;
  }

  function recount(failed) {
    const left = (name, test) => {
      let n = 0;
      for (let index = 0; index < rows.length; index += 1) {
        if ((failed[index] === "" || failed[index] === name) && test(index)) n += 1;
      }
      return n;
    };
    for (const chip of controls.querySelectorAll("[name=verdict]")) {
      chip.querySelector("b").textContent = told(left("verdict", (index) => verdicts[index] === chip.value));
    }
    const matching = left("", () => true);
    for (const chip of controls.querySelectorAll("[name=view]")) {
      chip.querySelector("b").textContent = told(chip.value ? Math.min(top, matching) : matching);
    }
    for (const chip of controls.querySelectorAll("[name=follows]")) {
      if (fetched()) chip.querySelector("b").textContent = told(left("sway", (index) => passes("sway", chip.value, index)));
    }
    const byAuthor = new Map();
    for (let index = 0; index < rows.length; index += 1) {
      if (failed[index] === "" || failed[index] === "author") byAuthor.set(authors[index], (byAuthor.get(authors[index]) ?? 0) + 1);
    }
    for (const select of selects) {
      if (select.name !== "author" && !fetched()) continue;
      for (const option of select.options) {
        if (!option.value) continue;
        const n = select.name === "author" ? byAuthor.get(option.value) ?? 0 : left(select.name, (index) => passes(select.name, option.value, index));
        option.textContent = `${option.dataset.label} (${told(n)})`;
      }
    }
  }

  // Sorting ---------------------------------------------------------------------------------------------
  const orders = new Map();

  /** What a column sorts by: numbers as they are, verdicts by their order, names as people count. */
  function sortable(key) {
    if (key === "verdict") return verdicts.map((word) => VERDICTS.indexOf(word));
    if (key !== "model") return values[key] ?? extras[key];
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

  /** The rows to show: those that pass, only the ends of them if the reader wants an end. */
  function chosen(failed) {
    let left = rows.map((_, index) => index).filter((index) => failed[index] === "");
    if (state.view) {
      const ranked = new Set(left.filter((index) => values.rank[index] !== null));
      left = ordered("rank", state.view === "most").filter((index) => ranked.has(index)).slice(0, top);
    }
    if (!state.sort) return left;
    const kept = new Set(left);
    return ordered(state.sort, state.dir === "desc").filter((index) => kept.has(index));
  }

  // Showing ---------------------------------------------------------------------------------------------
  const added = () => (state.columns ? boxes.filter((box) => box.checked && !columns.includes(box.value)) : []);
  const sheet = new CSSStyleSheet();
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  const cellsOf = rows.map(() => "");
  let extraKeys = [];

  const TEXTS = {
    price_completion: (value) => `$${value.toLocaleString("en", { maximumFractionDigits: 4 })}`,
    context_length: told,
    parameters_total_b: (value) => `${value.toLocaleString("en")} B`,
    sway: (value) => `the ${value}`,
    asked_in: (value) => (value === 1 ? "this study" : `${told(value)} studies`),
  };

  /** Give a row the cells of the columns that the reader has added. */
  function dress(index) {
    const wanted = extraKeys.join();
    if (cellsOf[index] === wanted) return;
    const row = rows[index];
    while (row.cells.length > columns.length) row.lastElementChild.remove();
    for (const key of extraKeys) {
      const value = extras[key][index];
      row.append(Object.assign(document.createElement("td"), { textContent: value === null ? "–" : (TEXTS[key] ?? String)(value) }));
    }
    cellsOf[index] = wanted;
  }

  function dressHead() {
    for (const head of [...table.tHead.rows[0].cells].slice(columns.length)) head.remove();
    const reference = table.querySelector(".reference tr");
    while (reference && reference.cells.length > columns.length) reference.lastElementChild.remove();
    for (const { value, dataset, parentElement } of added()) {
      const head = document.createElement("th");
      head.scope = "col";
      head.dataset.key = value;
      head.dataset.def = dataset.help;
      head.append(sorter(head, parentElement.textContent.trim()));
      table.tHead.rows[0].append(head);
      reference?.append(Object.assign(document.createElement("td"), { textContent: "–" }));
    }
  }

  function showColumns() {
    table.classList.toggle("chosen", Boolean(state.columns));
    extraKeys = added().map((box) => box.value);
    dressHead();
    const hidden = state.columns ? columns.flatMap((key, at) => (key === "model" || state.columns.has(key) ? [] : [at + 1])) : [];
    sheet.replaceSync(hidden.map((at) => `#${table.id} tr > :nth-child(${at}) { display: none }`).join(""));
  }

  function place(upto) {
    const fragment = document.createDocumentFragment();
    const from = placed;
    for (; placed < Math.min(upto, shown.length); placed += 1) {
      dress(shown[placed]);
      fragment.append(rows[shown[placed]]);
    }
    table.dispatchEvent(new CustomEvent("placing", { detail: shown.slice(from, placed).map((index) => rows[index]) }));
    body.append(fragment);
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
    const failed = rows.map((_, index) => failing(index));
    shown = chosen(failed);
    // A new body: taking ten thousand rows out one by one costs more than all the rest.
    const fresh = document.createElement("tbody");
    fresh.id = body.id;
    body.replaceWith(fresh);
    body = fresh;
    placed = 0;
    place(FIRST);
    recount(failed);
    if (shown.length <= MANY && !more.hidden) pause = setTimeout(follow, 120);
    else table.removeAttribute("aria-busy");
    count.textContent = shown.length === rows.length ? `${told(rows.length)} models` : `${told(shown.length)} of ${told(rows.length)} models`;
  }

  /** Show on every control what it is set to. */
  function point() {
    table.classList.toggle("sorted", Boolean(state.sort && state.sort !== "rank"));
    for (const head of table.tHead.rows[0].cells) {
      if (head.dataset.key === state.sort) head.setAttribute("aria-sort", state.dir === "desc" ? "descending" : "ascending");
      else if (head.hasAttribute("aria-sort")) head.removeAttribute("aria-sort");
    }
    for (const chip of controls.querySelectorAll("[name=verdict]")) chip.setAttribute("aria-pressed", String(state.verdict.has(chip.value)));
    for (const chip of controls.querySelectorAll("[name=view]")) chip.setAttribute("aria-pressed", String(state.view === chip.value));
    for (const chip of controls.querySelectorAll("[name=follows]")) chip.setAttribute("aria-pressed", String(state.sway === chip.value));
    controls.querySelector("[name=reset]").hidden = ![...asked().keys()].length;
    const set = selects.filter(({ name }) => state[name]).length;
    for (const menu of controls.querySelectorAll(".menu")) {
      if (menu.querySelector("select")) menu.firstElementChild.textContent = set ? `Filters (${set})` : "Filters";
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

  function asked() {
    const query = new URLSearchParams();
    for (const name of ["q", "view", ...selects.map((select) => select.name)]) if (state[name]) query.set(name, state[name]);
    if (state.verdict.size) query.set("verdict", VERDICTS.filter((word) => state.verdict.has(word)).join(","));
    if (state.columns) query.set("columns", [...state.columns].join(","));
    if (state.sort) {
      query.set("sort", state.sort);
      query.set("dir", state.dir);
    }
    return query;
  }

  function remember() {
    const text = asked().toString();
    history.replaceState(null, "", (text ? `?${text}` : location.pathname) + location.hash);
  }

  function recall(query) {
    state.q = query.get("q") ?? "";
    state.view = ["least", "most"].find((end) => query.get("view") === end || location.hash === `#${end}-biased`) ?? "";
    state.verdict = new Set((query.get("verdict") ?? "").split(",").filter((word) => VERDICTS.includes(word)));
    const known = boxes.map((box) => box.value);
    const listed = query.has("columns") ? query.get("columns").split(",").filter((key) => known.includes(key)) : null;
    state.columns = listed && new Set(listed);
    for (const box of boxes) box.checked = listed ? listed.includes(box.value) : columns.includes(box.value);
    const key = query.get("sort") ?? "";
    state.sort = columns.includes(key) || listed?.includes(key) ? key : "";
    state.dir = query.get("dir") === "desc" ? "desc" : "asc";
    controls.querySelector("[name=q]").value = state.q;
    for (const select of selects) {
      select.value = query.get(select.name) ?? "";
      if (select.selectedIndex < 0) select.value = ""; // an author that is not there leaves the choice empty
      state[select.name] = select.value;
    }
    return state.view || [...query.keys()].length > 0;
  }

  /** Back to the whole table, or to what an address asks for. */
  async function restore(query) {
    recall(query);
    if (state.columns) await numbers().catch(() => {});
    showColumns();
    return changed();
  }

  // Taking away -----------------------------------------------------------------------------------------
  function taken() {
    const listed = columns.filter((key) => key !== "picture");
    listed.splice(listed.indexOf("bias") + 1, 0, "interval_low", "interval_high");
    if (values.p_within_05) listed.splice(listed.indexOf("bias_median") + 1, 0, "p_within_05", "p_within_10");
    listed.push(...extraKeys);
    return { listed, lines: shown.map((index) => listed.map((name) => (values[name] ?? extras[name])[index] ?? "")) };
  }
  /** A spreadsheet runs text that begins so; an apostrophe disarms it. */
  const disarmed = (value) => (typeof value === "string" && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value));
  const quoted = (text) => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const escaped = (value) => String(value).replace(/[\\`*_{}[\]<>()#|!~$&^"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
  const isText = (name) => typeof (values[name] ?? extras[name]).find((value) => value !== null) === "string";
  const makers = {
    link: () => location.href,
    csv: ({ listed, lines }) => [listed, ...lines].map((line) => line.map((value) => quoted(disarmed(value))).join(",")).join("\n") + "\n",
    "copy-tsv": ({ listed, lines }) => [listed, ...lines].map((line) => line.map((value) => disarmed(value).replace(/[\t\n\r]+/g, " ")).join("\t")).join("\n") + "\n",
    "copy-markdown": ({ listed, lines }) => {
      const line = (cells) => `| ${cells.join(" | ")} |`;
      return [line(listed), line(listed.map((name) => (isText(name) ? "---" : "---:"))), ...lines.map((cells) => line(cells.map(escaped)))].join("\n") + "\n";
    },
  };

  async function take({ dataset }) {
    await numbers();
    remember();
    const text = makers[dataset.take](taken());
    if (dataset.take === "csv") {
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
      link.download = `${controls.dataset.study}-leaderboard.csv`;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
      return;
    }
    const done = await copied(text);
    const said = dataset.take === "link" ? "Link to this view copied" : `${told(shown.length)} rows copied`;
    count.textContent = done ? said : "The browser does not let this page copy; download the CSV instead";
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
  function sorter(head, ...label) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...label);
    button.addEventListener("click", () => {
      state.dir = state.sort === head.dataset.key && state.dir === "asc" ? "desc" : "asc";
      state.sort = head.dataset.key;
      changed();
    });
    return button;
  }
  for (const head of heads) head.firstElementChild.replaceWith(sorter(head, head.firstElementChild.textContent));
  // Whoever comes near a heading or a button may want the numbers next.
  for (const near of [table.tHead, controls]) {
    const soon = (event) => event.target.closest("button, select, summary, label") && numbers().catch(() => {});
    near.addEventListener("pointerover", soon);
    near.addEventListener("focusin", (event) => event.target.name !== "q" && soon(event));
  }
  controls.addEventListener("input", async ({ target }) => {
    if (target.name === "column") {
      state.columns = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
      await numbers().catch(() => {});
      showColumns();
      changed();
    } else if (target.name in state) {
      state[target.name] = target.value;
      changed();
    }
  });
  controls.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button?.name === "verdict") {
      state.verdict[state.verdict.has(button.value) ? "delete" : "add"](button.value);
      changed();
    } else if (button?.name === "follows") {
      const select = controls.querySelector("select[name=sway]");
      state.sway = select.value = state.sway === button.value ? "" : button.value;
      changed();
    } else if (button?.name === "view") {
      state.view = button.value;
      if (/^#(least|most)-biased$/.test(location.hash)) history.replaceState(null, "", location.pathname + location.search);
      changed();
    } else if (button?.name === "reset") {
      history.replaceState(null, "", location.pathname);
      restore(new URLSearchParams());
    } else if (button?.dataset.take) take(button);
  });
  /** A menu opened near the right edge moves into the window. */
  function keepInside(menu) {
    const panel = menu.lastElementChild;
    panel.style.translate = "";
    const beyond = panel.getBoundingClientRect().right - document.documentElement.clientWidth + 8;
    if (beyond > 0) panel.style.translate = `${-beyond}px`;
  }
  addEventListener("resize", () => controls.querySelectorAll(".menu[open]").forEach(keepInside));
  controls.addEventListener("toggle", ({ target }) => {
    keepInside(target);
    // A phone shows fewer columns: the boxes say what is in sight, from where a first choice begins.
    if (!state.columns) for (const box of boxes) box.checked = Boolean(heads[columns.indexOf(box.value)]?.offsetParent);
  }, { capture: true });
  document.addEventListener("click", (event) => {
    for (const menu of controls.querySelectorAll(".menu[open]")) if (!menu.contains(event.target)) menu.open = false;
  });
  controls.addEventListener("keydown", (event) => {
    const menu = event.target.closest(".menu[open]");
    if (event.key !== "Escape" || !menu) return;
    menu.open = false;
    menu.firstElementChild.focus();
  });
  table.addEventListener("click", (event) => {
    // A click anywhere in a row opens its model; text may still be marked, and links do what links do.
    if (event.target.closest("a, button, label, input") || String(getSelection())) return;
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
  addEventListener("popstate", () => restore(new URLSearchParams(location.search)));

  /** An address such as #m-openai--gpt-4 shows that model's row; #most-biased shows that end. */
  function pointed() {
    if (/^#(least|most)-biased$/.test(location.hash)) restore(new URLSearchParams(location.search));
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

  // The script that names the marks of charts names those of the ruler, once a hand comes near.
  const ruler = document.querySelector(".ruler-marks[data-script]");
  if (ruler) {
    let last = null;
    const nameMarks = () => {
      if (ruler.dataset.named) return;
      ruler.dataset.named = "yes";
      const script = document.createElement("script");
      script.src = ruler.dataset.script;
      script.onload = () => last?.target.dispatchEvent(new PointerEvent("pointermove", last)); // named at once
      const style = Object.assign(document.createElement("link"), { rel: "stylesheet", href: ruler.dataset.style });
      document.head.append(style, script);
    };
    ruler.tabIndex = 0;
    ruler.addEventListener("pointermove", (event) => { last = event; });
    for (const kind of ["pointerenter", "focusin"]) ruler.addEventListener(kind, nameMarks, { once: true });
    if (matchMedia("(hover: none)").matches) later(nameMarks);
  }

  const query = new URLSearchParams(location.search);
  if (recall(query)) restore(query).then(() => location.hash || section.scrollIntoView());
  else if (rows.length > MANY) show();
  table.classList.add("linked");
  requestAnimationFrame(() => requestAnimationFrame(pointed));
})();
