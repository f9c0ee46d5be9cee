// Starts the page, and passes addresses and events on to the view that is shown.
import { address, follow } from "./address.js";
import { get, onKeyChanged } from "./api.js";
import { countWaiting } from "./agentlist.js";
import { view as agents } from "./agents.js";
import { serverIsBack, showRecipients, start as startComposer } from "./composer.js";
import { connect } from "./connection.js";
import { start as startConversation, view as conversations } from "./conversation.js";
import { start as startCreate } from "./create.js";
import { drawer } from "./drawer.js";
import { byId, element } from "./element.js";
import { me, nameElement, noStateYet, plural, setState, store, storeName } from "./names.js";
import { notify, showButton, showTitle, start as startNotices } from "./notices.js";
import { forgetTasks, learn } from "./records.js";
import { start as startSearch, view as search } from "./search.js";
import { start as startTasks, view as tasks } from "./tasks.js";

const views = new Map(Object.entries({ conversations, tasks, agents, search }));
const current = () => views.get(address.view);

/** How far the views are scrolled: what is hidden forgets it. */
const scrolled = new Map();

function show(next, earlier) {
  if (earlier.view !== next.view) scrolled.set(earlier.view, byId(earlier.view).scrollTop);
  document.body.dataset.view = next.view;
  for (const name of views.keys()) byId(name).hidden = name !== next.view;
  for (const link of document.querySelectorAll(".views a")) {
    if (link.dataset.to === next.view) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  current().open(next, earlier);
  if (earlier.view !== next.view) byId(next.view).scrollTop = scrolled.get(next.view) ?? 0;
  drawer.open(next.task);
  showTitle(title());
}

const title = () => drawer.title() ?? current().title();

function showWaiting(state) {
  const count = state.unread?.messages ?? 0;
  const waiting = byId("waiting");
  waiting.hidden = count === 0;
  waiting.title = `${plural(count, "message")} for you`;
  waiting.replaceChildren(count > 99 ? "99+" : String(count), element("span", { class: "unseen", text: " for you" }));
  countWaiting(state);
}

function receiveState(state) {
  setState(state);
  document.body.toggleAttribute("data-read-only", me() === null);
  byId("acting").replaceChildren(...(me() === null ? ["Read only"] : ["as ", nameElement(me())]));
  const place = [state.store, state.workspace ? `workspace ${state.workspace}` : ""].filter(Boolean).join(", ");
  const brand = document.querySelector(".brand");
  brand.title = place;
  brand.setAttribute("aria-label", `Cowork Bridge ${storeName()}`);
  byId("store").textContent = storeName();
  showWaiting(state);
  showRecipients();
  showButton();
  for (const view of views.values()) if (view === current()) view.state?.(state);
  drawer.state(state);
  showTitle(title());
}

const words = new Map([["live", "Live"], ["reconnecting", "Reconnecting…"], ["store-away", "Store away"], ["refused", "Key changed"]]);
const banners = new Map([
  ["store-away", "The store cannot be reached. The page goes on by itself once it is back."],
  ["refused", "The key has changed: open the address that “web” printed."],
]);

function showConnection(status, message = "") {
  document.body.dataset.connection = status;
  byId("connection").textContent = words.get(status);
  const banner = byId("banner");
  const text = banners.has(status) ? [banners.get(status), message].filter(Boolean).join(" ") : "";
  banner.hidden = text === "";
  if (banner.textContent !== text) banner.textContent = text;
  const reached = status === "live";
  if (reached) serverIsBack();
  if (reached === store.reached) return;
  store.reached = reached;
  if (store.state) current().state?.(store.state);
}

function receive(event) {
  if (event.kind === "state") receiveState(event.state);
  if (event.kind === "status") showConnection(event.status, event.message);
  if (event.kind === "entries") {
    learn(event.entries);
    current().entries?.(event.entries);
    drawer.entries(event.entries);
    notify(event.entries);
  }
  if (event.kind === "reload") {
    forgetTasks();
    current().reload();
    drawer.reload();
  }
}

document.body.dataset.connection = "reconnecting";
onKeyChanged(() => showConnection("refused"));
startComposer();
startConversation();
startCreate();
startNotices();
startSearch();
startTasks();
drawer.start(() => showTitle(title()));
follow(show);
get("/api/state").then(receiveState).catch(noStateYet);
connect(receive);
setInterval(() => document.hidden || current().tick?.(), 30_000);
