// Names the marks of pictures on hover, focus and tap, and makes a chart interactive when its reader asks for it.
// Without this script every chart is a picture whose marks have titles.
// Loads with classic script elements only, so it works from file://; needs no unsafe-eval and no inline style.
(() => {
  "use strict";
  // Not `document.currentScript`, for which an image of that name in a story would stand in.
  const { get } = Object.getOwnPropertyDescriptor(Document.prototype, "currentScript");
  const { bundle, root = "" } = get.call(document).dataset;
  const NARROW_PX = 560; // as in charts.css
  const FAILED = "The interactive chart could not be loaded; the picture shows the same.";
  const loads = new Map();
  const specs = new Map();
  const pictures = new Map();
  window.flipsiteChart = (name, spec, svgs) => {
    specs.set(name, spec);
    pictures.set(name, svgs);
  };

  const load = (src) => {
    if (!loads.has(src)) {
      loads.set(src, new Promise((resolve, reject) => {
        const script = document.createElement("script");
        script.src = src;
        script.onload = resolve;
        script.onerror = () => {
          loads.delete(src);
          script.remove();
          reject(new Error(`${src} could not be loaded`));
        };
        document.head.append(script);
      }));
    }
    return loads.get(src);
  };

  // All models share the specifications of their small charts; the page says what its own model drew.
  const ROWS = {
    strip: ({ usermeta }, { drawn, stride, numbers }) => [...drawn].map((sign, place) => ({
      draw: numbers ? Number(numbers.split(" ")[place]) : place * stride,
      column: place % usermeta.columns,
      row: Math.floor(place / usermeta.columns),
      result: { 1: "one", 0: "zero" }[sign] ?? "neither",
    })),
    "running-mean": ({ datasets }, { drawn, ones }) => {
      let sum = 0;
      const counts = ones ? ones.split(" ").map(Number) : [...drawn].map((sign) => (sum += Number(sign)));
      return datasets.draws.map((row, place) => ({ ...row, mean: counts[place] / row.draw }));
    },
  };

  const readSpec = async (figure) => {
    const { chart, spec: path } = figure.dataset;
    if (!specs.has(chart)) await load(path);
    const spec = structuredClone(specs.get(chart));
    const rows = ROWS[spec.usermeta?.rows];
    if (rows) spec.datasets.draws = rows(spec, figure.dataset);
    return spec;
  };

  // The narrow picture is another layout of the same data; links in the data start at the site's root.
  const fitted = (spec, figure) => {
    const { usermeta, ...whole } = spec;
    const narrow = figure.clientWidth < NARROW_PX;
    const fit = narrow && usermeta?.narrow ? { ...whole, ...usermeta.narrow } : whole;
    for (const row of Object.values(fit.datasets ?? {}).flat()) {
      if (typeof row.page === "string") row.page = root + row.page;
    }
    fit.config = { ...fit.config, font: getComputedStyle(figure).fontFamily };
    return fit;
  };

  const tip = document.createElement("div");
  tip.className = "chart-tip";
  tip.hidden = true;

  const placeTip = (x, y) => {
    tip.hidden = false;
    const { width, height } = tip.getBoundingClientRect();
    const left = Math.min(x + 12, document.documentElement.clientWidth - width - 8);
    const top = y + 16 + height > document.documentElement.clientHeight ? y - height - 12 : y + 16;
    tip.style.left = `${Math.max(8, left)}px`;
    tip.style.top = `${Math.max(8, top)}px`;
  };
  const hideTip = () => { tip.hidden = true; };
  const onTooltip = (_handler, event, _item, value) => {
    if (!value || typeof value !== "object") return hideTip();
    const list = document.createElement("dl");
    for (const [key, text] of Object.entries(value)) {
      const name = document.createElement("dt");
      const said = document.createElement("dd");
      name.textContent = key;
      said.textContent = text;
      list.append(name, said);
    }
    tip.replaceChildren(list);
    placeTip(event.clientX, event.clientY);
  };

  // A label says the name, a colon, and the numbers.
  const nameOf = (mark) => mark.getAttribute("aria-label") ?? "";
  const showName = (mark, { x, y }, hint) => {
    const [name, numbers] = nameOf(mark).split(/: (.*)/s);
    const strong = document.createElement("strong");
    strong.textContent = name;
    const rest = document.createElement("p");
    rest.textContent = numbers ?? "";
    tip.replaceChildren(strong, rest);
    if (hint) tip.append(Object.assign(document.createElement("small"), { textContent: hint }));
    placeTip(x, y);
  };
  const middle = (mark) => {
    const { left, top, width, height } = mark.getBoundingClientRect();
    return { x: left + width / 2, y: top + height / 2, width, height };
  };

  // Titles become labels: else the browser would show its own beside ours.
  const namedMarks = (svg) => {
    for (const title of svg.querySelectorAll("a > title, path > title, use > title")) {
      title.parentElement.setAttribute("aria-label", title.textContent);
      if (!title.parentElement.href) title.parentElement.setAttribute("role", "img");
      title.remove();
    }
    return [...svg.querySelectorAll("[aria-label]:is(a, path, use)")];
  };
  const isWord = (mark) => mark.localName === "a" && !mark.querySelector("path, use, circle, rect");

  // The models a reader ticked, or those of the address, as in a comparison.
  const chosen = () => {
    const found = new URLSearchParams(location.search).getAll("m");
    try {
      found.push(...JSON.parse(sessionStorage.getItem("flipsite-chosen") ?? "[]").map(String));
    } catch {
      // Without storage the address alone counts.
    }
    return [...new Set(found)];
  };

  const ownNames = (figure) => chosen().filter((key) => figure.dataset.chart.startsWith(`${key.split("/")[0]}-`)).map((key) => key.slice(key.indexOf("/") + 1));

  const SVG = "http://www.w3.org/2000/svg";
  const shape = (name, given) => {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(given)) made.setAttribute(key, value);
    return made;
  };

  /** Ring and name the reader's models; where rows have names, these become bold. */
  const showChosen = (figure, svg, marks) => {
    svg.querySelector(".chosen-marks")?.remove();
    const names = ownNames(figure);
    const whole = svg.getBoundingClientRect();
    if (!names.length || !whole.width) return;
    const scale = (svg.viewBox.baseVal?.width || whole.width) / whole.width;
    const group = shape("g", { class: "chosen-marks", "aria-hidden": "true" });
    for (const name of names) {
      const own = marks.filter((mark) => nameOf(mark).startsWith(`${name}: `));
      const words = own.filter(isWord);
      words.forEach((word) => word.classList.add("chosen"));
      for (const mark of own.filter((each) => !isWord(each)).slice(0, 1)) {
        const { x, y } = middle(mark);
        const at = { x: (x - whole.left) * scale, y: (y - whole.top) * scale };
        group.append(shape("circle", { cx: at.x, cy: at.y, r: 9 }));
        if (words.length) continue;
        const right = at.x > (whole.width * scale) / 2;
        const text = shape("text", { x: at.x + (right ? -13 : 13), y: at.y + 4, "text-anchor": right ? "end" : "start" });
        text.textContent = name;
        group.append(text);
      }
    }
    svg.append(group);
  };

  // One stop for the tab key; arrows go from mark to mark, Enter opens the mark's page.
  const byKeyboard = (held, marks, words) => {
    let at = -1;
    held.tabIndex = 0;
    held.setAttribute("role", "group");
    held.setAttribute("aria-label", `${words}: arrow keys go from mark to mark, Enter opens a mark’s page`);
    held.addEventListener("keydown", (event) => {
      const there = marks();
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (step && there.length) {
        at = (at + step + there.length + (at < 0 && step < 0 ? 1 : 0)) % there.length;
        there[at].setAttribute("tabindex", "-1");
        there[at].focus();
        const { x, y, width, height } = middle(there[at]);
        showName(there[at], { x: x + width / 2, y: y + height / 2 });
        event.preventDefault();
      } else if (event.key === "Enter" && there[at]) {
        const href = there[at].__data__?.href ?? there[at].getAttribute("href");
        if (href && there[at].localName !== "use") {
          event.preventDefault(); // a link that has the focus would go there a second time
          location.assign(href);
        }
      } else if (event.key === "Escape") {
        hideTip();
      }
    });
    held.addEventListener("focusout", hideTip);
  };

  const NEAR_PX = 24;
  const nearest = (marks, { clientX, clientY }) => {
    let [found, least] = [null, NEAR_PX];
    for (const mark of marks) {
      const { x, y } = middle(mark);
      const far = Math.hypot(x - clientX, y - clientY);
      if (far < least) [found, least] = [mark, far];
    }
    return found;
  };

  /** Name a picture's marks on hover, on focus and on tap; a first tap names, a second one opens the page. */
  const nameMarks = (figure, still) => {
    const pictured = [...still.querySelectorAll(":scope > svg")];
    if (!pictured.some((svg) => svg.querySelector("a, path > title, use > title"))) return;
    const bySvg = new Map();
    const visible = () => pictured.find((svg) => svg.getBoundingClientRect().width);
    const marks = () => {
      const svg = visible();
      if (svg && !bySvg.has(svg)) bySvg.set(svg, namedMarks(svg));
      return bySvg.get(svg) ?? [];
    };
    let now = null;
    const name = (mark, at, hint) => {
      now?.classList.remove("named");
      now = mark;
      now?.classList.add("named");
      if (mark) showName(mark, at, hint);
      else hideTip();
    };
    const under = (event) => {
      const there = marks();
      const direct = event.target.closest("a") ?? event.target.closest("path, use");
      return there.includes(direct) ? direct : nearest(there, event);
    };
    still.addEventListener("pointermove", (event) => {
      if (event.pointerType === "mouse") name(under(event), { x: event.clientX, y: event.clientY });
    });
    still.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && name(null));
    still.addEventListener("click", (event) => {
      if (event.pointerType !== "touch") return;
      const mark = under(event);
      event.preventDefault();
      const href = mark === now && mark?.getAttribute("href");
      if (href && mark.localName === "a") return location.assign(href);
      name(mark, { x: event.clientX, y: event.clientY }, mark?.localName === "a" ? "Tap again to open its page" : "");
    });
    byKeyboard(still, marks, "Picture");
    const mine = () => {
      const svg = visible();
      if (svg) showChosen(figure, svg, marks());
    };
    if (ownNames(figure).length) new ResizeObserver(mine).observe(still);
  };

  /** The picture in place of the image of it, with marks that have names. */
  const inlined = async (figure, still) => {
    const { chart, spec: path } = figure.dataset;
    if (!specs.has(chart)) await load(path);
    const held = document.createElement("div");
    held.className = "chart-still";
    held.hidden = still.hidden;
    held.append(...new DOMParser().parseFromString(pictures.get(chart).join(""), "text/html").body.children);
    for (const link of held.querySelectorAll("a")) link.setAttribute("href", root + link.getAttribute("href"));
    still.replaceWith(held);
    return held;
  };

  const draw = async (figure, live) => {
    const [spec] = await Promise.all([readSpec(figure), window.vegaEmbed ?? load(bundle)]);
    return window.vegaEmbed(live, fitted(spec, figure), {
      mode: "vega-lite",
      renderer: "svg",
      actions: false,
      ast: true,
      defaultStyle: false,
      tooltip: onTooltip,
    });
  };

  const prepare = (figure) => {
    const button = figure.querySelector("button.chart-switch");
    let still = figure.querySelector(".chart-still");
    const note = figure.querySelector(".chart-note");
    const [start, stop] = [button.textContent, button.dataset.back];
    let view = null;
    let live = null;
    const toStill = () => {
      view?.finalize();
      live?.remove();
      view = live = null;
      hideTip();
      still.hidden = false;
      button.textContent = start;
    };
    const named = () => nameMarks(figure, still);
    if (still.localName === "picture") {
      const fetched = () => inlined(figure, still).then((found) => { still = found; }).then(named, () => {});
      for (const kind of ["pointerenter", "focusin"]) figure.addEventListener(kind, fetched, { once: true });
      if (ownNames(figure).length) fetched();
    } else named();
    button.hidden = false;
    button.addEventListener("click", async () => {
      if (live) return toStill();
      note.textContent = "";
      live = document.createElement("div");
      live.className = "chart-live";
      still.after(live);
      button.disabled = true;
      try {
        view = await draw(figure, live);
        still.hidden = true;
        button.textContent = stop;
        const marks = [...live.querySelectorAll('[aria-roledescription="point"]')];
        if (marks.length) byKeyboard(live, () => marks, "Interactive chart");
        showChosen(figure, live.querySelector("svg"), marks);
      } catch (error) {
        toStill();
        note.textContent = FAILED;
        console.info(String(error));
      } finally {
        button.disabled = false;
        button.focus();
      }
    });
  };

  document.body.append(tip);
  document.querySelectorAll("figure[data-spec]").forEach(prepare);
  document.querySelectorAll(".ruler-marks, .toy-picture").forEach((ruler) => nameMarks(ruler, ruler));
})();
