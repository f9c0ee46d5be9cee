// The address of what is shown: { view, agent (null for everybody), at, task, query }.

const views = ["conversations", "tasks", "agents", "search"];

function decoded(text) {
  try { return decodeURIComponent(text); } catch { return text; }
}

/** A name in a path, or null where a path cannot hold it. */
function segment(name) {
  if (name === "" || name === "." || name === "..") return null;
  return encodeURIComponent(name.toWellFormed?.() ?? name);
}

function parse(location) {
  const [view, ...rest] = location.pathname.split("/").slice(1);
  const query = new URLSearchParams(location.search);
  const name = rest.length && rest.join("/") !== "" ? decoded(rest.join("/")) : null;
  const address = { view: "conversations", agent: null, at: query.get("at"), task: query.get("task"), query: null };
  if (views.includes(view)) address.view = view;
  if (address.view === "conversations") address.agent = name ?? query.get("agent");
  if (address.view === "tasks") address.task = name ?? query.get("id");
  if (address.view === "search") address.query = query.get("q") ?? "";
  return address;
}

export function format({ view, agent = null, at = null, task = null, query = null }) {
  const parameters = new URLSearchParams();
  let path = `/${view}`;
  const put = (name, parameter) => {
    const text = segment(name);
    if (text === null) parameters.set(parameter, name);
    else path += `/${text}`;
  };
  if (view === "conversations" && agent !== null) put(agent, "agent");
  if (view === "tasks" && task !== null) put(task, "id");
  if (view === "search" && query) parameters.set("q", query);
  if (at !== null) parameters.set("at", at);
  if (view !== "tasks" && task !== null) parameters.set("task", task);
  const text = parameters.toString();
  return text ? `${path}?${text}` : path;
}

let listener = () => {};
let placeNow = () => null;

/** What an entry of the history keeps when it is left; it is the `place` of the address when somebody comes back. */
export const keepPlace = (describe) => { placeNow = describe; };

export let address = parse(location);
let shown = location.pathname + location.search;

/** Calls the listener with the new address and the earlier one, now and whenever it changes. */
export function follow(change) {
  listener = change;
  addEventListener("popstate", (event) => arrive({ ...parse(location), place: event.state }));
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[href]");
    if (!link || event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    if (link.origin !== location.origin) return;
    event.preventDefault();
    const inside = link.getAttribute("href");
    if (inside.startsWith("#")) return document.getElementById(inside.slice(1)).focus();
    go(parse(link));
  });
  if (location.pathname === "/") history.replaceState(null, "", format(address));
  arrive(address);
}

export function go(next, { replace = false } = {}) {
  next = { agent: null, at: null, task: null, query: null, ...next, place: null };
  const text = format(next);
  if (text === shown) replace = true;
  if (!replace) history.replaceState(placeNow(), "");
  history[replace ? "replaceState" : "pushState"](null, "", text);
  arrive(next);
}

/** The same view without the task, the message or both. */
export const without = (...names) => ({ ...address, ...Object.fromEntries(names.map((name) => [name, null])) });

function arrive(next) {
  const earlier = address;
  address = next;
  shown = location.pathname + location.search;
  listener(next, earlier);
}
