// Search over the static index, which is fetched on use: models, authors, pages, words, headings. One typo a word
// is forgiven. “a vs b” puts two models side by side. On the search page the words asked for stand in the address.
(() => {
  "use strict";
  const MOST = 100;
  const BRIEF = 8;
  const { root } = document.querySelector(".site-head").dataset;
  let loading = null;

  function index() {
    loading ??= new Promise((done, failed) => {
      const script = document.createElement("script");
      script.src = `${root}assets/search-index.js`;
      script.onload = () => done(window.flipsiteIndex.map(([title, path, kind, rest]) => {
        const name = title.toLowerCase();
        return { title, kind, name, path, key: `${name} ${kind.toLowerCase()}`, parts: name.split(/[^\p{L}\p{N}]+/u), address: root + path.split("/").map(encodeURIComponent).join("/") + rest };
      }));
      script.onerror = () => failed(new Error(`${script.src} could not be loaded`));
      document.head.append(script);
    });
    return loading;
  }

  /** Whether one letter added, left out, changed, or swapped with its neighbour makes one word the other. */
  function near(one, other) {
    if (Math.abs(one.length - other.length) > 1) return false;
    let at = 0;
    while (at < one.length && one[at] === other[at]) at += 1;
    const [a, b] = [one.slice(at), other.slice(at)];
    return a.slice(1) === b.slice(1) || a.slice(1) === b || a === b.slice(1)
      || (a[0] === b[1] && a[1] === b[0] && a.slice(2) === b.slice(2));
  }

  /** Whether a word of at least four letters is, but for one typo, the beginning of a part of a name. */
  const mistyped = (word, parts) => word.length > 3 && parts.some((part) => [-1, 0, 1].some((more) => near(word, part.slice(0, word.length + more))));

  const KINDS = ["Model", "Author", "Word", "Section"];

  /** How far a match is from the best one: typos last; earlier and shorter matches first; pages before the rest. */
  function rank({ name, key, kind, parts }, words) {
    let typos = 0;
    for (const word of words) {
      if (key.includes(word)) continue;
      if (!mistyped(word, parts)) return null;
      typos += 1;
    }
    const at = name.indexOf(words[0]);
    return typos * 10_000 + (at < 0 ? 1000 : at) + name.length / 1000 + 0.1 * (KINDS.findIndex((each) => kind.startsWith(each)) + 1);
  }

  /** Two models side by side: the best of either name, the second one of the first one's study if it can be. */
  async function pair(one, other) {
    const isModel = ({ kind }) => kind.startsWith("Model in");
    const first = (await find(one)).find(isModel);
    const seconds = (await find(other)).filter((entry) => isModel(entry) && entry !== first);
    const study = ({ path }) => path.split("/", 1)[0];
    const second = first && (seconds.find((entry) => study(entry) === study(first)) ?? seconds[0]);
    if (!second) return [];
    const asked = new URLSearchParams([first, second].map((entry) => ["m", `${study(entry)}/${entry.title}`]));
    return [{ title: `${first.title} and ${second.title}`, kind: "Side by side", address: `${root}compare/index.html?${asked}` }];
  }

  async function find(text) {
    const two = text.split(/\s+vs\.?\s+/i);
    if (two.length === 2 && two.every((name) => name.trim())) return pair(...two);
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    if (!words.length) return [];
    const ranked = (await index()).map((entry) => [rank(entry, words), entry]).filter(([score]) => score !== null);
    return ranked.sort(([one], [other]) => one - other).map(([, entry]) => entry);
  }

  function listed(entries) {
    return entries.map(({ title, kind, address }) => {
      const item = document.createElement("li");
      const link = document.createElement("a");
      const note = document.createElement("small");
      link.href = address;
      if (kind.startsWith("Model")) link.append(...window.flipsiteBreakable(title));
      else link.textContent = title;
      note.textContent = kind;
      item.append(link, " ", note);
      return item;
    });
  }

  // A box on any page: the best few below it ----------------------------------------------------------------
  async function suggest(field) {
    const box = field.closest(".finder").querySelector(".finds");
    const asked = field.value;
    const found = await find(asked);
    if (asked !== field.value) return;
    const count = document.createElement("p");
    const all = document.createElement("a");
    all.href = `${root}search/index.html?q=${encodeURIComponent(asked)}`;
    all.textContent = `All ${found.length.toLocaleString("en")} results`;
    count.setAttribute("role", "status");
    if (found.length > BRIEF) count.append(all);
    else count.textContent = found.length ? "" : "Nothing found";
    const list = document.createElement("ol");
    list.className = "found";
    list.append(...listed(found.slice(0, BRIEF)));
    box.replaceChildren(list, count);
    box.hidden = !asked.trim();
  }

  document.addEventListener("input", ({ target }) => target.name === "find" && suggest(target));
  document.addEventListener("keydown", (event) => {
    const finder = event.target.closest(".finder");
    if (!finder) return;
    const links = [finder.querySelector("input"), ...finder.querySelectorAll(".finds a")];
    const at = links.indexOf(event.target);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      links[Math.max(0, Math.min(links.length - 1, at + step))].focus();
    } else if (event.key === "Enter" && at === 0) {
      links[1]?.click();
    } else if (event.key === "Escape") {
      finder.querySelector(".finds").hidden = true;
      links[0].focus();
    }
  });
  document.addEventListener("click", ({ target }) => {
    for (const box of document.querySelectorAll(".finder .finds")) if (!box.parentElement.contains(target)) box.hidden = true;
  });
  const waiting = document.activeElement;
  if (waiting?.name === "find" && waiting.value) suggest(waiting);

  // The search page ---------------------------------------------------------------------------------------
  const page = document.querySelector(".site-search input");
  if (!page) return;
  const count = document.querySelector(".count");
  const list = document.querySelector(".found");

  async function show() {
    const found = await find(page.value);
    list.replaceChildren(...listed(found.slice(0, MOST)));
    if (!page.value.trim()) count.textContent = "";
    else count.textContent = `${found.length.toLocaleString("en")} found${found.length > MOST ? `; the first ${MOST} are shown` : ""}`;
    history.replaceState(null, "", page.value ? `?q=${encodeURIComponent(page.value)}` : location.pathname);
  }

  page.value = new URLSearchParams(location.search).get("q") ?? "";
  page.addEventListener("input", () => requestAnimationFrame(show));
  if (page.value) show();
  else page.focus();
})();
