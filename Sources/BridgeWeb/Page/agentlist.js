// The list at the left of Conversations: everybody, the agents, and names that nobody has but that messages wait for.
import { address, format } from "./address.js";
import { get } from "./api.js";
import { byId, element, icon, reconcile } from "./element.js";
import { avatar, me, plural, presenceOf, shownName, store } from "./names.js";
import { ago, seconds } from "./time.js";

export function presenceText(agent) {
  if (!agent) return "Not known to the store";
  const seen = ago(seconds(agent.last_seen));
  const where = [agent.client, agent.host].filter(Boolean).join(" on ");
  const presence = !store.reached ? "Presence unknown" : agent.online ? "Online" : seen ? `Seen ${seen}` : "Never connected";
  return [presence, where].filter(Boolean).join(" · ");
}

/** How many messages of whom wait for us, as far as the newest tell. */
let waiting = new Map();
let counted = "";

/** Counts again when the number of what waits has changed. */
export async function countWaiting(state) {
  const count = JSON.stringify([state.as, state.unread?.messages ?? 0]);
  if (count === counted) return;
  counted = count;
  const now = new Map();
  try {
    if (state.unread?.messages) {
      const { entries } = await get("/api/transcript", { agent: state.as, limit: 200 });
      for (const { type, recipient, sender, read } of entries) {
        if (type === "message" && recipient === state.as && !read) now.set(sender, (now.get(sender) ?? 0) + 1);
      }
    }
  } catch {
    if (count === counted) counted = "";
    return;
  }
  if (count !== counted) return;
  waiting = now;
  showAgentList();
}

function badge(count, words, mine) {
  return element("span", { class: "badge", title: `${count} ${words}`, data: { mine: mine ? "" : null } },
    count > 999 ? "999+" : String(count), element("span", { class: "unseen", text: ` ${words}` }));
}

function itemsNow() {
  const { state } = store;
  const items = [{ key: "everybody", name: null, title: "Everybody", about: "All messages", unread: 0 }];
  const agents = [...(state?.agents ?? [])].sort((a, b) => Number(b.online) - Number(a.online) || (a.name < b.name ? -1 : 1));
  for (const agent of agents) {
    const sessions = agent.sessions?.length ?? 0;
    const online = sessions > 1 ? `Online · ${plural(sessions, "session")}` : "Online";
    const about = !store.reached ? "Presence unknown" : agent.online ? online : seenText(agent);
    items.push({ key: `a${agent.name}`, name: agent.name, title: agent.name, about, unread: agent.unread_messages ?? 0,
      forMe: waiting.get(agent.name) ?? 0, presence: presenceOf(agent) });
  }
  const unknown = state?.unread_for_unknown_names ?? [];
  if (unknown.length) items.push({ key: "unknown", heading: "Unknown names" });
  for (const { name, unread_messages: unread } of unknown) {
    items.push({ key: `u${name}`, name: name ?? "", title: shownName(name), about: "Never connected", unread, presence: "offline" });
  }
  return items;
}

const seenText = (agent) => {
  const seen = ago(seconds(agent.last_seen));
  return seen ? `Seen ${seen}` : "Never connected";
};

let inSight;

export function showAgentList() {
  const list = byId("agentlist");
  reconcile(list, itemsNow(), {
    key: (item) => item.key,
    signature: (item) => JSON.stringify(item) + (item.name === me()),
    create(item) {
      if (item.heading) return element("h2", { text: item.heading });
      const mine = item.name !== null && item.name === me();
      const everybody = item.name === null;
      const data = { agent: item.name ?? "", presence: item.presence, focus: "agent", everybody: everybody ? "" : null };
      return element("a", { class: "agent", href: format({ view: "conversations", agent: item.name }), data },
        everybody ? element("span", { class: "avatar", "aria-hidden": "true" }, icon("everybody")) : avatar(item.name, item.presence),
        element("span", { class: "who" },
          element("span", { class: "title" }, element("bdi", { text: item.title, title: item.title.length > 20 ? item.title : null }),
            mine ? element("small", { text: "you" }) : null),
          element("span", { class: "about", text: item.about })),
        item.forMe && !mine ? badge(item.forMe, "for you", true) : null,
        item.unread ? badge(item.unread, "unread", mine) : null);
    },
    refresh(node, item) {
      if (item.heading) return;
      if (item.name === address.agent) node.setAttribute("aria-current", "page");
      else node.removeAttribute("aria-current");
    },
  });
  const chosen = list.querySelector("[aria-current]");
  if (!chosen || inSight === address.agent) return;
  inSight = address.agent;
  chosen.scrollIntoView({ block: "nearest", inline: "nearest" });
}
