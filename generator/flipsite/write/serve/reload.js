// Added by `flipsite serve` to the pages it shows, and to no page it writes: reloads them when the site changed,
// keeps the place, and lays the reason of a failed build over them.
(function () {
  "use strict";
  const { get } = Object.getOwnPropertyDescriptor(Document.prototype, "currentScript");
  const shown = get.call(document).dataset.version; // a picture in the story cannot stand in for it
  const place = "flipsite-place:" + location.pathname;
  let source = null;
  let notice = null;

  function restore() {
    const saved = sessionStorage.getItem(place);
    if (saved === null) return;
    sessionStorage.removeItem(place);
    const [left, top] = JSON.parse(saved);
    window.scrollTo({ left, top, behavior: "instant" });
  }

  function reload() {
    sessionStorage.setItem(place, JSON.stringify([window.scrollX, window.scrollY]));
    location.reload();
  }

  function tell(error) {
    const reason = document.getElementById("flipsite-reason");
    if (reason !== null) {
      reason.textContent = error ?? "It is being built.";
      return;
    }
    if (notice !== null) notice.remove();
    notice = null;
    if (error === null) return;
    notice = document.createElement("div");
    notice.id = "flipsite-error";
    notice.setAttribute("role", "alert");
    notice.style.cssText =
      "position:fixed;inset:auto 0 0 0;max-height:70vh;overflow:auto;z-index:2147483647;padding:1rem 1.5rem;" +
      "background:#2b0b0b;color:#fff;border-top:4px solid #e5484d;font:14px/1.5 ui-monospace,monospace;" +
      "white-space:pre-wrap;overflow-wrap:anywhere";
    notice.textContent = "The site could not be built; this is the last good one.\n\n" + error;
    document.body.append(notice);
  }

  function connect() {
    source = new EventSource("/.flipsite/events");
    source.onmessage = (event) => {
      const state = JSON.parse(event.data);
      if (state.version !== shown) reload();
      else tell(state.error);
    };
  }

  // A browser keeps six connections to a host: hidden pages give theirs up.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) source.close();
    else connect();
  });
  window.addEventListener("load", restore);
  connect();
})();
