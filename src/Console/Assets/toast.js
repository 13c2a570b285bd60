/** Says something for a few seconds; what went wrong stays until it is clicked away. */
export function toast(text, bad = false) {
  const list = document.querySelector(".toasts");
  const item = document.createElement("div");
  item.className = bad ? "toast bad" : "toast";
  item.setAttribute("role", bad ? "alert" : "status");
  item.textContent = text;
  item.addEventListener("click", () => item.remove());
  list.append(item);
  if (!bad)
    setTimeout(() => item.remove(), 4000);
  while (list.children.length > 4)
    list.firstChild.remove();
}

/** The sentence of an answer that is an error: problem details name each field. */
export async function problemOf(response) {
  const text = await response.text();
  try {
    const problem = JSON.parse(text);
    const fields = Object.entries(problem.errors ?? {}).map(([field, reasons]) => `${field} ${[reasons].flat().join(", ")}`);
    return [problem.detail ?? problem.title ?? `The server answered ${response.status}.`, ...fields].join("\n");
  } catch {
    return response.status === 401 ? "Your session has ended: reload the page and sign in again." : `The server answered ${response.status}.`;
  }
}
