// The view Agents: who is there, and what waits for whom.
import { format } from "./address.js";
import { byId, clear, element, icon, reconcile } from "./element.js";
import { avatar, me, nameElement, plural, presenceOf, startCommand, store } from "./names.js";
import { ago, exact, seconds, span } from "./time.js";

const heads = ["Agent", "Presence", "Client", "Sessions", "Unread", "Open tasks", "Set aside"];
let rows = null;

function table() {
  rows = element("tbody", {});
  byId("agents-body").replaceChildren(element("table", { class: "agents" },
    element("thead", {}, element("tr", {}, ...heads.map((name) => element("th", { scope: "col", text: name })))), rows));
}

function cell(name, ...children) {
  return element("td", { data: { name } }, ...children);
}

function amount(value, more = null, suffix = "") {
  if (!value) return [element("span", { class: "zero", text: "0" })];
  return [element("span", { class: "amount", text: value.toLocaleString() + suffix }), more];
}

function row(agent) {
  const { name } = agent;
  const seen = seconds(agent.last_seen);
  const oldest = agent.oldest_unread_seconds;
  return element("tr", { data: { agent: name } },
    element("th", { scope: "row" }, element("a", { class: "agent", href: format({ view: "conversations", agent: name }),
      data: { focus: "agent" } },
      avatar(name, presenceOf(agent)), nameElement(name), name === me() ? element("small", { text: "you" }) : null)),
    cell("Presence", agent.unknown ? "Never connected" : !store.reached ? "Unknown" : agent.online
      ? element("span", { class: "presence", data: { presence: "online" }, title: exact(seen, agent.last_seen), text: "Online" })
      : element("time", { text: seen === null ? "Never connected" : `Seen ${ago(seen)}`, title: exact(seen, agent.last_seen) })),
    cell("Client", agent.client || agent.host
      ? element("span", { class: "two" }, element("bdi", { text: agent.client ?? "Unknown client", title: agent.client }),
        agent.host ? element("bdi", { class: "host", text: agent.host, title: agent.host }) : null)
      : element("span", { class: "zero", text: "–" })),
    cell("Sessions", ...(agent.sessions?.length
      ? [element("ul", { class: "sessions" }, ...agent.sessions.slice(0, 5).map(({ name: session, client }) =>
        element("li", {}, element("bdi", { text: session ?? "session", title: client })))),
        agent.sessions.length > 5 ? element("small", { text: `and ${agent.sessions.length - 5} more` }) : null]
      : [element("span", { class: "zero", text: "–" })])),
    cell("Unread",
      ...amount(agent.unread_messages, typeof oldest === "number" ? element("small", { text: `oldest ${span(oldest)}` }) : null)),
    cell("Open tasks", ...amount(agent.open_tasks, null, agent.open_tasks < store.state.count_limit ? "" : "+")),
    cell("Set aside", ...amount(agent.set_aside)));
}

function show() {
  const { state } = store;
  if (!state) return;
  const unknown = state.unread_for_unknown_names ?? [];
  const online = state.agents.filter((agent) => agent.online).length;
  const workspace = state.workspace ? `workspace ${state.workspace}` : "";
  const present = store.reached ? `${online} of ${plural(state.agents.length, "agent")} online` : plural(state.agents.length, "agent");
  byId("agents-about").textContent = [present, workspace, state.store]
    .filter(Boolean).join(" · ");
  if (state.agents.length === 0 && unknown.length === 0) {
    rows = null;
    clear(byId("agents-body"));
    byId("agents-body").append(element("div", { class: "nothing" }, icon("agents"), element("h2", { text: "No agents yet" }),
      element("p", { text: "An agent is here once it has connected. For Claude Code:" }),
      element("pre", { tabindex: "0" },
        element("code", { text: startCommand() }))));
    return;
  }
  if (!rows) table();
  const known = [...state.agents].sort((a, b) => Number(b.online) - Number(a.online) || (a.name < b.name ? -1 : 1));
  const all = [...known, ...unknown.map((one) => ({ ...one, name: one.name ?? "", unknown: true, sessions: [] }))];
  reconcile(rows, all, {
    key: (agent) => `${agent.unknown ? "u" : "a"}${agent.name}`,
    signature: (agent) => JSON.stringify([agent, ago(seconds(agent.last_seen)), me(), store.reached]),
    create: row,
  });
  document.body.dataset.loaded = "";
}

export const view = { title: () => "Agents", open: show, state: show, reload() {}, tick: show };
