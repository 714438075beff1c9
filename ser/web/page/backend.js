// All that the page asks the server for. Another backend has the same functions.

let token = "";

export class ProblemError extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

export function setToken(value) {
  token = value;
}

async function ask(path, options = {}) {
  const headers = { ...options.headers };
  if (token) headers.Authorization = `Bearer ${token}`;
  const answer = await fetch(path, { ...options, headers });
  if (answer.ok) return answer;
  let detail = answer.statusText;
  try {
    detail = (await answer.json()).detail ?? detail;
  } catch {
    // Not this server's own answer, such as a proxy's: its status has to do.
  }
  throw new ProblemError(answer.status, detail);
}

function form(file, name = file.name || "recording.wav") {
  const body = new FormData();
  body.append("file", file, name);
  return body;
}

export async function models() {
  return (await ask("v1/models")).json();
}

export async function analyze(file, options = {}) {
  const query = new URLSearchParams(options);
  return (await ask(`v1/analyze?${query}`, { method: "POST", body: form(file) })).json();
}

export async function translate(file, emotion) {
  const query = new URLSearchParams({ to: emotion });
  return (await ask(`v1/translate?${query}`, { method: "POST", body: form(file) })).blob();
}

export async function cues(file) {
  return (await ask("v1/cues", { method: "POST", body: form(file) })).json();
}

export async function write(name, windows, format) {
  const body = JSON.stringify({ name, windows });
  const headers = { "Content-Type": "application/json" };
  const query = new URLSearchParams({ format });
  return (await ask(`v1/timeline?${query}`, { method: "POST", headers, body })).blob();
}

// Gives an object with send(Int16Array), end() and waiting() in bytes.
export function stream({ ready, window, end }) {
  const address = new URL("v1/stream", location.href);
  address.protocol = address.protocol.replace("http", "ws");
  const socket = new WebSocket(address, token ? ["ser", `bearer.${token}`] : ["ser"]);
  socket.binaryType = "arraybuffer";
  let reason = "";
  socket.onmessage = (event) => {
    const message = JSON.parse(event.data);
    if (message.type === "ready") ready(message);
    else if (message.type === "window") window(message);
    else reason = message.reason;
  };
  socket.onclose = (event) => end(event.code, event.reason || reason);
  return {
    send: (samples) => socket.readyState === 1 && socket.send(samples),
    end: () => (socket.readyState === 1 ? socket.send("end") : socket.close()),
    waiting: () => socket.bufferedAmount,
  };
}
