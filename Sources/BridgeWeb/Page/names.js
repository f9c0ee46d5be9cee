// The newest state of the store, and the names in it.
import { element } from "./element.js";

/** reached: whether the state is that of now, as far as is known. */
export const store = { state: null, agents: new Map(), reached: true };

/** "online" or "offline"; "unknown" while the store cannot be reached. */
export const presenceOf = (agent) => (store.reached ? (agent.online ? "online" : "offline") : "unknown");

let known;
/** Settled once there is a state, or it is clear that there is none yet. */
export const stateKnown = new Promise((resolve) => { known = resolve; });
export const noStateYet = () => known();

export function setState(state) {
  store.state = state;
  store.agents = new Map(state.agents.map((agent) => [agent.name, agent]));
  for (const name of [...store.agents.keys()].sort()) hue(name);
  known();
}

/** The agent that the page acts as; null where it only reads. */
export const me = () => (store.state?.read_only ? null : (store.state?.as ?? null));
/** A short name of the store: its workspace, or its file or database. */
export const storeName = () => store.state?.workspace ?? store.state?.store.split("?")[0].split(/[/\\]/).filter(Boolean).at(-1) ?? "";
/** How an agent is brought to this store. */
export function startCommand() {
  const workspace = store.state?.workspace;
  const option = workspace ? ` --workspace '${workspace.replaceAll("'", "'\\''")}'` : "";
  return `claude mcp add --scope user cowork-bridge -- /path/to/cowork-code-mcp-server code${option}`;
}
export const canWrite = () => me() !== null;

const hues = new Map();
const hueCount = 10;

/** A number of a colour: of its own for each of the first ten agents. */
function hue(name) {
  const known = hues.get(name);
  if (known !== undefined) return known;
  let value = 0;
  for (const unit of String(name)) value = (value * 31 + unit.codePointAt(0)) >>> 0;
  value %= hueCount;
  const taken = new Set(hues.values());
  for (let tries = 0; taken.size < hueCount && taken.has(value) && tries < hueCount; tries += 1) value = (value + 3) % hueCount;
  if (hues.size < 1000) hues.set(name, value);
  return value;
}

export const shownName = (name) => (name === null || name === undefined ? "no name" : name === "" ? "empty name" : String(name));

/** A name in its colour, isolated from the direction of the text around it. */
export function nameElement(name) {
  const shown = shownName(name);
  const data = { hue: hue(name), short: shown.length > 16 ? null : "" };
  return element("bdi", { class: "name", text: shown, title: shown.length > 20 ? shown : null, data });
}

/** Who made a change of a task. A task that was typed by hand comes from its creator. */
export function actorElement(change, task) {
  const actor = change.actor ?? (change.from ? null : task.sender);
  return actor === null || actor === undefined ? element("span", { text: "Somebody" }) : nameElement(actor);
}

export function arrowElement(sender, recipient) {
  return element("span", { class: "way" }, nameElement(sender),
    element("span", { class: "arrow", "aria-label": " to ", role: "img", text: "→" }), nameElement(recipient));
}

/** Two letters of a name in a circle, with a dot for presence. */
export function avatar(name, presence) {
  const [first, ...rest] = [...new Intl.Segmenter().segment(shownName(name).slice(0, 100))].map((part) => part.segment);
  // The next consonant tells code from cowork, and a number one of a team from another.
  const number = /\d/.test(rest.at(-1) ?? "") ? rest.at(-1) : null;
  const letters = first + (number ?? rest.find((letter) => /[^\Waeiou_0-9]/i.test(letter)) ?? rest[0] ?? "");
  return element("span", { class: "avatar", "aria-hidden": "true", data: { hue: hue(name), presence } },
    element("bdi", { text: letters }));
}

/** Who works on a task. A holder is written as AGENT@HOST:SESSION. */
export function holderElement(tag, holder) {
  const [, name, host] = /^(.*)@([^@]*?):[^:]*$/s.exec(holder) ?? [null, holder, ""];
  return element(tag, { class: "holder", title: holder }, "Held by ",
    element("bdi", { text: name === me() ? "you" : name }), host ? ` on ${host}` : null);
}

/** What somebody did who moved a task to a status: what is said before the task, and after it. */
export const verbOf = (status) => verbs.get(status) ?? ["moved", ` to ${statusName(status)}`];
const verbs = new Map([["in_progress", ["took", ""]], ["completed", ["completed", ""]], ["failed", ["failed", ""]]]);

export const plural = (count, one, many = `${one}s`) => `${count.toLocaleString()} ${count === 1 ? one : many}`;
export const statusNames = new Map([
  ["pending", "Pending"], ["in_progress", "In progress"], ["completed", "Completed"], ["failed", "Failed"],
]);
export const statusName = (status) => statusNames.get(status) ?? String(status ?? "no status");
export const isEnded = (status) => status === "completed" || status === "failed";
export const statusIcon = (status) => (statusNames.has(status) ? status : "pending");
