// Makes a chart interactive when its reader asks for it. Without this script every chart is a picture.
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
  window.flipsiteChart = (name, spec) => specs.set(name, spec);

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

  const showTip = (value, x, y) => {
    const list = document.createElement("dl");
    for (const [key, text] of Object.entries(value)) {
      const name = document.createElement("dt");
      const said = document.createElement("dd");
      name.textContent = key;
      said.textContent = text;
      list.append(name, said);
    }
    tip.replaceChildren(list);
    tip.hidden = false;
    const { width, height } = tip.getBoundingClientRect();
    const left = Math.min(x + 12, document.documentElement.clientWidth - width - 8);
    const top = y + 16 + height > document.documentElement.clientHeight ? y - height - 12 : y + 16;
    tip.style.left = `${Math.max(8, left)}px`;
    tip.style.top = `${Math.max(8, top)}px`;
  };
  const hideTip = () => { tip.hidden = true; };
  const onTooltip = (_handler, event, _item, value) => {
    if (value && typeof value === "object") showTip(value, event.clientX, event.clientY);
    else hideTip();
  };

  // One stop for the tab key; arrows go from mark to mark, Enter opens the mark's page.
  const byKeyboard = (live) => {
    const marks = [...live.querySelectorAll('[aria-roledescription="point"]')];
    if (!marks.length) return;
    let at = -1;
    live.tabIndex = 0;
    live.setAttribute("role", "group");
    live.setAttribute("aria-label", "Interactive chart: arrow keys go from mark to mark, Enter opens a mark’s page");
    live.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      const item = marks[at]?.__data__;
      if (step) {
        at = (at + step + marks.length + (at < 0 && step < 0 ? 1 : 0)) % marks.length;
        marks[at].tabIndex = -1;
        marks[at].focus();
        const box = marks[at].getBoundingClientRect();
        const said = marks[at].__data__?.tooltip;
        if (said && typeof said === "object") showTip(said, box.right, box.bottom);
        event.preventDefault();
      } else if (event.key === "Enter" && item?.href) {
        window.location.assign(item.href);
      } else if (event.key === "Escape") {
        hideTip();
      }
    });
    live.addEventListener("focusout", hideTip);
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
    const still = figure.querySelector(".chart-still");
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
        byKeyboard(live);
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
  document.querySelectorAll("figure[data-chart]").forEach(prepare);
})();
