// The view Conversations: the list of agents, one conversation, and the place in it.
import { address, go, keepPlace, without } from "./address.js";
import { showAgentList, presenceText } from "./agentlist.js";
import { post } from "./api.js";
import { composeIn, onSent, replyTo } from "./composer.js";
import { announce, byId, clear, element, icon, loading, reconcile } from "./element.js";
import { createItem, itemsOf, refreshItem, signatureOf } from "./entry.js";
import { me, plural, shownName, startCommand, stateKnown, store } from "./names.js";
import { onRecords } from "./records.js";
import { Transcript } from "./transcript.js";

const log = byId("log");
const newest = byId("newest");
let transcript = null;
let opened = new Map();
let follows = true;
let unseen = 0;
let busy = false;
let failed = false;
let [asked, lastCounts] = [new Map(), ""];
let gone = false; // the message that the address named

const context = {
  reply: (entry) => replyTo(entry),
  opened(entry) {
    const key = entry.id ?? entry;
    if (!opened.has(key)) opened.set(key, { bytes: entry.size });
    return opened.get(key);
  },
};

const atBottom = () => log.scrollHeight - log.scrollTop - log.clientHeight < 40;

/** The first child that is in sight. */
function anchor() {
  const top = log.getBoundingClientRect().top;
  return [...log.children].find((child) => "messageId" in child.dataset && child.getBoundingClientRect().bottom > top + 1) ?? null;
}

/** Shows what the transcript holds. What is in sight stays where it is. */
function show({ toEnd = false } = {}) {
  const stays = toEnd || (atBottom() && transcript.atEnd && follows);
  const kept = stays ? null : anchor();
  const before = kept?.getBoundingClientRect().top;
  const items = itemsOf(transcript.entries);
  if (items.length === 0) return showNothing();
  if (log.firstElementChild?.matches(".loading, .nothing")) clear(log);
  reconcile(log, items, {
    key: (item) => item.key, signature: signatureOf,
    create: (item) => createItem(item, context),
    refresh: (node, item) => refreshItem(node, item, transcript),
  });
  if (stays) log.scrollTop = log.scrollHeight;
  else if (kept) {
    // A node that was made anew has the same id.
    const now = kept.isConnected ? kept : nodeOf(kept.dataset.messageId);
    if (now) log.scrollTop += now.getBoundingClientRect().top - before;
  }
  follows = stays;
  if (opened.size > 2000) opened = new Map();
  showNewest();
  readSoon();
}

const nodeOf = (id) => [...log.children].find((child) => child.dataset.messageId === id) ?? null;

function showNothing() {
  clear(log);
  const everybody = address.agent === null;
  log.append(element("div", { class: "nothing" },
    icon("conversations"),
    element("h2", { text: everybody ? "No messages yet" : `No messages with ${shownName(address.agent)} yet` }),
    element("p", { text: everybody
      ? "Start an agent with the bridge, and what it writes appears here. For Claude Code:"
      : "What is written appears here at once." }),
    everybody ? element("pre", { tabindex: "0" }, element("code", { text: startCommand() })) : null));
  showNewest();
}

function showFailure(error) {
  failed = true;
  if (transcript.count > 0) return;
  clear(log);
  log.append(element("div", { class: "nothing" }, element("h2", { text: "The conversation cannot be shown" }),
    element("p", { text: error.message }),
    element("button", { type: "button", text: "Try again", on: { click: () => begin(address) } })));
}

/** Opens a conversation at its end, at a message, or where somebody left it. */
async function begin({ agent, at, place = null }) {
  const start = at ?? place?.id ?? null;
  const started = new Transcript(agent);
  [transcript, opened, unseen, failed, follows, busy, asked] = [started, new Map(), 0, false, start === null, false, new Map()];
  clear(log);
  log.append(loading());
  newest.hidden = true;
  try {
    await Promise.all([started.load({ at: start }), stateKnown]);
  } catch (error) {
    if (transcript !== started) return;
    if (start !== null && error.code === "not_found") {
      go(without("at"), { replace: true });
      if ((gone = at !== null)) showHead();
      return begin(address);
    }
    return showFailure(error);
  }
  if (transcript !== started) return;
  show({ toEnd: start === null });
  document.body.dataset.loaded = "";
  if (at !== null) point(at);
  else if (place) restore(place);
}

function placeNow() {
  const node = address.view === "conversations" && !follows && transcript?.count ? anchor() : null;
  return node && { id: node.dataset.messageId, top: node.getBoundingClientRect().top - log.getBoundingClientRect().top };
}

function restore({ id, top }) {
  const node = nodeOf(id);
  if (node) log.scrollTop += node.getBoundingClientRect().top - log.getBoundingClientRect().top - top;
}

/** Scrolls to a message, and marks it for a moment. */
function point(id) {
  const node = nodeOf(id);
  if (!node) return;
  follows = false;
  log.scrollTop += node.getBoundingClientRect().top - log.getBoundingClientRect().top - log.clientHeight / 3;
  node.classList.remove("pointed");
  void node.offsetWidth;
  node.classList.add("pointed");
  node.tabIndex = -1;
  node.focus({ preventScroll: true });
}

/** Loads again what is shown, without a flash. */
async function reload() {
  const current = transcript;
  if (!current) return;
  if (failed || current.pages.length === 0) return begin(address);
  const place = current.atEnd && follows ? null : (anchor()?.dataset.messageId ?? null);
  try {
    const done = await current.reload(place, (page) => place === null
      || page.entries.some((entry) => entry.id === (anchor()?.dataset.messageId ?? place)));
    if (done && current === transcript) show();
  } catch (error) {
    if (current === transcript && place !== null && error.code === "not_found") begin({ ...address, at: null });
  }
}

let reloadTimer = null;
let reloaded = 0;
/** At most once a second. */
function reloadSoon() {
  reloadTimer ??= setTimeout(async () => {
    reloadTimer = null;
    reloaded = performance.now();
    await reload();
  }, Math.max(120, 1000 - (performance.now() - reloaded)));
}

async function more(load) {
  if (busy) return;
  busy = true;
  const current = transcript;
  try {
    if (await load(current) && current === transcript) show();
  } catch {
    // Scrolling on tries again; the indicator says what is wrong.
    await new Promise((resolve) => setTimeout(resolve, 1000));
  } finally {
    if (current === transcript) {
      busy = false;
      scrolled();
    }
  }
}

let height = 0;
function scrolled() {
  if (!transcript || transcript.pages.length === 0 || log.clientHeight === 0) return;
  const near = log.clientHeight * 1.5 + 200;
  follows = atBottom() && transcript.atEnd;
  if (follows) unseen = 0;
  showNewest();
  if (log.scrollTop < near && transcript.hasOlder) more((one) => one.loadOlder());
  else if (log.scrollHeight - log.scrollTop - log.clientHeight < near && !transcript.atEnd) more((one) => one.loadNewer());
  readSoon();
}

function showNewest() {
  newest.hidden = follows || !transcript?.count || (transcript.atEnd && atBottom());
  const words = unseen > 0 ? plural(unseen, "new message") : "Newest";
  if (newest.textContent !== words) newest.replaceChildren(icon("down"), element("span", { text: words }));
  newest.toggleAttribute("data-new", unseen > 0);
}

async function toNewest() {
  if (transcript.atEnd) {
    follows = true;
    log.scrollTop = log.scrollHeight;
    return scrolled();
  }
  if (address.at !== null) return go(without("at"));
  return begin({ ...address, at: null });
}

let frame = null;
function readSoon() {
  frame ??= requestAnimationFrame(() => { frame = null; markRead(); });
}

/** Marks what waits for us as read once it is in sight, in a tab that somebody looks at. */
async function markRead() {
  if (me() === null || document.hidden || !document.hasFocus() || address.view !== "conversations"
    || document.querySelector("dialog[open]")) return;
  const { top, bottom } = log.getBoundingClientRect();
  const senders = new Set();
  for (const node of log.querySelectorAll("[data-unread]")) {
    const entry = transcript.find(node.dataset.messageId);
    const box = node.getBoundingClientRect();
    if (entry?.recipient !== me() || asked.has(entry.id) || box.bottom < top || box.top > bottom) continue;
    asked.set(entry.id, entry);
    senders.add(entry.sender);
  }
  for (const from of senders) {
    try {
      await post("/api/read", { from });
      reloadSoon();
    } catch {
      for (const [id, entry] of asked) if (entry.sender === from) asked.delete(id);
    }
  }
}

export function start() {
  log.addEventListener("scroll", scrolled, { passive: true });
  keepPlace(placeNow);
  newest.addEventListener("click", () => {
    log.focus({ preventScroll: true });
    toNewest();
  });
  onSent(() => { if (!follows) toNewest(); });
  addEventListener("focus", readSoon);
  document.addEventListener("visibilitychange", readSoon);
  new ResizeObserver(() => {
    if (transcript && follows) log.scrollTop = log.scrollHeight;
    if (height !== log.clientHeight) scrolled();
    height = log.clientHeight;
  }).observe(log);
  onRecords(() => { if (transcript?.count) show(); });
}

function showHead() {
  const agent = address.agent === null ? null : store.agents.get(address.agent);
  byId("conversation-title").replaceChildren(element("bdi", { text: address.agent === null ? "Everybody" : shownName(address.agent) }));
  byId("conversation-about").textContent = gone ? "The message is not there any more: these are the newest"
    : address.agent === null ? "All messages, and what happens to tasks" : presenceText(agent);
}

export const view = {
  title: () => (address.agent === null ? "Everybody" : shownName(address.agent)),
  open(next, earlier) {
    gone = false;
    showHead();
    showAgentList();
    composeIn(next.agent);
    if (!transcript || transcript.agent !== next.agent || earlier.view !== next.view) begin(next);
    else if (next.at !== null && next.at !== earlier.at) {
      if (transcript.find(next.at)) point(next.at);
      else begin(next);
    } else if (next.at === null && earlier.at !== null && next.task === earlier.task) {
      if (next.place && transcript.find(next.place.id)) restore(next.place);
      else if (next.place || !transcript.atEnd) begin(next);
    }
  },
  entries(entries) {
    if (!transcript) return;
    const fresh = transcript.append(entries, { follows }).filter((entry) => entry.type === "message");
    if (transcript.pages.length === 0) return;
    if (!follows) unseen += fresh.filter((entry) => entry.sender !== me()).length;
    show();
    const [first] = fresh;
    if (fresh.length > 1) announce(plural(fresh.length, "new message"));
    else if (first) announce(`${shownName(first.sender)} to ${shownName(first.recipient)}: ${first.content?.slice(0, 200) ?? ""}`);
  },
  state(state) {
    showHead();
    showAgentList();
    const waiting = state.agents.map((agent) => [agent.name, agent.unread_messages, agent.set_aside]);
    const counts = JSON.stringify([state.as, state.leases, waiting]);
    if (transcript?.count && JSON.parse(lastCounts || "[null]")[0] !== state.as) show();
    if (counts !== lastCounts && lastCounts !== "" && log.querySelector("[data-unread]")) reloadSoon();
    lastCounts = counts;
  },
  reload,
  tick() { showAgentList(); if (transcript?.count) show(); },
};
