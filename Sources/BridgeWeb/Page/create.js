// The dialog that creates a task.
import { go } from "./address.js";
import { post } from "./api.js";
import { announce, byId, element, icon } from "./element.js";
import { me, nameElement, shownName, store } from "./names.js";

const dialog = byId("create");
let attempt = null;
let sending = false;

function build() {
  const to = element("select", { id: "task-to", required: true });
  const title = element("input", { id: "task-title", required: true, maxlength: "200", autocomplete: "off", dir: "auto" });
  const description = element("textarea", { id: "task-description", rows: "7", dir: "auto" });
  const problem = element("p", { class: "problem", role: "alert" });
  const close = () => dialog.close();
  const form = element("form", {},
    element("button", { type: "button", class: "quiet", "aria-label": "Close", on: { click: close } }, icon("close")),
    element("h2", { id: "create-title", text: "New task" }),
    element("p", { class: "meta" }, "as ", element("span", { id: "task-as" })),
    element("label", { for: "task-to", text: "For" }), to,
    element("label", { for: "task-title", text: "Title" }), title,
    element("label", { for: "task-description", text: "Description" }), description,
    problem,
    element("div", { class: "buttons" }, element("button", { type: "button", text: "Cancel", on: { click: close } }),
      element("button", { type: "submit", class: "primary", text: "Create task" })));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send({ to: to.value, title: title.value, description: description.value }, problem,
      () => { title.value = ""; description.value = ""; });
  });
  dialog.append(form);
}

async function send(body, problem, clear) {
  if (sending) return;
  if (body.title.trim() === "") {
    problem.textContent = "Write a title.";
    byId("task-title").focus();
    return;
  }
  sending = true;
  problem.textContent = "";
  // The same task tried again has the same key, and is created once.
  const payload = JSON.stringify(body);
  if (attempt?.payload !== payload) attempt = { payload, key: crypto.randomUUID() };
  try {
    const made = await post("/api/tasks", { ...body, key: attempt.key },
      () => { problem.textContent = "Not created yet: the server does not answer."; });
    attempt = null;
    clear();
    dialog.close();
    announce(`Created for ${shownName(body.to)}`);
    if (made.task_id) go({ view: "tasks", task: made.task_id });
  } catch (error) {
    problem.textContent = error.refused ? error.message : `${error.message} Create it again: it is not created twice.`;
  } finally {
    sending = false;
  }
}

export function openCreate() {
  if (!dialog.firstChild) build();
  const to = byId("task-to");
  const earlier = to.value;
  const names = [...store.agents.keys()].sort((a, b) => Number(a === me()) - Number(b === me()) || (a < b ? -1 : 1));
  to.replaceChildren(...names.map((name) => element("option", { value: name, text: name === me() ? `${name} (you)` : shownName(name) })));
  if (names.includes(earlier)) to.value = earlier;
  byId("task-as").replaceChildren(nameElement(me()));
  dialog.showModal();
  byId("task-title").focus();
}

export function start() {
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
}
