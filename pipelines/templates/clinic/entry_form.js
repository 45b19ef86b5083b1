"use strict";
(function () {
  const form = document.getElementById("week");
  const told = document.getElementById("told");
  const day = (text) => new Date(text + "T12:00:00");
  const iso = (when) => [when.getFullYear(), String(when.getMonth() + 1).padStart(2, "0"),
    String(when.getDate()).padStart(2, "0")].join("-");
  let made = 0;

  function add(kind) {
    const part = document.getElementById("new-" + kind).content.cloneNode(true);
    made += 1;
    for (const field of part.querySelectorAll("[data-name]")) {
      field.id = kind + "-" + made + "-" + field.dataset.name;
      field.closest(".field").querySelector("label").htmlFor = field.id;
    }
    const card = part.querySelector(".card");
    const list = document.getElementById("list-" + kind);
    card.querySelector(".number").textContent = String(list.children.length + 1);
    card.querySelector(".remove").addEventListener("click", function () {
      card.remove();
      document.getElementById("add-" + kind).focus();
    });
    list.append(card);
    return card;
  }

  function read(card) {
    const row = {};
    for (const field of card.querySelectorAll("[data-name]")) {
      const text = field.value.trim();
      if (text !== "") row[field.dataset.name] = field.type === "number" ? Number(text) : text;
    }
    return row;
  }

  // An entry that was begun needs its date and kind; one that was not begun is left out.
  function complete() {
    for (const card of form.querySelectorAll(".card")) {
      const fields = [...card.querySelectorAll("[data-name]")];
      const given = (field) => field.value.trim() !== "";
      const begun = fields.some((field) => given(field) && field.dataset.name !== "site"
        && field.dataset.name !== "side");
      for (const field of fields.filter((one) => "needed" in one.dataset)) {
        field.setCustomValidity(begun && !given(field) ? form.dataset.toldNeeded : "");
      }
    }
    return form.reportValidity();
  }

  function rested(week) {
    const rows = [];
    for (const box of form.querySelectorAll("input[data-rest]:checked")) {
      const when = day(week);
      when.setDate(when.getDate() + Number(box.dataset.rest));
      rows.push({ date: iso(when), activity: "rest" });
    }
    return rows;
  }

  function collect() {
    const today = iso(new Date());
    const entry = { format: form.dataset.format, runner_id: form.dataset.runner, saved_on: today,
      sessions: [], symptoms: [], questionnaires: [] };
    const counts = {};
    const cards = [...document.querySelectorAll("#list-session .card")].map(read);
    for (const row of cards.filter((one) => one.date && one.activity).concat(
      rested(form.elements.week_of.value))) {
      counts[row.date] = (counts[row.date] || 0) + 1;
      row.session_id = row.date + "_form_" + today + "_" + counts[row.date];
      entry.sessions.push(row);
    }
    for (const row of [...document.querySelectorAll("#list-symptom .card")].map(read)) {
      if (!row.date || Object.keys(row).length < 4) continue;
      const same = entry.sessions.find((one) => one.date === row.date && one.activity !== "rest");
      if (same) row.session_id = same.session_id;
      entry.symptoms.push(row);
    }
    const flags = {};
    for (const box of form.querySelectorAll("input[data-flag]:checked")) {
      flags[box.dataset.flag] = box.value;
    }
    if (Object.keys(flags).length) {
      if (!entry.symptoms.length) {
        entry.symptoms.push({ date: today, site: form.dataset.site, side: form.dataset.side });
      }
      const last = entry.symptoms.reduce((a, b) => (b.date > a.date ? b : a));
      Object.assign(last, flags);
    }
    for (const part of form.querySelectorAll("[data-questionnaire]")) {
      const row = read(part);
      if (Object.keys(row).length) {
        for (const key of Object.keys(row)) row[key] = Number(row[key]);
        entry.questionnaires.push(
          Object.assign({ date: today, questionnaire: part.dataset.questionnaire }, row));
      }
    }
    return entry;
  }

  for (const kind of ["session", "symptom"]) {
    document.getElementById("add-" + kind).addEventListener("click", function () {
      add(kind).querySelector("[data-name]").focus();
    });
  }
  for (const place of JSON.parse(form.dataset.places)) {
    const card = add("symptom");
    card.querySelector("[data-name=site]").value = place[0];
    card.querySelector("[data-name=side]").value = place[1];
  }
  add("session");
  const monday = new Date();
  monday.setDate(monday.getDate() - ((monday.getDay() + 6) % 7));
  form.elements.week_of.value = iso(monday);
  document.getElementById("no-flags").addEventListener("click", function () {
    for (const box of form.querySelectorAll("input[data-flag][value=no]")) {
      if (!form.querySelector("input[data-flag='" + box.dataset.flag + "'][value=yes]").checked) {
        box.checked = true;
      }
    }
    told.textContent = form.dataset.toldNo;
  });
  form.addEventListener("input", function (event) {
    if (event.target.setCustomValidity) event.target.setCustomValidity("");
  });
  form.noValidate = true;
  form.addEventListener("submit", function (event) {
    event.preventDefault();
    if (!complete()) return;
    const entry = collect();
    const link = document.createElement("a");
    const address = URL.createObjectURL(
      new Blob([JSON.stringify(entry, null, 1) + "\n"], { type: "application/json" }));
    link.href = address;
    link.download = "entry_" + entry.saved_on + ".json";
    link.click();
    setTimeout(() => URL.revokeObjectURL(address), 10000);
    const flagged = form.querySelector("input[data-flag][value=yes]:checked");
    told.textContent = flagged ? form.dataset.toldFlag : form.dataset.toldSaved;
    told.className = flagged ? "told caution" : "told";
  });
})();
