(function () {
  "use strict";
  // Native tooltips are slow and show one line at a time: take the marks' titles over.
  var tip = document.getElementById("tip");
  document.querySelectorAll(".mark").forEach(function (mark) {
    var title = mark.querySelector("title");
    if (title) { mark.tip = title.textContent; title.remove(); }
  });
  var around = [[0, 0], [3, 0], [-3, 0], [0, 3], [0, -3]];
  var hot = [];
  function markAt(x, y) {
    for (var i = 0; i < around.length; i++) {
      var found = document.elementFromPoint(x + around[i][0], y + around[i][1]);
      var mark = found && found.closest(".mark");
      if (mark) { return mark; }
    }
    return null;
  }
  function cool() {
    hot.forEach(function (mark) { mark.classList.remove("hot"); });
    hot = [];
    tip.hidden = true;
  }
  document.addEventListener("mousemove", function (event) {
    var sheet = event.target.closest && event.target.closest(".sheet");
    var mark = sheet && markAt(event.clientX, event.clientY);
    if (!mark) { if (!tip.hidden) { cool(); } return; }
    if (hot[0] !== mark) {
      cool();
      hot = [mark];
      // The same run in every other figure.
      if (mark.dataset.run) {
        document.querySelectorAll(".mark[data-run]").forEach(function (other) {
          if (other !== mark && other.dataset.run === mark.dataset.run) { hot.push(other); }
        });
        hot.forEach(function (each) { each.classList.add("hot"); });
      }
      tip.textContent = mark.tip;
    }
    tip.hidden = false;
    var x = Math.min(event.clientX + 14, window.innerWidth - tip.offsetWidth - 8);
    var y = event.clientY + 16;
    if (y + tip.offsetHeight > window.innerHeight) { y = event.clientY - tip.offsetHeight - 10; }
    tip.style.left = Math.max(4, x) + "px";
    tip.style.top = Math.max(4, y) + "px";
  });
  document.addEventListener("mouseleave", cool);
  document.addEventListener("scroll", cool, true);
  // Paper cannot be unfolded, and comes back as it was.
  var folded = [];
  window.addEventListener("beforeprint", function () {
    folded = Array.prototype.slice.call(document.querySelectorAll("details:not([open])"));
    folded.forEach(function (fold) { fold.open = true; });
  });
  window.addEventListener("afterprint", function () {
    folded.forEach(function (fold) { fold.open = false; });
  });
  // A legend that switches searchers off and on, where there is something to switch.
  document.querySelectorAll("figure").forEach(function (figure) {
    var arms = [];
    var parts = figure.querySelectorAll("[data-arm]");
    parts.forEach(function (part) {
      if (arms.indexOf(part.dataset.arm) < 0) { arms.push(part.dataset.arm); }
    });
    if (arms.length < 3) { return; }
    var legend = document.createElement("div");
    legend.className = "legend";
    arms.forEach(function (arm) {
      var label = document.createElement("label");
      var box = document.createElement("input");
      box.type = "checkbox";
      box.checked = true;
      box.addEventListener("change", function () {
        parts.forEach(function (part) {
          if (part.dataset.arm === arm) { part.classList.toggle("off", !box.checked); }
        });
      });
      label.appendChild(box);
      label.appendChild(document.createTextNode(" " + arm));
      legend.appendChild(label);
    });
    figure.insertBefore(legend, figure.firstChild);
  });
})();
