// The stream of events. One tab of a browser holds it, since a browser opens six connections to a server, and tells the others.

const name = "bridge-events";
const silence = 40_000;

/** Delivers { kind: "entries" | "state" | "reload" | "status", … }. */
export function connect(deliver) {
  const channel = "BroadcastChannel" in globalThis ? new BroadcastChannel(name) : null;
  const tab = crypto.randomUUID();
  let leader = null;
  if (channel) {
    channel.onmessage = ({ data }) => {
      if (data.kind === "hello") leader?.greet(data.from);
      else if (!leader && (data.to ?? tab) === tab) deliver(data);
    };
  }
  const lead = () => {
    document.body.dataset.role = "leader";
    leader = new Leader((event) => {
      channel?.postMessage(event);
      if (!event.to) deliver(event);
    });
    return leader.run();
  };
  document.body.dataset.role = "follower";
  if (!navigator.locks) { lead(); return; }
  // Held until the tab is closed: the next in the queue leads then.
  navigator.locks.request(name, lead);
  const greet = () => channel?.postMessage({ kind: "hello", from: tab });
  greet();
  // The browser kept this page asleep, and it heard nothing.
  addEventListener("pageshow", (event) => event.persisted && greet());
}

class Leader {
  constructor(send) {
    this.send = send;
    this.last = null;
    this.status = null;
    this.state = null;
    this.wake = () => {};
    for (const event of ["online", "visibilitychange", "pageshow"]) addEventListener(event, () => document.hidden || this.wake());
  }

  /** Tells a new tab what it missed. It loaded before it could hear of changes, and so loads again. */
  greet(to) {
    if (this.status) this.send({ ...this.status, to });
    if (this.state && this.status?.status === "live") this.send({ kind: "state", state: this.state, to });
    this.send({ kind: "reload", to });
  }

  async run() {
    for (let failures = 0; ;) {
      const received = await this.stream().catch(() => false);
      failures = received ? 0 : failures + 1;
      if (this.status?.status !== "refused") this.tell("reconnecting");
      await this.pause(Math.min(200 * 2 ** Math.min(failures, 5), 3000) * (0.8 + Math.random() * 0.4));
    }
  }

  pause(time) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, time);
      this.wake = () => { clearTimeout(timer); resolve(); };
    });
  }

  tell(status, message = "") {
    if (this.status?.status === status && this.status.message === message) return;
    this.status = { kind: "status", status, message };
    this.send(this.status);
  }

  /** Reads the stream until it ends, and returns whether anything came. */
  async stream() {
    const abort = new AbortController();
    let timer = setTimeout(() => abort.abort(), silence);
    try {
      const continues = this.last !== null;
      const headers = continues ? { "Last-Event-ID": this.last } : {};
      const response = await fetch("/api/events", { headers, cache: "no-store", credentials: "same-origin", signal: abort.signal });
      if (response.status === 403) this.tell("refused");
      if (!response.ok) return false;
      // Without an id, what happened since the page loaded, or while the connection was away, is not in the stream.
      this.behind = !continues;
      let text = "";
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return true;
        clearTimeout(timer);
        timer = setTimeout(() => abort.abort(), silence);
        text += value.replaceAll("\r", "");
        let end;
        let start = 0;
        while ((end = text.indexOf("\n\n", start)) >= 0) {
          this.take(text.slice(start, end));
          start = end + 2;
        }
        text = text.slice(start);
      }
    } finally {
      clearTimeout(timer);
      abort.abort();
    }
  }

  take(block) {
    let event = "message";
    const data = [];
    for (const line of block.split("\n")) {
      const [, field, value] = /^([^:]*):? ?(.*)$/s.exec(line);
      if (field === "event") event = value;
      else if (field === "data") data.push(value);
      else if (field === "id") this.last = value;
    }
    const body = data.length ? JSON.parse(data.join("\n")) : null;
    if (event === "entries") this.send({ kind: "entries", entries: body });
    if (event === "reset") this.send({ kind: "reload" });
    if (event === "store") {
      if (body.up) this.send({ kind: "reload" });
      this.tell(body.up ? "live" : "store-away", body.up ? "" : body.message);
    }
    if (event === "state") {
      this.state = body;
      this.send({ kind: "state", state: body });
      this.tell("live");
      if (this.behind) this.send({ kind: "reload" });
      this.behind = false;
    }
  }
}
