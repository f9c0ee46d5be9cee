// A window on a transcript: pages that follow each other, of which those far away are dropped.
import { get } from "./api.js";

const pageSize = 50;
const most = 300;
const largest = 200;

const isMessage = (entry) => entry.type === "message" && (entry.id ?? null) !== null;

/** Merges messages and changes as the server does: each in the order of its numbers, and by time between the two. */
function inOrder(entries) {
  const messages = entries.filter((entry) => entry.type === "message");
  const changes = entries.filter((entry) => entry.type !== "message");
  const isFirst = ({ time: one }, { time: other }) => (one ?? null) === null || ((other ?? null) !== null && one <= other);
  const all = [];
  for (let [left, right] = [0, 0]; all.length < entries.length;) {
    const isMessage = right === changes.length || (left < messages.length && isFirst(messages[left], changes[right]));
    all.push(isMessage ? messages[left++] : changes[right++]);
  }
  return all;
}

/** What is the same for the same entry whenever it is loaded. */
export function entryKey(entry) {
  if (isMessage(entry)) return `m${entry.id}`;
  if (entry.type === "message") return `n${entry.created_at}|${entry.sender}|${entry.content?.slice(0, 80)}`;
  return `t${entry.id}|${entry.at}|${entry.from}|${entry.to}|${entry.actor}`;
}

export class Transcript {
  /** An agent, or null for everybody. */
  constructor(agent) {
    this.agent = agent;
    this.pages = [];
    this.setAside = new Set();
    this.arrived = null;
    this.loads = 0;
  }

  get entries() { return this.pages.flatMap((page) => page.entries); }
  get count() { return this.pages.reduce((sum, page) => sum + page.entries.length, 0); }
  get hasOlder() { return this.pages.length > 0 && this.pages[0].older !== null; }
  get atEnd() { return this.pages.length === 0 || this.pages.at(-1).newer === null; }

  concerns(entry) { return this.agent === null || entry.sender === this.agent || entry.recipient === this.agent; }

  async fetch(parameters) {
    const page = await get("/api/transcript", { agent: this.agent, limit: pageSize, ...parameters });
    return { entries: page.entries, older: page.older ?? null, newer: page.newer ?? null, setAside: page.set_aside ?? [] };
  }

  find(id) {
    for (const page of this.pages) for (const entry of page.entries) if (entry.type === "message" && entry.id === id) return entry;
    return undefined;
  }

  /** Loads the newest page, or the one around a message, in place of all, if it is accepted. Entries that arrive meanwhile are kept. */
  async load({ at = null, limit = pageSize, accept = () => true } = {}) {
    const load = (this.loads += 1);
    this.arrived = [];
    try {
      const page = await this.fetch({ at, limit });
      if (load !== this.loads || !accept(page)) return false;
      const arrived = this.arrived;
      this.arrived = null;
      this.setAside = new Set(page.setAside);
      this.pages = [page];
      this.append(arrived);
      return true;
    } finally {
      if (load === this.loads) this.arrived = null;
    }
  }

  /** Loads again what is shown, around a message where the end is not shown. */
  reload(at, accept) {
    return this.load({ at, limit: Math.max(pageSize, Math.min(this.count, largest)), accept });
  }

  async loadOlder() {
    const [first] = this.pages;
    if (first.older === "unknown") return this.load({ at: first.entries.find(isMessage)?.id ?? null, limit: largest });
    const page = await this.fetch({ before: first.older });
    if (this.pages[0] !== first) return false;
    this.take(page);
    this.pages.unshift(page);
    while (this.pages.length > 1 && this.count > most) {
      this.pages.pop();
      // The page before the dropped one continues there, whether or not its own answer said so.
      this.pages.at(-1).newer ??= "unknown";
    }
    return true;
  }

  async loadNewer() {
    const last = this.pages.at(-1);
    if (last.newer === "unknown") return this.load({ at: last.entries.findLast(isMessage)?.id ?? null, limit: largest });
    const page = await this.fetch({ after: last.newer });
    if (this.pages.at(-1) !== last) return false;
    const known = new Set(this.entries.map(entryKey));
    page.entries = page.entries.filter((entry) => !known.has(entryKey(entry)));
    last.newer = null;
    this.take(page);
    this.pages.push(page);
    while (this.pages.length > 1 && this.count > most) this.pages.shift();
    return true;
  }

  /** Drops the older half, while the end is followed. */
  dropFirst() {
    while (this.pages.length > 1 && this.count > most / 2) this.pages.shift();
    const [first] = this.pages;
    if (this.count <= most / 2) return;
    first.entries.splice(0, this.count - most / 2);
    first.older = "unknown";
  }

  take(page) {
    for (const id of page.setAside) this.setAside.add(id);
  }

  /** Adds entries as they happen, and returns those that are new here. Where the end is not shown, and where there are too many and it
   * is not followed, they are only counted. */
  append(entries, { follows = false } = {}) {
    const ours = entries.filter((entry) => this.concerns(entry));
    if (this.arrived) this.arrived.push(...ours);
    const last = this.pages.at(-1);
    if (!last) return [];
    const known = new Set(this.entries.map(entryKey));
    const fresh = ours.filter((entry) => !known.has(entryKey(entry)));
    if (last.newer !== null) return fresh;
    for (const entry of fresh) {
      if (this.count >= most && !follows) {
        last.newer = "unknown";
        break;
      }
      if (this.count >= most) this.dropFirst();
      const all = inOrder([...last.entries, entry]);
      if (all[0] !== entry || last.older === null || all.length === 1) last.entries = all;
    }
    return fresh;
  }
}
