// What every page of the console needs: parts that keep themselves fresh, actions, dialogs, keys. Pages come whole from the server; this only exchanges what changed.
import { morph } from "./morph.js";
import { toast, problemOf } from "./toast.js";
import { openDialog, confirmed } from "./dialogs.js";
import { readForm } from "./forms.js";
import { bindKeys } from "./keys.js";

const scripts = { chart: () => import("./charts.js"), editor: () => import("./editor.js") };

/** Brings scripts to what was just put on the page. */
function hydrate(root) {
  for (const element of root.querySelectorAll("[data-chart]"))
    scripts.chart().then(module => module.draw(element));
  for (const element of root.querySelectorAll("[data-editor], [data-notebook]"))
    scripts.editor().then(module => module.mount(element, { hydrate, toast, problemOf, confirmed }));
}

/* Parts that load after the page, and again from time to time. */

const due = new Map();
let failures = 0;

async function refresh(parts, signal) {
  const ids = parts.map(part => part.id).join(",");
  const response = await fetch(location.href, { headers: { "X-Fragment": ids }, signal });
  if (response.status === 401)
    return location.reload();
  if (!response.ok)
    throw new Error(await problemOf(response));
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  for (const part of parts) {
    const fresh = page.getElementById(part.id);
    if (fresh && part.isConnected) {
      morph(part, fresh);
      hydrate(part);
    }
  }
}

async function tick() {
  if (document.querySelector("dialog[open]"))
    return;
  const parts = dueParts(performance.now());
  if (parts.length === 0)
    return;
  for (const part of parts)
    due.set(part.id, Infinity);
  // What is slow does not keep the others: a part that loads for the first time goes alone.
  const first = parts.filter(part => part.dataset.lazy);
  const again = parts.filter(part => !part.dataset.lazy);
  const began = performance.now();
  const done = await Promise.allSettled([...first.map(part => refresh([part])), ...(again.length ? [refresh(again)] : [])]);
  failures = done.some(one => one.status === "rejected") ? failures + 1 : 0;
  document.getElementById("offline").hidden = failures < 2;
  // A server that takes long is asked less often.
  const took = performance.now() - began;
  for (const part of parts)
    due.set(part.id, performance.now() + Math.max(pause(part), 4 * took));
}

/** A part that came with the page is fresh; one that is lazy is wanted now. Nothing moves while nobody looks. */
function dueParts(now) {
  return [...document.querySelectorAll("[data-live]")].filter(part => {
    if (!due.has(part.id))
      due.set(part.id, part.dataset.lazy ? 0 : now + pause(part));
    return due.get(part.id) <= now && (!document.hidden || part.dataset.lazy);
  });
}

function pause(part) {
  const seconds = Number(part.dataset.live);
  if (failures > 0)
    return Math.min(30, Math.max(1, seconds) * 2 ** failures) * 1000;
  return seconds > 0 ? seconds * 1000 : Infinity;
}

/** Asks for all live parts now: something was changed. */
function refreshAll() {
  for (const part of document.querySelectorAll("[data-live]"))
    due.set(part.id, 0);
  tick();
}

/* The whole page, at another address, without losing the place or the focus. */

async function visit(url, push) {
  const response = await fetch(url);
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  history[push ? "pushState" : "replaceState"](null, "", url);
  document.title = page.title;
  due.clear();
  morph(document.querySelector("main"), page.querySelector("main"));
  hydrate(document.querySelector("main"));
  tick();
}

let typing = 0;
document.addEventListener("input", event => {
  const form = event.target.closest("form[data-auto]");
  if (!form)
    return;
  clearTimeout(typing);
  typing = setTimeout(() => {
    const query = new URLSearchParams([...new FormData(form)].filter(([, value]) => value !== ""));
    visit(`${form.getAttribute("action") ?? location.pathname}?${query}`, false).catch(error => toast(error.message, true));
  }, event.target.matches("select, input[type=checkbox]") ? 0 : 300);
});
addEventListener("popstate", () => location.reload());

/* Actions: a button or a form that sends JSON to the API and says what came of it. */

async function act(source, form) {
  if (source.dataset.confirm && !(await confirmed(source.dataset.confirm, source.dataset.verb ?? source.textContent.trim())))
    return;
  const button = form ? form.querySelector("[type=submit], button:not([type])") : source;
  button?.setAttribute("aria-busy", "true");
  try {
    const body = form ? readForm(form) : source.dataset.body;
    const response = await fetch(source.dataset.send, {
      method: source.dataset.method ?? "POST",
      headers: body === undefined ? {} : { "Content-Type": "application/json" },
      body: body === undefined || typeof body === "string" ? body : JSON.stringify(body),
    });
    if (!response.ok)
      throw new Error(await problemOf(response));
    const text = await response.text();
    const answer = text && response.headers.get("content-type")?.includes("json") ? JSON.parse(text) : {};
    form?.closest("dialog")?.close();
    if (source.dataset.go)
      return location.assign(filled(source.dataset.go, answer));
    if (source.dataset.done)
      toast(filled(source.dataset.done, answer));
    refreshAll();
  } catch (error) {
    toast(error.message, true);
  } finally {
    button?.removeAttribute("aria-busy");
  }
}

const filled = (text, answer) => text.replace(/\{(\w+)\}/g, (_, name) =>
  answer[name] ?? answer[name[0].toLowerCase() + name.slice(1)] ?? "");

document.addEventListener("click", event => {
  const target = event.target.closest("[data-send], [data-open], [data-close], [data-theme-toggle], [data-menu], [data-copy]");
  if (!target || target.tagName === "FORM")
    return;
  if (target.dataset.send)
    act(target);
  else if (target.dataset.open)
    openDialog(target.dataset.open);
  else if ("close" in target.dataset)
    target.closest("dialog").close();
  else if ("menu" in target.dataset)
    target.setAttribute("aria-expanded", target.closest(".side").classList.toggle("open"));
  else if (target.dataset.copy)
    navigator.clipboard.writeText(document.getElementById(target.dataset.copy).textContent).then(() => toast("Copied."));
  else
    toggleTheme();
});
document.addEventListener("submit", event => {
  const form = event.target;
  if (form.dataset.send) {
    event.preventDefault();
    act(form, form);
  }
});

function toggleTheme() {
  const theme = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
  localStorage.setItem("theme", theme);
  document.documentElement.dataset.theme = theme;
  hydrate(document);
}

bindKeys({ toggleTheme });
hydrate(document);
setInterval(tick, 250);
tick();
