import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { PostgreSQL, sql } from "@codemirror/lang-sql";
import { HighlightStyle, bracketMatching, syntaxHighlighting } from "@codemirror/language";
import { highlightSelectionMatches, searchKeymap } from "@codemirror/search";
import { Compartment, EditorState } from "@codemirror/state";
import { EditorView, drawSelection, highlightActiveLine, keymap, lineNumbers, placeholder } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { draw } from "./charts.js";
import { mountNotebook } from "./notebook.js";
import { problemOf, toast } from "./toast.js";

const look = EditorView.theme({
  "&": { fontSize: "13px", backgroundColor: "transparent", color: "var(--text)" },
  ".cm-content": { fontFamily: "var(--mono)", caretColor: "var(--text)", minHeight: "64px" },
  ".cm-scroller": { maxHeight: "46vh", overflow: "auto" },
  ".cm-gutters": { backgroundColor: "transparent", color: "var(--faint)", border: "0" },
  ".cm-activeLine": { backgroundColor: "transparent" },
  "&.cm-focused": { outline: "0" },
  "&.cm-focused .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: "var(--accent-soft) !important" },
  ".cm-cursor": { borderLeftColor: "var(--text)" },
  ".cm-tooltip": { backgroundColor: "var(--surface)", border: "1px solid var(--line)", borderRadius: "8px" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { backgroundColor: "var(--accent)", color: "var(--accent-text)" },
});
const colours = HighlightStyle.define([
  { tag: [tags.keyword, tags.operatorKeyword], color: "var(--accent)" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--good)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--warn)" },
  { tag: tags.comment, color: "var(--faint)", fontStyle: "italic" },
  { tag: tags.typeName, color: "var(--chart-4)" },
]);

/* The tables and columns of both engines, asked for when somebody first types. */
let schemas;
const schemaOf = async engine => {
  schemas ??= fetch("/sql/schema").then(async response => {
    if (!response.ok)
      throw new Error(await problemOf(response));
    return response.json();
  });
  try {
    const answer = await schemas;
    if (!answer.Complete)
      schemas = undefined;
    const tables = answer.Engines.find(one => one.Engine === engine)?.Tables ?? [];
    return Object.fromEntries(tables.map(table => [table.Name, (table.Columns ?? []).map(column => column.Name)]));
  } catch {
    schemas = undefined;
    return {};
  }
};

/** Makes an editor with its buttons of what the page holds: a place to type SQL, to run it, and to look at what came of it. */
export function mount(element, tools) {
  // The server sends a notebook that takes no clicks: until now nobody would have heard them.
  element.inert = false;
  if (element.mounted)
    return;
  element.mounted = true;
  if ("notebook" in element.dataset)
    mountNotebook(element, { ...tools, mount });
  else
    new SqlCell(element);
}

class SqlCell {
  constructor(element) {
    this.element = element;
    this.text = element.querySelector("[data-sql]");
    this.engine = element.querySelector("[data-engine]");
    this.run = element.querySelector("[data-run]");
    this.stop = element.querySelector("[data-stop]");
    this.clock = element.querySelector("[data-clock]");
    this.result = element.querySelector("[data-result]");
    this.language = new Compartment();
    this.view = new EditorView({
      state: EditorState.create({
        doc: this.text.value,
        extensions: [
          lineNumbers(), history(), drawSelection(), bracketMatching(), closeBrackets(), autocompletion(), highlightActiveLine(), highlightSelectionMatches(),
          syntaxHighlighting(colours), look, placeholder(this.text.placeholder),
          keymap.of([
            { key: "Mod-Enter", run: () => (this.start(), true) },
            { key: "Escape", run: () => this.cancel() },
            ...closeBracketsKeymap, ...defaultKeymap, ...searchKeymap, ...historyKeymap, ...completionKeymap, indentWithTab,
          ]),
          EditorView.contentAttributes.of({ "aria-label": "SQL" }),
          EditorView.updateListener.of(update => {
            if (!update.docChanged)
              return;
            this.text.value = this.view.state.doc.toString();
            this.text.dispatchEvent(new Event("change", { bubbles: true }));
          }),
          this.language.of(sql({ dialect: PostgreSQL, upperCaseKeywords: true })),
        ],
      }),
    });
    this.text.hidden = true;
    this.text.after(this.view.dom);
    this.run.addEventListener("click", () => this.start());
    this.stop.addEventListener("click", () => this.cancel());
    this.engine?.addEventListener("change", () => this.complete());
    this.view.contentDOM.addEventListener("focus", () => this.complete(), { once: true });
    for (const button of element.querySelectorAll("[data-download]"))
      button.addEventListener("click", () => this.download(button));
    this.result.addEventListener("click", event => {
      const button = event.target.closest("[data-chart-as]");
      if (button)
        this.show(button.dataset.chartAs);
    });
    if ("autorun" in element.dataset)
      this.start();
  }

  get engineName() {
    return this.engine?.value ?? this.element.dataset.engineName;
  }

  async complete() {
    const schema = await schemaOf(this.engineName);
    this.view.dispatch({ effects: this.language.reconfigure(sql({ dialect: PostgreSQL, upperCaseKeywords: true, schema })) });
  }

  /** What is selected, else all of it. */
  get statement() {
    const { from, to } = this.view.state.selection.main;
    return (from === to ? this.view.state.doc.toString() : this.view.state.sliceDoc(from, to)).trim();
  }

  get request() {
    const limit = Number(this.element.querySelector("[data-limit]")?.value);
    return { Engine: this.engineName, Text: this.statement, MaxRows: limit > 0 ? limit : undefined };
  }

  async start() {
    if (!this.statement)
      return toast("Type a statement first.", true);
    this.cancel();
    const running = this.running = new AbortController();
    const began = performance.now();
    const ticking = setInterval(() => this.clock.textContent = `${((performance.now() - began) / 1000).toFixed(1)} s`, 100);
    this.busy(true);
    try {
      const response = await fetch("/console/sql/run", {
        method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(this.request), signal: running.signal,
      });
      if (!response.headers.get("content-type")?.includes("text/html"))
        throw new Error(await problemOf(response));
      this.result.innerHTML = await response.text();
      if (this.element.dataset.chart)
        this.show(this.element.dataset.chart);
    } catch (error) {
      this.tell(running.signal.aborted ? "Cancelled." : error.message, !running.signal.aborted);
    } finally {
      clearInterval(ticking);
      if (this.running === running) {
        this.running = undefined;
        this.busy(false);
      }
    }
  }

  cancel() {
    this.running?.abort();
    return this.running !== undefined;
  }

  busy(is) {
    this.run.disabled = is;
    this.stop.hidden = !is;
    this.result.setAttribute("aria-busy", is);
    if (!is)
      this.clock.textContent = "";
  }

  tell(text, bad) {
    const note = document.createElement("div");
    note.className = bad ? "note bad" : "note";
    note.textContent = text;
    this.result.replaceChildren(note);
  }

  /** A form does it, so that the browser saves what streams in. */
  download(button) {
    const form = document.createElement("form");
    form.method = "post";
    form.action = `/sql/export?format=${button.dataset.download}`;
    for (const [name, value] of [["engine", this.engineName], ["sql", this.statement]]) {
      const field = document.createElement("textarea");
      field.name = name;
      field.value = value;
      form.append(field);
    }
    form.hidden = true;
    document.body.append(form);
    form.submit();
    form.remove();
  }

  /** The grid, or a chart of its rows: the first column that is no number names them. */
  show(kind) {
    const table = this.result.querySelector("table");
    const place = this.result.querySelector("[data-chart-place]");
    if (!table || !place)
      return;
    for (const button of this.result.querySelectorAll("[data-chart-as]"))
      button.setAttribute("aria-pressed", button.dataset.chartAs === kind);
    place.replaceChildren();
    table.parentElement.hidden = kind !== "grid";
    if (kind === "grid")
      return;
    const chart = chartOf(table, kind);
    if (!chart) {
      table.parentElement.hidden = false;
      return toast("A chart needs a column of numbers.", true);
    }
    const canvas = document.createElement("canvas");
    canvas.dataset.chart = JSON.stringify(chart);
    const box = document.createElement("div");
    box.className = "chart";
    box.append(canvas);
    place.append(box);
    draw(canvas);
  }
}

const mostPoints = 500;

function chartOf(table, kind) {
  const heads = [...table.tHead.rows[0].cells].map(cell => ({ name: cell.dataset.name ?? cell.textContent.trim(), numeric: cell.classList.contains("num") }));
  const rows = [...table.tBodies[0].rows].slice(0, mostPoints).map(row => [...row.cells].map(cell => cell.dataset.value ?? cell.textContent.trim()));
  const numbers = heads.map((_, i) => i).filter(i => heads[i].numeric);
  if (numbers.length === 0 || rows.length === 0)
    return undefined;
  const named = heads.findIndex(head => !head.numeric);
  const axis = kind === "scatter" ? numbers[0] : named >= 0 ? named : numbers[0];
  const drawn = numbers.filter(i => i !== axis);
  return {
    kind,
    labels: rows.map(row => row[axis]),
    series: (drawn.length ? drawn : numbers).slice(0, kind === "pie" ? 1 : 6).map(i => ({ name: heads[i].name, values: rows.map(row => row[i] === "" ? null : Number(row[i])) })),
  };
}
