// Messages that are quoted and tasks that are linked: each is fetched once, a few at a time, and remembered.
import { get } from "./api.js";

const limit = 500;
const atOnce = 3;
let running = 0;
const waiting = [];
const listeners = new Set();

/** Calls the listener when records have come or changed. */
export const onRecords = (listener) => listeners.add(listener);

class Cache {
  constructor(path, field) { this.known = new Map(); this.path = path; this.field = field; }

  /** The record, undefined while it is fetched, or null where there is none. */
  of(id) {
    if (this.known.has(id)) return this.known.get(id);
    this.put(id, undefined);
    waiting.push(async () => {
      try {
        this.put(id, (await get(this.path, { id }))[this.field]);
      } catch (error) {
        if (error.code === "unreachable" || error.code === "store_unavailable") this.known.delete(id);
        else this.put(id, null);
      }
      changed();
    });
    pump();
    return undefined;
  }

  put(id, record) {
    this.known.delete(id);
    this.known.set(id, record);
    if (this.known.size > limit) this.known.delete(this.known.keys().next().value);
  }

  forget(id) { this.known.delete(id); }
}

const messages = new Cache("/api/message", "message");
const tasks = new Cache("/api/task", "task");

function pump() {
  while (running < atOnce && waiting.length) {
    running += 1;
    waiting.shift()().finally(() => { running -= 1; pump(); });
  }
}

let frame = null;
function changed() {
  frame ??= requestAnimationFrame(() => {
    frame = null;
    for (const listener of listeners) listener();
  });
}

export const messageOf = (id) => messages.of(id);
export const taskOf = (id) => tasks.of(id);

export function learnTask(task) {
  tasks.put(task.id, task);
  changed();
}

/** Fetches tasks again when they are shown next: changes of them may have been missed. */
export function forgetTasks() {
  tasks.known.clear();
  changed();
}

/** Keeps what is known true with entries as they happen. */
export function learn(entries) {
  for (const entry of entries) {
    if (entry.type !== "task") continue;
    const known = tasks.known.get(entry.id);
    if (known) tasks.put(entry.id, { ...known, title: entry.title, status: entry.to ?? known.status });
    else tasks.forget(entry.id);
  }
  changed();
}
