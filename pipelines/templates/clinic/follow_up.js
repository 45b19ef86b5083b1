"use strict";
(function () {
  const form = document.getElementById("filter");
  const body = document.querySelector("#list tbody");
  const rows = [...body.rows];
  const shown = document.getElementById("shown");
  const find = document.getElementById("find");
  form.hidden = false;

  function show() {
    const states = new Set([...form.querySelectorAll("input[name=state]:checked")]
      .map((box) => box.value));
    const words = find.value.trim().toLowerCase();
    let count = 0;
    for (const row of rows) {
      row.hidden = !states.has(row.dataset.state)
        || (words !== "" && !row.textContent.toLowerCase().includes(words));
      if (!row.hidden) count += 1;
    }
    shown.textContent = count + " " + shown.dataset.words + " " + rows.length;
  }

  function sort(index, head) {
    const up = head.getAttribute("aria-sort") !== "ascending";
    for (const other of head.parentElement.cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    const value = (row) => row.cells[index].dataset.value || row.cells[index].textContent;
    const order = (a, b) => {
      const x = value(a), y = value(b), n = Number(x) - Number(y);
      const found = Number.isNaN(n) ? x.localeCompare(y) : n;
      return (up ? found : -found) || Number(a.dataset.need) - Number(b.dataset.need);
    };
    body.append(...[...rows].sort(order));
  }

  [...document.querySelectorAll("#list thead th")].forEach(function (head, index) {
    if (head.dataset.key === "why") return;
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => sort(index, head));
  });
  form.addEventListener("change", show);
  form.addEventListener("submit", (event) => event.preventDefault());
  find.addEventListener("input", show);
  show();
})();
