/* The page of embeds: copy buttons, and previews as high as what they show. Without it the files can be fetched. */
(function () {
  "use strict";
  function select(text) {
    var range = document.createRange();
    range.selectNodeContents(text);
    var selection = window.getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
  }
  function copied(text) {
    if (navigator.clipboard && window.isSecureContext) {
      return navigator.clipboard.writeText(text.textContent);
    }
    select(text);
    return document.execCommand("copy") ? Promise.resolve() : Promise.reject(new Error("refused"));
  }
  function made(template) {
    return document.getElementById(template).content.cloneNode(true).firstElementChild;
  }
  // The preview and one box a source, made here: the files below are there without it.
  document.querySelectorAll("[data-labels] .embed").forEach(function (section) {
    var name = section.querySelector("h3").textContent;
    var files = section.querySelector(".embed-files");
    var preview = made("embed-preview");
    preview.querySelector("span").textContent = " of " + name;
    var frame = preview.querySelector("iframe");
    frame.title = section.querySelector("p").textContent;
    frame.src = files.querySelector("a:last-child").getAttribute("href");
    frame.remove(); // inside closed details, lazy frames load with the page, all at once
    preview.addEventListener("toggle", function () { preview.append(frame); }, { once: true });
    files.before(preview);
    section.closest("[data-labels]").dataset.labels.split(" ").forEach(function (label) {
      var box = made("embed-source");
      box.dataset.label = label;
      box.querySelector("b").textContent = label;
      box.querySelector("summary span").textContent = " of " + name;
      box.querySelector("button span").textContent = " the " + label + " of " + name;
      box.querySelector("pre").setAttribute("aria-label", label + " of " + name);
      files.before(box);
    });
  });
  var fetched = new Set();
  // Sources come with a script of their embed's own when one of them is opened; that works from a file too.
  window.flipsiteEmbed = function (given) {
    document.getElementById(given.embed).querySelectorAll("[data-label]").forEach(function (box) {
      box.querySelector(".embed-text").textContent = given.sources[box.dataset.label];
      box.querySelector(".embed-copy").hidden = false;
    });
  };
  document.querySelectorAll("details[data-label]").forEach(function (box) {
    box.addEventListener("toggle", function () {
      var section = box.closest(".embed");
      if (fetched.has(section)) { return; }
      var script = document.createElement("script");
      script.src = section.querySelector(".embed-files a").getAttribute("href").replace(/html$/, "js");
      fetched.add(section);
      document.head.append(script);
    });
  });
  document.querySelectorAll(".embed-copy").forEach(function (button) {
    var box = button.closest("details");
    var text = box.querySelector(".embed-text");
    var note = box.querySelector(".embed-note");
    button.addEventListener("click", function () {
      copied(text).then(
        function () { note.textContent = "Copied."; },
        function () { select(text); note.textContent = "Selected: copy it with your keyboard."; }
      );
    });
  });
  window.addEventListener("message", function (event) {
    if (!event.data || event.data.type !== "flipsite:height") { return; }
    document.querySelectorAll("iframe.flipsite-embed-frame").forEach(function (frame) {
      if (frame.contentWindow === event.source) {
        frame.height = String(Math.min(Number(event.data.height) || 0, 20000));
      }
    });
  });
})();
