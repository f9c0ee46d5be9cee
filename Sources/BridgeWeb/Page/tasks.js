// The view Tasks: four columns, of which the ended ones load page by page.
import { address, format } from "./address.js";
import { get } from "./api.js";
import { openCreate } from "./create.js";
import { byId, element, icon, loading, reconcile } from "./element.js";
import { arrowElement, canWrite, holderElement, isEnded, stateKnown, statusName, statusNames, store } from "./names.js";
import { line } from "./text.js";
import { age, exact, seconds } from "./time.js";

const pageSize = 50;
const largest = 200;
const wide = matchMedia("(min-width: 900px)");
let picked = "pending";

class Column {
  constructor(status) {
    this.status = status;
    this.tasks = [];
    /** Those whose status is none of the four: people typed it. */
    this.others = [];
    this.remaining = 0;
    this.next = null;
    this.loads = 0;
    this.failure = null;
    this.loaded = false;
    this.count = element("span", { class: "count" });
    this.list = element("ul", {});
    this.more = element("button", { type: "button", class: "more", text: "Load more", hidden: true,
      on: { click: () => this.loadMore() } });
    this.note = element("div", { class: "note" });
    const id = `column-${status}`;
    this.node = element("section", { class: "column", "aria-labelledby": id, data: { status } },
      element("h2", { id }, icon(status), element("span", { text: statusNames.get(status) }), this.count),
      this.note, this.list, this.more);
    this.tab = element("button", { type: "button", "aria-pressed": "false", data: { status }, on: { click: () => pick(status) } },
      element("span", { text: statusNames.get(status) }), element("span", { class: "count" }));
  }

  /** Loads again as many as are shown. */
  async load() {
    const load = (this.loads += 1);
    if (!this.loaded) this.note.replaceChildren(loading());
    try {
      const limit = Math.min(largest, Math.max(pageSize, this.tasks.length));
      const [page] = await Promise.all([get("/api/tasks", { status: this.status, limit }), stateKnown]);
      if (load !== this.loads) return;
      this.tasks = page.tasks;
      this.take(page);
      this.failure = null;
      this.loaded = true;
      findOthers();
    } catch (error) {
      if (load !== this.loads) return;
      this.failure = error;
    }
    this.show();
  }

  async loadMore() {
    const load = this.loads;
    this.more.disabled = true;
    try {
      const page = await get("/api/tasks", { status: this.status, cursor: this.next, limit: pageSize });
      if (load !== this.loads) return;
      this.tasks = [...this.tasks, ...page.tasks];
      this.take(page);
      this.show();
    } catch (error) {
      this.failure = error;
      this.show();
    } finally {
      this.more.disabled = false;
    }
  }

  take(page) {
    this.next = page.next ?? null;
    this.remaining = page.remaining ?? 0;
  }

  get total() { return this.tasks.length + this.remaining; }

  show() {
    const total = this.total + this.others.length;
    for (const count of [this.count, this.tab.lastElementChild]) count.textContent = this.loaded ? total.toLocaleString() : "";
    showProblem();
    if (this.loaded && total === 0) {
      this.note.replaceChildren(element("p", { class: "none", text: nothing.get(this.status) }));
    } else {
      this.note.replaceChildren();
    }
    reconcile(this.list, [...this.others, ...this.tasks], {
      key: (task) => String(task.id),
      signature: (task) => JSON.stringify(task),
      create: card,
      refresh(node, task) {
        const time = node.querySelector("time");
        const words = age(timeOf(task));
        if (time.textContent !== words) time.textContent = words;
        node.firstElementChild.toggleAttribute("data-open", address.task === task.id);
      },
    });
    this.more.hidden = this.next === null;
    this.more.textContent = `Load more (${this.remaining.toLocaleString()})`;
  }
}

/** Where more tasks are open than the columns hold, the rest is listed with those that wait. */
async function findOthers() {
  const [pending, taken] = [columns.get("pending"), columns.get("in_progress")];
  if (!pending.loaded || !taken.loaded) return;
  const others = [];
  let missing = (store.state?.open_tasks ?? 0) - pending.total - taken.total;
  try {
    // The open ones come first.
    for (let cursor = null, pages = 0; missing > 0 && pages < 10; pages += 1) {
      const page = await get("/api/tasks", { cursor, limit: largest });
      const found = page.tasks.filter((task) => !statusNames.has(task.status));
      others.push(...found);
      missing -= found.length;
      cursor = page.next ?? null;
      if (cursor === null || page.tasks.some((task) => isEnded(task.status))) break;
    }
  } catch { return; }
  pending.others = others;
  pending.show();
}

const nothing = new Map([
  ["pending", "Nothing waits to be taken."], ["in_progress", "Nobody works on a task."],
  ["completed", "No task is completed yet."], ["failed", "No task has failed."],
]);
const timeOf = (task) => seconds(task.updated_at) ?? seconds(task.created_at) ?? task.time;

function card(task) {
  const text = task.status === "completed" || task.status === "failed" ? task.result || task.description : task.description;
  const href = format({ view: "tasks", task: String(task.id) });
  return element("li", {}, element("a", { class: "card", href, data: { taskId: task.id, focus: "card" } },
    element("span", { class: "title", dir: "auto", text: task.title?.trim() || "No title" }),
    text ? element("span", { class: "about", dir: "auto", text: line(text, 120) }) : null,
    element("span", { class: "foot" }, arrowElement(task.sender, task.recipient),
      statusNames.has(task.status) ? null : element("span", { class: "flag", text: statusName(task.status) }),
      task.stale
        ? element("span", { class: "flag", data: { flag: "stale" }, title: "Its holder gives no sign of life", text: "Stale" })
        : null,
      element("time", { title: exact(timeOf(task), task.updated_at) })),
    task.holder ? holderElement("span", task.holder) : null));
}

const columns = new Map([...statusNames.keys()].map((status) => [status, new Column(status)]));

function pick(status) {
  picked = status;
  for (const column of columns.values()) {
    column.tab.setAttribute("aria-pressed", String(column.status === status));
    column.node.hidden = !wide.matches && column.status !== status;
  }
}

/** Columns that cannot be loaded fail for one reason, which is shown once. */
function showProblem() {
  const failing = [...columns.values()].filter((column) => column.failure);
  const text = failing[0]?.failure.message ?? "";
  const place = byId("tasks-problem");
  if ((place.firstChild?.textContent ?? "") === text) return;
  place.replaceChildren();
  if (text === "") return;
  const again = () => { for (const column of columns.values()) if (column.failure) column.load(); };
  place.append(element("p", { class: "problem", text }), element("button", { type: "button", text: "Try again", on: { click: again } }));
}

let timer = null;
const affected = new Set();
function loadSoon(statuses) {
  for (const status of statuses) if (columns.has(status)) affected.add(status);
  timer ??= setTimeout(() => {
    timer = null;
    for (const status of affected) columns.get(status).load();
    affected.clear();
  }, 60);
}

export function start() {
  byId("board").append(...[...columns.values()].map((column) => column.node));
  byId("columns").append(...[...columns.values()].map((column) => column.tab));
  wide.addEventListener("change", () => pick(picked));
  byId("new-task").addEventListener("click", () => openCreate());
  pick(picked);
}

function showAbout() {
  byId("new-task").hidden = !canWrite();
  const { state } = store;
  if (!state) return;
  byId("tasks-about").textContent = `${state.open_tasks} open${state.stale_tasks ? ` · ${state.stale_tasks} stale` : ""}`;
}

let lastCounts = "";
export const view = {
  title: () => "Tasks",
  open(next, earlier) {
    showAbout();
    if (earlier.view !== "tasks" || !columns.get("pending").loaded) {
      Promise.all([...columns.values()].map((column) => column.load())).then(() => { document.body.dataset.loaded = ""; });
    } else for (const column of columns.values()) column.show();
  },
  entries(entries) {
    loadSoon(entries.filter((entry) => entry.type === "task").flatMap((entry) => [entry.from, entry.to]));
  },
  state(state) {
    showAbout();
    // Claims that end and tasks that become stale are no entries of the transcript.
    const counts = JSON.stringify([state.open_tasks, state.stale_tasks, state.agents.map((agent) => agent.open_tasks)]);
    if (counts !== lastCounts && lastCounts !== "") loadSoon(["pending", "in_progress"]);
    lastCounts = counts;
  },
  reload: () => loadSoon(columns.keys()),
  tick: () => { for (const column of columns.values()) column.show(); },
};
