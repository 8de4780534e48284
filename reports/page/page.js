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

// What a style adds: the curves of the page's law, read at the numbers that are typed, as `triptych cost` reads them.
if ($("cost")) {
  const law = JSON.parse($("cost-data").textContent), [low, high] = law.range;
  const significant = (value) => {
    if (!value) return "0";
    const shown = Number(value.toPrecision(3));
    return Math.abs(shown) < 1e-4 || Math.abs(shown) >= 1e7 ? value.toExponential(2).replace("+", "")
      : shown.toLocaleString("en-US", { minimumSignificantDigits: 3, maximumSignificantDigits: 3 });
  };
  const seconds = (value) => {
    const [size, unit] = [[1, "s"], [1e-3, "ms"], [1e-6, "µs"]].find(([one]) => Math.abs(value) >= 0.9995 * one) || [1e-9, "ns"];
    return value ? `${significant(value / size)} ${unit}` : "0 s";
  };
  const at = (curve, x, end) => {
    const sizes = Object.keys(curve).map(Number), next = sizes.findIndex((size) => size >= x);
    const [x1, y1] = [sizes[next], curve[sizes[next]][end]];
    if (x === x1) return y1;
    const [x0, y0] = [sizes[next - 1], curve[sizes[next - 1]][end]];
    return y1 === null ? null : (y1 - y0) / (x1 - x0) * (x - x0) + y0;
  };
  const update = () => {
    const arrays = Number($("cost-arrays").value), step = Number($("cost-step").value) / 1e3;
    const fits = Number.isInteger(arrays) && arrays >= low && arrays <= high && step > 0 && step <= law.longest;
    $("cost-note").textContent = fits ? "" : `Give ${low} to ${high.toLocaleString("en-US")} arrays, which is what was measured, and a step of more than 0 ms and at most a day.`;
    $("cost-table").hidden = !fits;
    if (!fits) return;
    $("cost-table").caption.textContent = `${arrays.toLocaleString("en-US")} arrays, a step of ${seconds(step)}: what each style adds`;
    for (const row of $("cost-table").tBodies[0].rows) {
      const [added, least, most] = [0, 1, 2].map((end) => at(law.curves[row.cells[0].textContent], arrays, end));
      row.cells[1].textContent = seconds(added) + (least === null ? "" : ` [${seconds(least)}–${seconds(most)}]`);
      row.cells[2].textContent = `${significant(100 * (added / step))} %`;
      row.cells[3].textContent = added > 0 ? seconds(added / law.share) : "any step";
    }
  };
  $("cost-arrays").oninput = $("cost-step").oninput = update;
  update();
}
