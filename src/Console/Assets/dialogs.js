/** Opens a dialog of the page and puts the cursor where one begins to type. */
export function openDialog(id) {
  const dialog = document.getElementById(id);
  dialog.showModal();
  dialog.querySelector("[autofocus], input, select, textarea")?.focus();
}

/** Asks before something that cannot be undone. */
export function confirmed(question, verb) {
  const dialog = document.getElementById("confirm");
  dialog.querySelector("p").textContent = question;
  dialog.querySelector("[value=yes]").textContent = verb;
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise(resolve => dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true }));
}
