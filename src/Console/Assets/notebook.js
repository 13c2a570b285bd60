// A notebook: an ordered list of cells, each Markdown or SQL, that is saved as a whole.
export function mountNotebook(element, { mount, toast, problemOf, confirmed }) {
  const cells = element.querySelector("[data-cells]");
  const save = element.querySelector("[data-save]");
  let changed = false;
  const touch = () => {
    changed = true;
    save.disabled = false;
  };

  for (const cell of cells.children)
    prepare(cell);
  element.addEventListener("change", event => {
    if (event.target.closest("[data-cell]") && !event.target.matches("[data-limit]"))
      touch();
  });
  element.addEventListener("click", async event => {
    const shownAs = event.target.closest("[data-chart-as]");
    if (shownAs)
      keepChart(shownAs);
    const button = event.target.closest("[data-do]");
    if (!button)
      return;
    const cell = button.closest("[data-cell]");
    switch (button.dataset.do) {
      case "add":
        return add(button.dataset.kind, cell);
      case "up":
        cell.previousElementSibling?.before(cell);
        return touch();
      case "down":
        cell.nextElementSibling?.after(cell);
        return touch();
      case "remove":
        if (await confirmed("The cell goes when the notebook is saved.", "Remove")) {
          cell.remove();
          touch();
        }
        return;
      case "edit":
        return edit(cell);
      case "run-all":
        return cells.querySelectorAll("[data-run]").forEach(run => run.click());
    }
  });
  save.addEventListener("click", store);
  addEventListener("beforeunload", event => changed && event.preventDefault());
  addEventListener("keydown", event => {
    if ((event.ctrlKey || event.metaKey) && event.key === "s") {
      event.preventDefault();
      if (changed)
        store();
    }
  });

  function prepare(cell) {
    const editor = cell.querySelector("[data-editor]");
    if (editor)
      mount(editor);
  }

  /** How a cell's rows are shown is kept with the cell. */
  function keepChart(button) {
    const cell = button.closest("[data-cell]");
    const { chart, ...others } = JSON.parse(cell.dataset.options ?? "{}");
    const wanted = button.dataset.chartAs === "grid" ? undefined : button.dataset.chartAs;
    if (chart === wanted)
      return;
    cell.dataset.options = JSON.stringify(wanted ? { ...others, chart: wanted } : others);
    touch();
  }

  function add(kind, after) {
    const cell = document.getElementById(`new-${kind}`).content.firstElementChild.cloneNode(true);
    after ? after.after(cell) : cells.prepend(cell);
    prepare(cell);
    touch();
    (cell.querySelector(".cm-content") ?? cell.querySelector("textarea"))?.focus();
  }

  /** From the text to what it looks like and back; the server renders it, without any HTML of its own. */
  async function edit(cell) {
    const text = cell.querySelector("[data-markdown]");
    const shown = cell.querySelector(".markdown");
    if (!text.hidden) {
      const response = await fetch("/console/markdown", { method: "POST", headers: { "Content-Type": "text/plain" }, body: text.value });
      if (!response.ok)
        return toast(await problemOf(response), true);
      shown.innerHTML = await response.text();
    }
    text.hidden = !text.hidden;
    shown.hidden = !shown.hidden;
    if (!text.hidden)
      text.focus();
  }

  async function store() {
    const body = {
      Version: element.dataset.version,
      Cells: [...cells.children].map(cell => cell.dataset.cell === "sql"
        ? { Kind: "sql", Text: cell.querySelector("[data-sql]").value, Engine: cell.querySelector("[data-engine]").value, Options: JSON.parse(cell.dataset.options ?? "{}") }
        : { Kind: "markdown", Text: cell.querySelector("[data-markdown]").value }),
    };
    save.setAttribute("aria-busy", "true");
    const response = await fetch(element.dataset.address, { method: "PUT", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
    save.removeAttribute("aria-busy");
    if (!response.ok)
      return toast(await problemOf(response), true);
    element.dataset.version = (await response.json()).Version;
    changed = false;
    save.disabled = true;
    toast("Saved.");
  }
}
