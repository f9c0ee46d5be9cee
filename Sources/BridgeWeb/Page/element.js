// Builds and updates elements. Text of others goes into textContent, and nowhere else.

/** An element. Properties that are not attributes of their own name: class, text, data (a record), on (a record of listeners). */
export function element(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "class") node.className = value;
    else if (name === "text") node.textContent = value;
    else if (name === "data") for (const [key, text] of Object.entries(value)) { if ((text ?? null) !== null) node.dataset[key] = text; }
    else if (name === "on") for (const [event, listener] of Object.entries(value)) node.addEventListener(event, listener);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `#i-${name}`);
  svg.append(use);
  return svg;
}

export const byId = (id) => document.getElementById(id);

const shown = new WeakMap();

/** Makes the children of a parent those of the items. A node whose signature stays is kept, so that focus, selection and place stay. */
export function reconcile(parent, items, { key, signature, create, refresh }) {
  const earlier = shown.get(parent) ?? new Map();
  const now = new Map();
  const names = new Set(items.map(key));
  // First, so that those that stay need not be moved, which would take the focus from them.
  for (const [name, { node }] of earlier) if (!names.has(name)) node.remove();
  let place = parent.firstElementChild;
  for (const item of items) {
    const name = key(item);
    if (now.has(name)) continue;
    const sign = signature(item);
    const known = earlier.get(name);
    const node = known?.sign === sign ? known.node : create(item);
    now.set(name, { node, sign });
    refresh?.(node, item);
    if (known && known.node !== node) {
      if (known.node === place) place = node;
      replace(known.node, node);
    }
    if (node === place) place = place.nextElementSibling;
    else parent.insertBefore(node, place);
  }
  shown.set(parent, now);
}

/** Puts a node in the place of another, and the focus where it was. */
function replace(old, node) {
  const focused = old.contains(document.activeElement) ? document.activeElement : null;
  const name = focused?.dataset.focus;
  old.replaceWith(node);
  if (focused) (name ? [node, ...node.querySelectorAll("[data-focus]")].find((one) => one.dataset.focus === name) : node)?.focus();
}

/** Forgets what is shown, and empties the parent. */
export function clear(parent) {
  shown.delete(parent);
  parent.replaceChildren();
}

let said = "";
let timer = null;

/** Tells screen readers, at most once in two seconds, the latest only. */
export function announce(text) {
  said = text;
  timer ??= setTimeout(() => {
    timer = null;
    byId("announce").textContent = said;
  }, 2000);
}

/** Copies a text, or what is promised as one. */
export async function copyText(text, button) {
  try {
    await navigator.clipboard.writeText(await text);
    button.dataset.copied = "";
    announce("Copied");
    setTimeout(() => delete button.dataset.copied, 1500);
  } catch {
    announce("The browser does not allow copying");
  }
}

/** What is shown while something loads: nothing for the first 150 ms, by its animation. */
export const loading = () => element("p", { class: "loading", text: "Loading…" });
