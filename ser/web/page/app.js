import * as backend from "./backend.js";
import { Picture } from "./picture.js";
import { startPractise } from "./practise.js";
import { RATE, record, toWav } from "./wav.js";
import { words } from "./words.js";

const $ = (id) => document.getElementById(id);
const NOT_EMOTIONS = ["no speech", "uncertain"];
const CLEAR = 0.6;

const picture = new Picture($("picture"), $("legend"));
const audio = new Audio();
let labels = [];
let formats = {};
let segments = [];
let name = "recording";
let listening = null;

function say(text) {
  $("status").textContent = text;
}

function clock(seconds) {
  const whole = Math.floor(seconds / 60);
  return `${whole}:${(seconds - 60 * whole).toFixed(1).padStart(4, "0")}`;
}

export function certainty(window) {
  if (window.corrected) return words.corrected;
  if (window.emotion === "no speech") return words.silent;
  if (window.emotion === "uncertain") return words.unknown;
  return window.confidence >= CLEAR ? words.clear : words.unsure;
}

function show(file) {
  if (audio.src) URL.revokeObjectURL(audio.src);
  audio.src = URL.createObjectURL(file);
  name = file.name || "recording";
  $("result").hidden = false;
}

function row(window) {
  const line = document.createElement("tr");
  line.classList.toggle("unsure", certainty(window) !== words.clear && !window.corrected);
  const time = document.createElement("td");
  const from = document.createElement("button");
  from.textContent = `${clock(window.start)}–${clock(window.end)}`;
  from.setAttribute("aria-label", words.playFrom(from.textContent));
  from.onclick = () => {
    audio.currentTime = window.start;
    audio.play();
  };
  time.append(from);
  const voice = document.createElement("td");
  voice.className = "voice";
  voice.textContent = window.speaker ?? "";
  const emotion = document.createElement("td");
  const choice = document.createElement("select");
  choice.setAttribute("aria-label", words.correct(from.textContent));
  for (const label of [...labels, ...NOT_EMOTIONS]) choice.add(new Option(label));
  choice.value = window.emotion;
  const sure = document.createElement("td");
  const tell = () => {
    const percent = Math.round(100 * window.confidence);
    sure.textContent = window.corrected || !percent ? certainty(window) : `${percent} %, ${certainty(window)}`;
  };
  choice.onchange = () => {
    window.emotion = choice.value;
    window.corrected = true;
    line.classList.remove("unsure");
    tell();
  };
  tell();
  emotion.append(choice);
  line.append(time, voice, emotion, sure);
  return line;
}

async function drawSound(file) {
  try {
    const context = new OfflineAudioContext(1, 1, RATE);
    const sound = await context.decodeAudioData(await file.arrayBuffer());
    picture.addSound(sound.getChannelData(0), sound.sampleRate);
  } catch {
    // A format that this browser cannot decode: the server can, and the curves are drawn without.
  }
}

async function analyze(file) {
  say(words.analyzing);
  try {
    const speakers = $("voices").value ? { speakers: $("voices").value } : {};
    const [windows, joined] = await Promise.all([
      backend.analyze(file, { hop: 1, ...speakers }),
      backend.analyze(file, { segments: true, min_confidence: 0.4, ...speakers }),
    ]);
    show(file);
    picture.reset(labels);
    await drawSound(file);
    windows.windows.forEach((window) => picture.addWindow(window));
    segments = joined.windows;
    $("rows").replaceChildren(...segments.map(row));
    $("result").classList.toggle("voices", segments.some((segment) => segment.speaker));
    picture.draw();
    say([words.done(segments.length), ...joined.remarks].join(". "));
  } catch (error) {
    fail(error);
  }
}

export function fail(error, tell = say) {
  if (error.status === 401) $("ask").hidden = false;
  tell(error.name === "NotAllowedError" || error.name === "NotFoundError" ? words.noMicrophone : words.failed(error.message));
}

function live(window, sent) {
  picture.addWindow(window);
  const percent = Math.round(100 * window.confidence);
  const delay = Math.max(0, Math.round(1000 * (sent / RATE - window.end)));
  const now = percent ? words.live(window.emotion, percent, certainty(window)) : certainty(window);
  $("now").textContent = `${now} (${words.delay(delay)})`;
  // A screen reader is told what changes, not five times a second the same.
  if (window.emotion !== live.last) say(now);
  live.last = window.emotion;
  picture.draw();
}

async function speak() {
  if (listening) {
    listening.stop();
    return;
  }
  const blocks = [];
  let sent = 0;
  live.last = "";
  picture.reset(labels);
  $("rows").replaceChildren();
  const stream = backend.stream({
    ready: () => say(words.listening),
    window: (window) => live(window, sent),
    end: async (code, reason) => {
      await listening?.off();
      listening = null;
      $("speak").textContent = words.speak;
      if (code !== 1000 && reason) say(words.failed(reason));
      if (blocks.length) await analyze(toWav(blocks));
    },
  });
  try {
    const off = await record((block) => {
      blocks.push(block);
      stream.send(block);
      sent += block.length;
      picture.addSound(Float32Array.from(block, (sample) => sample / 32768), RATE);
    });
    listening = {
      off,
      stop: async () => {
        await off();
        stream.end();
        say(words.ended);
      },
    };
    $("result").hidden = false;
    $("speak").textContent = words.stop;
  } catch (error) {
    stream.end();
    fail(error);
  }
}

async function save() {
  try {
    const format = $("format").value;
    const file = await backend.write(name, segments, format);
    const link = document.createElement("a");
    link.href = URL.createObjectURL(file);
    link.download = `${name}${formats[format].ending}`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  } catch (error) {
    fail(error);
  }
}

function follow() {
  picture.moment = audio.currentTime;
  $("seek").max = audio.duration || picture.seconds;
  $("seek").value = audio.currentTime;
  $("seek").setAttribute("aria-valuetext", clock(audio.currentTime));
  [...$("rows").children].forEach((line, index) => {
    const { start, end } = segments[index];
    line.setAttribute("aria-current", start <= audio.currentTime && audio.currentTime < end);
  });
  picture.draw();
}

function choose(tab) {
  for (const other of $("tabs").children) {
    const chosen = other === tab;
    other.setAttribute("aria-selected", chosen);
    other.tabIndex = chosen ? 0 : -1;
    $(other.getAttribute("aria-controls")).hidden = !chosen;
  }
  tab.focus();
}

async function load() {
  try {
    const found = await backend.models();
    labels = found.models[0].labels;
    formats = found.formats;
    $("format").replaceChildren(...Object.keys(formats).map((format) => new Option(format)));
    $("ask").hidden = true;
    startPractise(labels, fail);
    document.body.dataset.ready = "yes";
  } catch (error) {
    fail(error);
  }
}

for (const element of document.querySelectorAll("[data-word]")) {
  element.textContent = words[element.dataset.word];
}
document.title = words.title;
for (const [value, text] of words.voiceChoices) $("voices").add(new Option(text, value));
$("voices").value = "";
$("picture").setAttribute("aria-label", words.picture);
$("speak").onclick = speak;
$("save").onclick = save;
$("file").onchange = (event) => event.target.files[0] && analyze(event.target.files[0]);
$("play").onclick = () => (audio.paused ? audio.play() : audio.pause());
audio.onplay = () => ($("play").textContent = words.pause);
audio.onpause = () => ($("play").textContent = words.play);
audio.ontimeupdate = audio.onseeked = follow;
audio.onloadedmetadata = () => ($("seek").max = audio.duration);
$("seek").oninput = (event) => (audio.currentTime = Number(event.target.value));
$("picture").onclick = (event) => {
  audio.currentTime = (event.offsetX / $("picture").clientWidth) * picture.seconds;
};
$("token").onchange = (event) => {
  backend.setToken(event.target.value);
  load();
};
for (const tab of $("tabs").children) tab.onclick = () => choose(tab);
$("tabs").onkeydown = (event) => {
  const tabs = [...$("tabs").children];
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (step) choose(tabs[(tabs.indexOf(document.activeElement) + step + tabs.length) % tabs.length]);
};
document.ondragover = (event) => {
  event.preventDefault();
  $("drop").classList.add("over");
};
document.ondragleave = () => $("drop").classList.remove("over");
document.ondrop = (event) => {
  event.preventDefault();
  $("drop").classList.remove("over");
  if (event.dataTransfer.files[0]) analyze(event.dataTransfer.files[0]);
};
load();
