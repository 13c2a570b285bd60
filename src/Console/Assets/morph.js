/**
 * Makes an element like a fresh one from the server with as few changes as can be, so that focus, selection, scroll and what scripts put there stay.
 * Children are matched by their keys (id or data-key) or their order; `data-keep` leaves an element to its script.
 */
export function morph(old, fresh) {
  if (old.tagName !== fresh.tagName) {
    old.replaceWith(document.importNode(fresh, true));
    return;
  }
  attributes(old, fresh);
  if (!("keep" in old.dataset))
    children(old, fresh);
}

function attributes(old, fresh) {
  // What the user did to these outlives a refresh.
  const kept = name => (name === "open" && (old.tagName === "DIALOG" || old.tagName === "DETAILS")) || name === "aria-busy";
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name) && !kept(name))
      old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value && !kept(name))
      old.setAttribute(name, value);
  }
}

const key = node => node.nodeType === Node.ELEMENT_NODE ? node.id || node.dataset?.key : undefined;

function children(old, fresh) {
  const keyed = new Map();
  for (const child of old.children) {
    if (key(child))
      keyed.set(key(child), child);
  }
  let at = old.firstChild;
  for (const wanted of fresh.childNodes) {
    const same = key(wanted) ? keyed.get(key(wanted)) : at && !key(at) && alike(at, wanted) ? at : undefined;
    if (!same) {
      old.insertBefore(document.importNode(wanted, true), at);
      continue;
    }
    if (same === at)
      at = at.nextSibling;
    else
      old.insertBefore(same, at);
    if (same.nodeType !== Node.ELEMENT_NODE) {
      if (same.nodeValue !== wanted.nodeValue)
        same.nodeValue = wanted.nodeValue;
    } else if (!edited(same)) {
      morph(same, wanted);
    }
  }
  while (at) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
}

const alike = (one, other) => one.nodeType === other.nodeType && one.nodeName === other.nodeName;

const edited = element => element === document.activeElement && element.matches("input, textarea, select");
