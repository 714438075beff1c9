// The tab in which a sentence is practised: own voice, the example made of it, and the next try.
import * as backend from "./backend.js";
import { record, toWav } from "./wav.js";
import { words } from "./words.js";

const $ = (id) => document.getElementById(id);

export function advice(cue, example, attempt) {
  const { more, less, near } = words.cues[cue];
  if (Math.abs(example - attempt) <= near) return words.there;
  return attempt < example ? more : less;
}

function player(label, file) {
  const line = document.createElement("p");
  const sound = document.createElement("audio");
  sound.controls = true;
  sound.src = URL.createObjectURL(file);
  sound.setAttribute("aria-label", label);
  line.append(label, document.createElement("br"), sound);
  return line;
}

function table(measured) {
  const rows = Object.keys(words.cues).map((cue) => {
    const row = document.createElement("tr");
    const head = document.createElement("th");
    head.scope = "row";
    head.textContent = `${words.cues[cue].name} (${words.cues[cue].unit})`;
    const cells = measured.map((found) => (found ? found[cue].toFixed(1) : "–"));
    const [, example, attempt] = measured;
    cells.push(example && attempt ? advice(cue, example[cue], attempt[cue]) : "–");
    row.append(head, ...cells.map((text) => Object.assign(document.createElement("td"), { textContent: text })));
    return row;
  });
  $("cues").replaceChildren(...rows);
  $("compared").hidden = false;
}

export function startPractise(labels, fail) {
  const say = (text) => ($("said").textContent = text);
  let recording = null;
  let yours = null;
  let example = null;
  $("target").replaceChildren(...labels.map((label) => new Option(label)));

  const toggle = (button, word, use) => async () => {
    try {
      if (!recording) {
        const blocks = [];
        recording = { blocks, off: await record((block) => blocks.push(block)) };
        button.textContent = words.finish;
        return;
      }
      const { blocks, off } = recording;
      recording = null;
      await off();
      button.textContent = word;
      await use(toWav(blocks));
    } catch (error) {
      fail(error, say);
    }
  };

  $("first").onclick = toggle($("first"), words.first, async (file) => {
    say(words.converting);
    const sound = await backend.translate(file, $("target").value);
    [yours, example] = await Promise.all([backend.cues(file), backend.cues(new File([sound], "example.wav"))]);
    $("sounds").replaceChildren(player(words.yours, file), player(words.example, sound));
    table([yours, example, null]);
    $("again").disabled = false;
    say(words.compared);
  });
  $("again").onclick = toggle($("again"), words.again, async (file) => {
    const attempt = await backend.cues(file);
    $("sounds").append(player(words.attempt, file));
    table([yours, example, attempt]);
    say(words.compared);
  });
}
