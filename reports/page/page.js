"use strict";
// Everything here is an addition: without it the page has the same content in the same order.
const $ = (id) => document.getElementById(id);
const table = $("table"), body = table.tBodies[0], heads = [...table.tHead.rows[0].cells];
const column = Object.fromEntries(heads.map((head, index) => [head.dataset.key, index]));
const chooser = $("chooser") && JSON.parse($("chooser").textContent);
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
  const descending = heads[index].getAttribute("aria-sort") === "ascending";
  const rows = [...body.rows], numeric = rows.some((row) => key(row, index) !== undefined);
  const sign = descending ? -1 : 1;
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
  const button = document.createElement("button");
  button.type = "button";
  button.append(...head.childNodes);
  head.append(button);
  button.onclick = () => sort(index);
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
  $("shown").textContent = `${shown.toLocaleString("en-US")} of ${body.rows.length.toLocaleString("en-US")} cells`;
}
for (const [select, index] of filters) {
  new Set([...body.rows].map((row) => said(row, index))).forEach((value) => select.add(new Option(value, value)));
  select.onchange = filter;
}

// Statistics, as in benches/stats.py and benches/pairing.py, on the embedded samples.
const median = (values) => { const s = [...values].sort((a, b) => a - b), m = s.length >> 1; return s.length % 2 ? s[m] : (s[m - 1] + s[m]) / 2; };
function tail(n) {
  let counts = [1];
  for (let rank = 1; rank <= n; rank++) {
    const next = [...counts, ...Array(rank).fill(0)];
    counts.forEach((count, index) => { next[index + rank] += count; });
    counts = next;
  }
  let sum = 0;
  return counts.map((count) => (sum += count) / 2 ** n);
}
function geometric(values) {
  const logs = values.map(Math.log), walsh = [];
  logs.forEach((a, i) => logs.slice(i).forEach((b) => walsh.push((a + b) / 2)));
  walsh.sort((a, b) => a - b);
  const cut = tail(logs.length).filter((p) => p <= (1 - chooser.confidence) / 2).length;
  const bounds = cut ? [walsh[cut - 1], walsh[walsh.length - cut]].map(Math.exp) : [null, null];
  return { value: Math.exp(median(walsh)), low: bounds[0], high: bounds[1], n: logs.length };
}
function byRestart(ours, theirs, compare) {
  const key = (block) => `${block.restart} ${block.round}`, found = new Map();
  const others = new Map(theirs.blocks.filter((block) => block.void === null).map((block) => [key(block), block]));
  for (const block of ours.blocks.filter((one) => one.void === null && others.has(key(one)))) {
    const other = others.get(key(block));
    if (!found.has(block.restart)) found.set(block.restart, []);
    found.get(block.restart).push(compare(block.seconds / block.steps, other.seconds / other.steps));
  }
  return new Map([...found].sort((a, b) => a[0] - b[0]).map(([restart, values]) => [restart, median(values)]));
}
function breakEven(ours, theirs) {
  const cost = (cell) => new Map(cell.compiles.map((one) => [one.restart, one.trace_s + one.lower_s + one.backend_s]));
  const [mine, other, saved] = [cost(ours), cost(theirs), byRestart(ours, theirs, (a, b) => b - a)];
  const pairs = [...saved].filter(([r]) => mine.has(r) && other.has(r)).map(([r, s]) => [mine.get(r) - other.get(r), s]);
  if (!pairs.length) return ["\u2013", []];
  if (pairs.every(([extra, s]) => extra <= 0 && s >= 0)) return ["ahead from the first step", [], 0];
  if (pairs.every(([extra, s]) => extra >= 0 && s <= 0)) return ["never ahead", [], 1e308];
  const sign = Math.sign(pairs[0][1]);
  if (!pairs.every(([extra, s]) => sign * s > 0 && sign * extra > 0)) return ["undecided", ["restarts disagree"]];
  const steps = geometric(pairs.map(([extra, s]) => extra / s));
  return [`ahead ${sign > 0 ? "after" : "until"} ${significant(steps.value)} steps`, [interval(steps)], steps.value];
}

// Words, as in reports/text.py.
function significant(value) {
  const [digits, exponent] = value.toExponential(2).split("e").map(Number);
  if (exponent < -4 || exponent > 6) return `${digits.toFixed(2)}e${exponent}`;
  const places = Math.max(0, 2 - exponent);
  return Number(value.toPrecision(3)).toLocaleString("en-US", { minimumFractionDigits: places, maximumFractionDigits: places });
}
const interval = ({ low, high, n }) => low === null
  ? `no interval: ${n} restart${n === 1 ? "" : "s"}, ${chooser.needed} needed` : `[${significant(low)}\u2013${significant(high)}]`;
function ratio(ours, theirs, reason) {
  if (reason) return ["no ratio", [reason]];
  const time = geometric([...byRestart(ours, theirs, (a, b) => a / b).values()]);
  if (time.low === null) return [significant(time.value), [interval(time)], time.value];
  const inside = time.low >= 1 / (1 + chooser.margin) && time.high <= 1 + chooser.margin;
  const side = time.high < 1 ? "faster" : time.low > 1 ? "slower" : "undecided";
  return [significant(time.value), [interval(time), inside ? `tie, within ±${100 * chooser.margin} %` : side], time.value];
}

// The reference: ratios, break-even steps and parity marks against any trainer.
function fill(cell, [main, notes, order]) {
  cell.replaceChildren(main, ...notes.map((note) => Object.assign(document.createElement("small"), { textContent: note })));
  if (order === undefined) delete cell.dataset.o; else cell.dataset.o = order;
}
const unpack = (link) => new Response(new Blob([Uint8Array.from(atob(link.href.split(",")[1]), (c) => c.charCodeAt(0))])
  .stream().pipeThrough(new DecompressionStream("gzip"))).text();
const links = [...document.querySelectorAll("a.result")];
let unpacked;
const texts = () => (unpacked ??= Promise.all(links.map(unpack)));
const original = new Map([...body.rows].map((row) => [row, [...row.cells].map((cell) => [[...cell.childNodes], cell.dataset.o])]));
function restore(row) {
  original.get(row).forEach(([nodes, order], index) => {
    row.cells[index].replaceChildren(...nodes);
    if (order === undefined) delete row.cells[index].dataset.o; else row.cells[index].dataset.o = order;
  });
}
async function choose() {
  const name = $("reference").value, runs = (await texts()).map((text) => JSON.parse(text).triptych);
  for (const row of body.rows) {
    restore(row);
    const { run, cell, place, loss, trainer, against } = chooser.rows[row.id];
    if (!name) continue;
    const set = (key, entry) => fill(row.cells[column[key]], entry);
    const other = Object.values(chooser.rows).find((one) => one.place === place && one.trainer === name);
    const [mark, reason] = other ? against[name] || ["", ""] : ["", "no reference cell was measured"];
    const lossCell = row.cells[column.final_loss], main = lossCell.firstChild.textContent;
    fill(lossCell, [main, [...loss, trainer === name ? "" : mark].filter(Boolean), lossCell.dataset.o]);
    if (trainer === name) { set("ratio", ["1.00", ["reference"], 1]); set("break_even", ["\u2013", []]); continue; }
    const [ours, theirs] = [runs[run].cells[cell], other && runs[run].cells[other.cell]];
    set("ratio", ratio(ours, theirs, reason));
    set("break_even", reason ? ["\u2013", []] : breakEven(ours, theirs));
  }
  $("against").textContent = name ? `The table now compares with ${name}; verdict and figures stay with the reference of the run.` : "";
}
if (chooser) {
  const trainers = new Set(Object.values(chooser.rows).map((row) => row.trainer));
  trainers.forEach((name) => $("reference").add(new Option(name, name)));
  $("reference").onchange = choose;
  $("blocks").onclick = saveBlocks;
}

// Downloads: plain JSON and a CSV of every block in place of the compressed files.
function save(name, type, content) {
  const link = Object.assign(document.createElement("a"), { download: name, href: URL.createObjectURL(new Blob([content], { type })) });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
document.querySelectorAll("a[data-plain]").forEach((link) => {
  link.onclick = async (event) => { event.preventDefault(); save(link.dataset.plain, link.dataset.type, await unpack(link)); };
});

async function saveBlocks() {
  const quoted = (value) => `"${String(value ?? "").replaceAll('"', '""')}"`;
  const names = ["restart", "round", "position", "steps", "seconds", "dispatch_s", "void"];
  const lines = [["run", "arm", "workload", "trainer", "device", "mode", ...names]];
  (await texts()).forEach((text, run) => JSON.parse(text).triptych.cells.forEach(({ arm, cell, blocks }) => blocks.forEach((block) => {
    lines.push([run + 1, arm, cell.workload, cell.trainer, cell.device, cell.mode, ...names.map((name) => block[name])]);
  })));
  save("triptych-blocks.csv", "text/csv", lines.map((line) => line.map(quoted).join(",")).join("\n") + "\n");
}
document.querySelectorAll(".plain").forEach((element) => { element.hidden = true; });

// Commands: a button that copies.
document.querySelectorAll("button.copy").forEach((button) => {
  button.onclick = async () => {
    try { await navigator.clipboard.writeText(button.previousElementSibling.textContent); button.textContent = "Copied"; }
    catch { getSelection().selectAllChildren(button.previousElementSibling); button.textContent = "Selected"; }
  };
});
