"use strict";
// Everything here is an addition: without it the page has the same content in the same order.
const $ = (id) => document.getElementById(id);
const table = $("table"), body = table.tBodies[0], heads = [...table.tHead.rows[0].cells];
const column = Object.fromEntries(heads.map((head, index) => [head.dataset.key, index]));
document.querySelectorAll(".js").forEach((element) => { element.hidden = false; });

// Theme: follows the system until somebody presses the button.
const dark = () => (document.documentElement.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
const remember = (value) => { try { return value ? localStorage.setItem("triptych-theme", value) : localStorage.getItem("triptych-theme"); } catch { return null; } };
const paint = (value) => { if (value) document.documentElement.dataset.theme = value; $("theme").textContent = dark() ? "Light theme" : "Dark theme"; };
paint(remember());
$("theme").onclick = () => { const next = dark() ? "light" : "dark"; remember(next); paint(next); };

// Sorting: a button in every heading, aria-sort on one of them.
const key = (row, index) => row.cells[index].dataset.o;
function sort(index) {
  const rows = [...body.rows], numeric = rows.some((row) => key(row, index) !== undefined);
  const descending = heads[index].getAttribute("aria-sort") === "ascending", sign = descending ? -1 : 1;
  rows.sort((a, b) => {
    if (!numeric) return sign * a.cells[index].textContent.localeCompare(b.cells[index].textContent, "en");
    const [left, right] = [key(a, index), key(b, index)];
    if (left === undefined || right === undefined) return (left === undefined) - (right === undefined);
    return sign * (left - right);
  });
  heads.forEach((head) => head.removeAttribute("aria-sort"));
  heads[index].setAttribute("aria-sort", descending ? "descending" : "ascending");
  body.append(...rows);
}
heads.forEach((head, index) => {
  const button = Object.assign(document.createElement("button"), { type: "button", onclick: () => sort(index) });
  button.append(...head.childNodes);
  head.append(button);
});

// Filters: hide rows and the details of their cells, and say how many are left.
const filters = ["trainer", "workload", "device"].filter((name) => $(`filter-${name}`)).map((name) => [$(`filter-${name}`), column[name]]);
const said = (row, index) => row.cells[index].textContent;
function filter() {
  let shown = 0;
  for (const row of body.rows) {
    row.hidden = filters.some(([select, index]) => select.value && said(row, index) !== select.value);
    shown += !row.hidden;
    const details = $(`details-${row.id}`);
    if (details) details.hidden = row.hidden;
  }
  const all = body.rows.length, [some, whole] = [shown, all].map((number) => number.toLocaleString("en-US"));
  $("shown").textContent = `${some} of ${whole} ${all === 1 ? "cell" : "cells"}`;
}
for (const [select, index] of filters) {
  new Set([...body.rows].map((row) => said(row, index))).forEach((value) => select.add(new Option(value, value)));
  select.onchange = filter;
}

// The reference: what the table says against any trainer has been worked out already and only takes its place.
if ($("reference")) {
  const said = JSON.parse($("by-reference").textContent);
  Object.keys(said).filter(Boolean).forEach((name) => $("reference").add(new Option(name, name)));
  const note = (words) => Object.assign(document.createElement("small"), { textContent: words });
  $("reference").onchange = () => {
    const name = $("reference").value;
    for (const [id, entries] of Object.entries(said[name])) {
      for (const [key, [main, notes, order]] of Object.entries(entries)) {
        const cell = $(id).cells[column[key]];
        cell.replaceChildren(main, ...notes.map(note));
        if (order) cell.dataset.o = order; else delete cell.dataset.o;
      }
    }
    $("against").textContent = name ? `The table now compares with ${name}; verdict and figures stay with the reference of the run.` : "";
  };
}

// Downloads: plain files in place of the compressed ones.
const unpack = (link) => new Response(new Blob([Uint8Array.from(atob(link.href.split(",")[1]), (c) => c.charCodeAt(0))])
  .stream().pipeThrough(new DecompressionStream("gzip"))).blob();
document.querySelectorAll("a[data-plain]").forEach((link) => {
  link.onclick = async (event) => {
    event.preventDefault();
    const href = URL.createObjectURL(await unpack(link));
    Object.assign(document.createElement("a"), { download: link.dataset.plain, href }).click();
    setTimeout(() => URL.revokeObjectURL(href), 1000);
  };
});
document.querySelectorAll(".plain").forEach((element) => { element.hidden = true; });

// Commands: a button that copies.
document.querySelectorAll("button.copy").forEach((button) => {
  button.onclick = async () => {
    try { await navigator.clipboard.writeText(button.previousElementSibling.textContent); button.textContent = "Copied"; }
    catch { getSelection().selectAllChildren(button.previousElementSibling); button.textContent = "Selected"; }
  };
});
