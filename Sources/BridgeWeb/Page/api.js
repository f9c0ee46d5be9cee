// Calls of the server.

/** What the server or the way to it refused, in words for people. */
class CallError extends Error {
  constructor(code, message, { refused = false } = {}) {
    super(message);
    this.code = code;
    /** Whether it is known that nothing was written. */
    this.refused = refused;
  }
}

let keyChanged = () => {};
export const onKeyChanged = (listener) => { keyChanged = listener; };

async function call(path, options, timeout) {
  let response;
  try {
    response = await fetch(path, { cache: "no-store", credentials: "same-origin", signal: AbortSignal.timeout(timeout), ...options });
  } catch {
    throw new CallError("unreachable", "The server does not answer.");
  }
  let body = null;
  try {
    body = await response.json();
  } catch {
    if (response.ok) throw new CallError("unreachable", "The answer of the server was cut off.");
  }
  if (response.ok) return body;
  const code = body?.error?.code ?? String(response.status);
  if (code === "no_key") keyChanged();
  throw new CallError(code, body?.error?.message ?? `The server answered ${response.status}.`, { refused: response.status < 500 });
}

/** Parameters that are undefined or null are left out. */
export function get(path, parameters = {}) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined && value !== null) query.set(name, value);
  const text = query.toString();
  return call(text ? `${path}?${text}` : path, {}, 30_000);
}

/** Calls `waits` where there is no answer for five seconds; the answer is waited for all the same. */
export async function post(path, body, waits = () => {}) {
  const timer = setTimeout(waits, 5000);
  try {
    return await call(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) }, 60_000);
  } finally {
    clearTimeout(timer);
  }
}
