/**
 * The fields of a form as JSON. A name with dots makes objects (`Params.city`); `data-type` says number, json, list (one a line) or flag; what is empty is left out.
 */
export function readForm(form) {
  const body = {};
  for (const field of form.elements) {
    if (!field.name || field.disabled || (field.type === "radio" && !field.checked))
      continue;
    const value = valueOf(field);
    if (value === undefined)
      continue;
    const path = field.name.split(".");
    let place = body;
    for (const part of path.slice(0, -1))
      place = place[part] ??= {};
    place[path.at(-1)] = value;
  }
  return body;
}

function valueOf(field) {
  if (field.type === "checkbox")
    return field.checked;
  const text = field.value.trim();
  if (text === "")
    return undefined;
  switch (field.dataset.type ?? field.type) {
    case "number":
      return Number(text);
    case "json":
      return JSON.parse(text);
    case "list":
      return text.split("\n").map(line => line.trim()).filter(Boolean);
    case "datetime-local":
    case "time":
      return new Date(text + (text.endsWith("Z") ? "" : "Z")).toISOString();
    default:
      return text;
  }
}
