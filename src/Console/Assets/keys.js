// Keys work where nobody types: g and a letter goes to a page, / to the search, ? shows them all.
export function bindKeys({ toggleTheme }) {
  let going = 0;
  document.addEventListener("keydown", event => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select, [contenteditable], .cm-editor, dialog[open]"))
      return;
    const page = document.querySelector(`[data-key-go="${CSS.escape(event.key)}"]`);
    if (Date.now() - going < 1500 && page) {
      going = 0;
      location.assign(page.href);
    } else if (event.key === "g") {
      going = Date.now();
    } else if (event.key === "/") {
      event.preventDefault();
      document.querySelector("[data-search]")?.focus();
    } else if (event.key === "?") {
      document.getElementById("keys")?.showModal();
    } else if (event.key === "t") {
      toggleTheme();
    }
  });
}
