// One task over whatever view is shown: what it is about, what became of it, and what we may do with it.
import { address, go, without } from "./address.js";
import { get, post } from "./api.js";
import { writeAbout } from "./composer.js";
import { announce, byId, element, icon, loading } from "./element.js";
import { actorElement, arrowElement, holderElement, isEnded, me, stateKnown, statusIcon, statusName, verbOf } from "./names.js";
import { learnTask } from "./records.js";
import { collapsible } from "./text.js";
import { ago, brief, exact, seconds } from "./time.js";

const dialog = byId("drawer");
let id = null;
let shown = null;
let ending = null;
let result = "";
let refusal = "";
let opened = new Map();
let staleTasks = null;
let shows = () => {};

const stateOf = (name) => {
  if (!opened.has(name)) opened.set(name, {});
  return opened.get(name);
};

function frame(...children) {
  const close = element("button", { type: "button", class: "quiet", "aria-label": "Close", data: { focus: "close" },
    on: { click: () => dialog.close() } }, icon("close"));
  const focused = dialog.contains(document.activeElement) ? document.activeElement.dataset.focus ?? document.activeElement.id : null;
  const top = dialog.querySelector(".body")?.scrollTop ?? 0;
  dialog.replaceChildren(close, element("div", { class: "body", tabindex: "-1" }, ...children));
  dialog.querySelector(".body").scrollTop = top;
  if (!focused) return;
  const same = [...dialog.querySelectorAll("[data-focus], [id]")].find((one) => (one.dataset.focus ?? one.id) === focused);
  (same ?? close).focus();
}

async function load() {
  const wanted = id;
  if (wanted === null) return;
  try {
    const [answer] = await Promise.all([get("/api/task", { id: wanted }), stateKnown]);
    if (id !== wanted) return;
    learnTask(answer.task);
    // What is the same stays, so that nothing is made anew under a finger.
    if (shown && !ending === !byId("result") && JSON.stringify(shown) === JSON.stringify(answer)) return;
    shown = answer;
    show();
  } catch (error) {
    if (id !== wanted || shown) return;
    frame(element("h2", { id: "drawer-title", text: error.code === "not_found" ? "No such task" : "The task cannot be shown" }),
      element("p", { class: "problem", role: "alert",
        text: error.code === "not_found" ? "No task has this id. It may have been deleted." : error.message }),
      element("button", { type: "button", text: "Try again", data: { focus: "again" }, on: { click: load } }));
  }
}

function show() {
  const { task, history } = shown;
  shows();
  const created = seconds(task.created_at);
  frame(
    element("p", { class: "state", data: { status: task.status } }, icon(statusIcon(task.status)),
      element("span", { text: statusName(task.status) }),
      task.stale ? element("span", { class: "flag", data: { flag: "stale" }, text: "Stale" }) : null),
    element("h2", { id: "drawer-title", dir: "auto", text: task.title?.trim() || "No title" }),
    element("p", { class: "meta" }, arrowElement(task.sender, task.recipient),
      element("time", { text: ago(created) ? `created ${ago(created)}` : "", title: exact(created, task.created_at) })),
    task.holder ? holderElement("p", task.holder) : null,
    actions(task),
    element("h3", { text: "Description" }), collapsible(task.description ?? "", stateOf("description")),
    (task.result ?? null) === null ? null : element("h3", { text: "Result" }),
    (task.result ?? null) === null ? null : collapsible(task.result, stateOf("result")),
    element("h3", { text: "History" }),
    element("ol", { class: "history" }, ...history.map((event, index) => element("li", { data: { status: event.to } },
      element("span", { class: "mark", data: { status: event.to } }, icon(statusIcon(event.to))),
      element("div", {},
        element("p", {}, actorElement(event, task), element("span", { class: "step", text: step(event) }),
          element("time", { text: brief(seconds(event.at)), title: exact(seconds(event.at), event.at) })),
        event.note && event.note !== task.result ? collapsible(event.note, stateOf(`note ${index}`)) : null)))));
}

function step(event) {
  if ((event.from ?? null) === null) return " created it";
  if (event.from === event.to) return " left a note";
  return ` ${verbOf(event.to)[0]} it${verbOf(event.to)[1]}`;
}

/** What `as` may do: its assignee takes and ends it, and its creator may end it as failed. */
function actions(task) {
  const mine = task.recipient === me();
  const ours = task.sender === me();
  if (me() === null || (!mine && !ours)) return null;
  const problem = element("p", { class: "problem", role: "alert", text: refusal });
  // The drawer may be shown anew at any moment.
  const tell = (text) => {
    refusal = text;
    for (const place of dialog.querySelectorAll(".do > [role=alert]")) place.textContent = text;
  };
  const move = async (status, text) => {
    tell("");
    try {
      const answer = await post("/api/task", { id: task.id, status, ...(text ? { result: text } : {}) },
        () => tell("Not done yet: the server does not answer."));
      [ending, result, refusal] = [null, "", ""];
      announce(`The task is ${statusName(status).toLowerCase()}`);
      if (shown && shown.task.id === answer.task?.id) learnTask(answer.task);
      await load();
    } catch (error) {
      tell(error.code === "already_claimed" ? "Another session works on the task, and only that one can end it." : error.message);
    }
  };
  const begin = (status) => {
    ending = ending === status ? null : status;
    refusal = "";
    show();
    (dialog.querySelector("#result") ?? dialog.querySelector(`[data-focus=${status}]`))?.focus();
  };
  const button = (name, words, click, kind = "") =>
    element("button", { type: "button", class: kind, text: words, data: { focus: name }, on: { click } });
  const open = !isEnded(task.status);
  const row = element("div", { class: "buttons" },
    open && mine && task.status !== "in_progress" ? button("take", "Take", () => move("in_progress"), "primary") : null,
    open && mine ? button("completed", "Complete", () => begin("completed"), task.status === "in_progress" ? "primary" : "") : null,
    open ? button("failed", "Fail", () => begin("failed")) : null,
    button("write", "Write about it", () => writeAbout(task)));
  if (!open && ending !== null && result.trim()) {
    return element("div", { class: "do" }, row,
      element("p", { class: "problem", text: "The task has ended meanwhile. This was not sent:" }),
      collapsible(result, stateOf("not sent")));
  }
  if (!open || ending === null) return element("div", { class: "do" }, row, problem);
  const text = element("textarea", { id: "result", rows: "4", dir: "auto" });
  text.value = result;
  text.addEventListener("input", () => { result = text.value; });
  text.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.isComposing) return;
    event.preventDefault();
    move(ending, text.value);
  });
  const form = element("form", { on: { submit: (event) => { event.preventDefault(); move(ending, text.value); } } },
    element("label", { for: "result", text: ending === "completed" ? "Result" : "Why it failed" }), text,
    element("div", { class: "buttons" },
      element("button", { type: "submit", class: ending === "completed" ? "primary" : "danger", data: { focus: "submit" },
        text: ending === "completed" ? "Complete task" : "Fail task" }),
      button("cancel", "Cancel", () => begin(ending))));
  return element("div", { class: "do" }, form, problem);
}

let timer = null;
const loadSoon = () => { timer ??= setTimeout(() => { timer = null; load(); }, 60); };

export const drawer = {
  open(next) {
    if (next === id) return;
    id = next;
    [shown, ending, result, refusal, opened] = [null, null, "", "", new Map()];
    if (next === null) { if (dialog.open) dialog.close(); return; }
    dialog.dataset.taskId = next;
    frame(element("h2", { id: "drawer-title", class: "unseen", text: "Task" }), loading());
    if (!dialog.open) dialog.showModal();
    load();
  },
  entries(entries) {
    const wanted = shown?.task.id ?? id;
    if (wanted !== null && entries.some((entry) => entry.type === "task" && entry.id === wanted)) loadSoon();
  },
  /** What becomes stale is no entry of the transcript. */
  state({ stale_tasks: stale }) {
    if (shown && stale !== staleTasks) loadSoon();
    staleTasks = stale;
  },
  /** The title of the task that is open. */
  title: () => (shown ? shown.task.title?.trim() || "No title" : null),
  reload() { if (id !== null) loadSoon(); },
  /** Calls the listener when a task is shown. */
  start(listener) {
    shows = listener;
    dialog.addEventListener("close", () => {
      const closed = dialog.dataset.taskId;
      if (address.task !== null) go({ ...without("task"), at: null });
      // The browser returns the focus, unless what had it was made anew meanwhile.
      if (document.activeElement === document.body || dialog.contains(document.activeElement)) {
        const links = [...document.querySelectorAll(".view:not([hidden]) a[data-task-id]")];
        (links.find((one) => one.dataset.taskId === closed) ?? byId("main")).focus({ preventScroll: true });
      }
    });
    dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  },
};
