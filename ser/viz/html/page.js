"use strict";
(() => {
  const find = (id) => document.getElementById(id);
  const data = JSON.parse(find("data").textContent);
  const audio = find("audio");
  const [chart, canvas, head, hover] = ["chart", "canvas", "head", "hover"].map(find);
  const brush = canvas.getContext("2d");
  const NO_SPEECH = data.names.length - 1;
  // A row is start, end, number of the name, confidence in thousandths, number of the voice, then
  // the probabilities.
  const FIRST = 5;
  const { windows, segments, words, voices, silences } = data;
  for (const rows of [windows, segments]) rows.sort((one, other) => one[0] - other[0]);
  const told = voices.length > 1 || voices[0] !== "";
  const isSpeech = (row) => row.length > FIRST;
  const length = Math.max(1, data.end - data.start);
  const shortest = Math.min(length, 2000);
  const view = { from: data.start, to: data.end };
  const hidden = new Set();
  const theme = matchMedia("(prefers-color-scheme: dark)");
  // Kept: asking the query itself between the change and its event makes browsers forget the event.
  let dark = theme.matches;
  // Milliseconds from the start of the file. Without sound there is still a place to look at.
  let position = data.start;

  const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
  const colour = (number) => (dark ? data.dark : data.light)[number];
  const ink = (number) => (dark ? data.inkDark : data.inkLight)[number];
  const own = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const share = (thousandths) => (thousandths / 1000).toFixed(2);

  function clock(milliseconds, tenths = true) {
    const whole = Math.round(milliseconds / 100);
    const seconds = Math.floor(whole / 10);
    const two = (number) => String(number).padStart(2, "0");
    const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
    return (h ? `${h}:${two(m)}` : m) + `:${two(s)}` + (tenths ? `.${whole % 10}` : "");
  }

  /* The last row that begins at or before a moment; -1 if there is none. */
  function last(rows, moment) {
    let [low, high] = [0, rows.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (rows[middle][0] <= moment) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /* Of several voices at once, the one that began last. */
  function segmentAt(moment) {
    const latest = last(segments, moment);
    for (let n = latest; n >= 0 && n > latest - 4 * voices.length; n--) {
      const end = segments[n][1];
      if (moment < end || (n === segments.length - 1 && moment === end)) return n;
    }
    return -1;
  }

  /* Whether nobody speaks at a moment. */
  function isSilent(moment) {
    const number = last(silences, moment);
    return number >= 0 && moment < silences[number][1];
  }

  /* Where windows overlap, the one whose middle is nearest speaks best. */
  function windowAt(moment) {
    let best = null;
    const latest = last(windows, moment);
    for (let n = latest; n >= 0 && n > latest - 64; n--) {
      const row = windows[n];
      if (moment > row[1]) continue;
      const away = Math.abs((row[0] + row[1]) / 2 - moment);
      if (best === null || away < best.away) best = { row, away };
      else break;
    }
    return best && best.row;
  }

  /* ---- drawing ---- */

  const size = { width: 0, height: 0 };
  // A lane for each voice beyond the first makes the picture higher.
  const lanesHeight = (voices.length - 1) * 30;
  canvas.style.setProperty("--lanes", `${lanesHeight}px`);
  const x = (moment) => ((moment - view.from) / (view.to - view.from)) * size.width;
  const momentAt = (pixel) => view.from + (pixel / size.width) * (view.to - view.from);

  function draw() {
    const ratio = window.devicePixelRatio || 1;
    size.width = Math.max(1, canvas.clientWidth);
    size.height = Math.max(1, canvas.clientHeight);
    canvas.width = Math.round(size.width * ratio);
    canvas.height = Math.round(size.height * ratio);
    brush.setTransform(ratio, 0, 0, ratio, 0, 0);
    brush.clearRect(0, 0, size.width, size.height);
    const [wave, lane, axis] = [Math.round((size.height - lanesHeight) * 0.27), 26, 24];
    drawWave(4, wave);
    voices.forEach((_, voice) => drawBand(wave + 8 + voice * (lane + 4), lane, voice));
    drawCurves(wave + lane + lanesHeight + 18, size.height - axis - 4);
    drawAxis(size.height - axis, axis);
    place();
  }

  function drawWave(top, height) {
    const [low, high, step] = [data.low, data.high, data.column];
    const middle = top + height / 2;
    const scale = height / 2 / 127;
    for (let pixel = 0; pixel < size.width; pixel++) {
      const from = Math.floor((momentAt(pixel) - data.start) / step);
      const to = Math.max(from + 1, Math.ceil((momentAt(pixel + 1) - data.start) / step));
      let [least, most] = [127, -127];
      for (let column = Math.max(0, from); column < Math.min(to, low.length); column++) {
        least = Math.min(least, low[column]);
        most = Math.max(most, high[column]);
      }
      if (least > most) continue;
      const moment = momentAt(pixel + 0.5);
      const number = isSilent(moment) ? -1 : segmentAt(moment);
      const name = number < 0 ? NO_SPEECH : segments[number][2];
      brush.fillStyle = name === NO_SPEECH ? own("--wave") : colour(name);
      const up = middle - most * scale;
      brush.fillRect(pixel, up, 1, Math.max(1, middle - least * scale - up));
    }
  }

  const lanes = voices.map((_, voice) => segments.filter((row) => row[4] === voice));

  function drawBand(top, height, voice) {
    const own_ = lanes[voice];
    brush.font = "600 12px system-ui, sans-serif";
    brush.textBaseline = "middle";
    const first = Math.max(0, last(own_, view.from));
    if ((last(own_, view.to) - first + 1) * 4 > size.width) {
      drawShares(own_, top, height, first, 3, view.from, view.to);
    } else {
      drawSegments(own_, top, height, first);
    }
    drawSilences(top, height);
    if (!told) return;
    brush.textAlign = "left";
    const wide = brush.measureText(voices[voice]).width;
    brush.fillStyle = own("--card");
    brush.globalAlpha = 0.85;
    brush.fillRect(2, top + 4, wide + 10, height - 8);
    brush.globalAlpha = 1;
    brush.fillStyle = own("--ink");
    brush.fillText(voices[voice], 7, top + height / 2 + 1);
  }

  /* Pauses are grey: no emotion is heard in them. */
  function drawSilences(top, height) {
    if (view.to - view.from > size.width * 200) return;
    for (let n = Math.max(0, last(silences, view.from)); n < silences.length; n++) {
      const [start, end] = silences[n];
      if (start > view.to) break;
      const [left, right] = [Math.max(0, x(start)), Math.min(size.width, x(end))];
      if (right - left < 2) continue;
      brush.fillStyle = own("--card");
      brush.fillRect(left, top, right - left, height);
      brush.fillStyle = own("--wave");
      brush.fillRect(left, top + height / 2 - 1, right - left, 2);
    }
  }

  function drawSegments(own_, top, height, first) {
    brush.textAlign = "center";
    for (let n = first; n < own_.length && own_[n][0] < view.to; n++) {
      const [start, end, name] = own_[n];
      if (name === NO_SPEECH) continue;
      const left = Math.max(0, x(start));
      const right = Math.min(size.width, x(end));
      if (right <= left) continue;
      brush.fillStyle = colour(name);
      brush.fillRect(left, top, Math.max(0.5, right - left - (right - left > 4 ? 1 : 0)), height);
      if (right - left > brush.measureText(data.names[name]).width + 10) {
        brush.fillStyle = ink(name);
        brush.fillText(data.names[name], (left + right) / 2, top + height / 2 + 1);
      }
    }
  }

  /* Where segments are finer than the eye, each few pixels get the emotion that holds the most of
     them; drawn one by one they would mix to colours that mean nothing. */
  function drawShares(own_, top, height, first, step, begin, end, pen = brush, width = size.width) {
    let n = first;
    for (let left = 0; left < width; left += step) {
      const from = begin + (left / width) * (end - begin);
      const to = begin + ((left + step) / width) * (end - begin);
      while (n < own_.length && own_[n][1] <= from) n++;
      const held = new Array(data.names.length).fill(0);
      for (let k = n; k < own_.length && own_[k][0] < to; k++) {
        held[own_[k][2]] += Math.max(0, Math.min(to, own_[k][1]) - Math.max(from, own_[k][0]));
      }
      const most = Math.max(...held);
      const name = held.indexOf(most);
      if (most <= 0 || name === NO_SPEECH) continue;
      pen.fillStyle = colour(name);
      pen.fillRect(left, top, step, height);
    }
  }

  /* Stretches of windows with speech, and where each begins and ends: in the middle of what it
     shares with a window without speech. No curve is drawn over what lies between. */
  const heard = voices.map((_, voice) => windows.filter((row) => row[4] === voice));
  function runs() {
    return heard.flatMap(runsOf);
  }

  function runsOf(own_) {
    const found = [];
    let run = null;
    let before = null;
    const shared = (one, other) => (other[0] < one[1] ? (one[1] + other[0]) / 2 : null);
    for (let n = Math.max(0, last(own_, view.from) - 64); n < own_.length; n++) {
      const row = own_[n];
      const spoken = isSpeech(row);
      if (run && (!spoken || row[0] > before[1] + 1)) {
        run.to = shared(before, row) ?? before[1];
        run = null;
      }
      if (spoken) {
        if (!run) {
          run = { rows: [], from: (before && shared(before, row)) ?? row[0], to: 0 };
          found.push(run);
        }
        run.rows.push(row);
        run.to = row[1];
      }
      before = row;
      // The window behind the view leads the curve out of it.
      if (row[0] > view.to) break;
    }
    return found;
  }

  function drawCurves(top, bottom) {
    const y = (value) => bottom - (value / 1000) * (bottom - top);
    brush.strokeStyle = own("--line");
    brush.lineWidth = 1;
    brush.fillStyle = own("--faint");
    brush.font = "11px system-ui, sans-serif";
    brush.textAlign = "left";
    brush.textBaseline = "bottom";
    for (const value of [0, 500, 1000]) {
      brush.beginPath();
      brush.moveTo(0, Math.round(y(value)) + 0.5);
      brush.lineTo(size.width, Math.round(y(value)) + 0.5);
      brush.stroke();
    }
    const all = runs();
    // Some windows per pixel make a thicket: their mean over a few pixels makes curves again.
    const count = all.reduce((sum, run) => sum + run.rows.length, 0);
    const grain = count > size.width / 3 ? 8 : 1;
    for (let label = 0; label < data.labels.length; label++) {
      if (hidden.has(label)) continue;
      brush.strokeStyle = colour(label);
      brush.lineWidth = 1.8;
      brush.lineJoin = "round";
      brush.beginPath();
      for (const run of all) {
        points(run, label, grain).forEach(([across, value], n) => {
          if (n) brush.lineTo(across, y(value));
          else brush.moveTo(across, y(value));
        });
      }
      brush.stroke();
    }
    brush.fillStyle = own("--faint");
    for (const value of [500, 1000]) brush.fillText(String(value / 1000), 4, y(value) + 15);
  }

  /* One point per so many pixels at most, the mean of its windows. */
  function points({ rows, from, to }, label, grain) {
    const found = [];
    let [pixel, sum, count, across] = [null, 0, 0, 0];
    const put = () => count && found.push([across / count, sum / count]);
    for (const row of rows) {
      const at = x(clamp((row[0] + row[1]) / 2, from, to));
      if (Math.floor(at / grain) !== pixel) {
        put();
        [pixel, sum, count, across] = [Math.floor(at / grain), 0, 0, 0];
      }
      sum += row[FIRST + label];
      across += at;
      count += 1;
    }
    put();
    // The first and the last hold to the ends.
    return [[x(from), found[0][1]], ...found, [x(to), found[found.length - 1][1]]];
  }

  function drawAxis(top, height) {
    const steps = [100, 200, 500, 1e3, 2e3, 5e3, 1e4, 15e3, 3e4, 6e4, 12e4, 3e5, 6e5, 9e5, 18e5, 36e5, 72e5];
    const room = (view.to - view.from) / (size.width / 90);
    const step = steps.find((one) => one >= room) || 72e5 * Math.ceil(room / 72e5);
    brush.fillStyle = own("--faint");
    brush.strokeStyle = own("--line");
    brush.font = "12px system-ui, sans-serif";
    brush.textAlign = "center";
    brush.textBaseline = "top";
    for (let at = Math.ceil(view.from / step) * step; at <= view.to; at += step) {
      const across = Math.round(x(at)) + 0.5;
      brush.beginPath();
      brush.moveTo(across, top);
      brush.lineTo(across, top + 4);
      brush.stroke();
      const text = clock(at, step < 1000);
      const half = brush.measureText(text).width / 2 + 2;
      brush.fillText(text, clamp(across, half, size.width - half), top + 6);
    }
  }

  /* ---- where we are ---- */

  function place() {
    const across = x(position);
    head.style.transform = `translateX(${across}px)`;
    head.hidden = across < 0 || across > size.width;
  }

  let current = -2;
  function refresh() {
    place();
    find("time").textContent = clock(position);
    const number = segmentAt(position);
    const chosen = windowAt(position);
    const name = number < 0 ? -1 : segments[number][2];
    const chip = find("emotion");
    chip.hidden = name < 0;
    const called = name < 0 ? "" : data.names[name];
    if (name >= 0) paint(chip, name);
    find("others").textContent = leading(chosen);
    chart.setAttribute("aria-valuenow", (position / 1000).toFixed(1));
    chart.setAttribute("aria-valuetext", `${clock(position)}${called ? ", " + called : ""}`);
    if (number !== current) mark(number);
    if (words.length) say();
  }

  /* What is being said, with a little before and behind it. */
  function say() {
    const now = last(words, position);
    const line = document.createDocumentFragment();
    for (let n = Math.max(0, now - 8); n < Math.min(words.length, now + 12); n++) {
      const [start, end, spoken] = words[n];
      if (end < position - 4000 || start > position + 5000) continue;
      const word = document.createElement(n === now && position < end + 300 ? "b" : "span");
      word.textContent = `${spoken} `;
      line.append(word);
    }
    find("said").replaceChildren(line);
  }

  function wordsOf(start, end) {
    const found = [];
    for (let n = Math.max(0, last(words, start) - 1); n < words.length && words[n][0] < end; n++) {
      const middle = (words[n][0] + words[n][1]) / 2;
      if (middle >= start && middle < end) found.push(words[n][2]);
    }
    return found.join(" ");
  }

  function leading(row) {
    if (!row || !isSpeech(row)) return "";
    return data.labels
      .map((label, n) => [label, row[FIRST + n]])
      .sort((one, other) => other[1] - one[1])
      .slice(0, 3)
      .map(([label, value]) => `${label} ${share(value)}`)
      .join("  ");
  }

  function paint(chip, name) {
    chip.textContent = data.names[name];
    chip.style.background = name === NO_SPEECH ? "transparent" : colour(name);
    chip.style.color = name === NO_SPEECH ? own("--faint") : ink(name);
  }

  function seek(moment) {
    position = clamp(moment, data.start, data.end);
    if (audio) audio.currentTime = Math.max(0, (position - data.origin) / 1000);
    show(position);
    refresh();
  }

  /* Brings a moment into view. */
  function show(moment) {
    if (moment >= view.from && moment <= view.to) return;
    look(moment - (view.to - view.from) * 0.1, view.to - view.from);
  }

  // Where a part that is played ends.
  let until = Infinity;
  function playPart(start, end) {
    seek(start);
    until = end;
    audio.play();
  }

  function toggle() {
    if (!audio) return;
    until = Infinity;
    if (audio.paused) audio.play();
    else audio.pause();
  }

  let frame = 0;
  function tick() {
    frame = frame || requestAnimationFrame(follow);
  }

  function follow() {
    frame = 0;
    if (!audio.seeking) position = clamp(audio.currentTime * 1000 + data.origin, data.start, data.end);
    if (!audio.paused) {
      show(position);
      // A linked file goes on behind the part that was analysed.
      if (position >= Math.min(until, data.end) && !audio.ended) {
        until = Infinity;
        audio.pause();
      }
      else tick();
    }
    refresh();
  }

  /* ---- zoom ---- */

  function look(from, width) {
    const wide = clamp(width, shortest, length);
    view.from = clamp(from, data.start, data.end - wide);
    view.to = view.from + wide;
    find("in").disabled = wide <= shortest;
    find("out").disabled = wide >= length;
    find("panning").hidden = wide >= length;
    find("pan").value = wide < length ? ((view.from - data.start) / (length - wide)) * 1000 : 0;
    draw();
    drawOverview();
  }

  /* ---- the whole of a long recording ---- */

  const overview = find("overview");
  const LONG = 180_000;
  function drawOverview() {
    if (overview.hidden) return;
    const pen = overview.getContext("2d");
    const ratio = window.devicePixelRatio || 1;
    const [width, height] = [Math.max(1, overview.clientWidth), Math.max(1, overview.clientHeight)];
    overview.width = Math.round(width * ratio);
    overview.height = Math.round(height * ratio);
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
    const lane = height / voices.length;
    lanes.forEach((own_, voice) => {
      drawShares(own_, voice * lane + 1, lane - 2, 0, 2, data.start, data.end, pen, width);
    });
    const across = (moment) => ((moment - data.start) / length) * width;
    pen.strokeStyle = own("--head");
    pen.lineWidth = 2;
    const left = across(view.from);
    pen.strokeRect(left + 1, 1, Math.max(4, across(view.to) - left - 2), height - 2);
  }
  overview.addEventListener("pointerdown", (event) => {
    const box = overview.getBoundingClientRect();
    const moment = data.start + ((event.clientX - box.left) / box.width) * length;
    if (view.to - view.from >= length) look(moment - 30_000, 60_000);
    else look(moment - (view.to - view.from) / 2, view.to - view.from);
    seek(moment);
  });

  /* The segments that the model is surest of, of emotions that are not plain speech. */
  function strongest() {
    const plain = new Set(["neutral", "calm", "uncertain", "no speech"]);
    const chosen = segments.filter((row) => !plain.has(data.names[row[2]]));
    chosen.sort((one, other) => other[3] - one[3] || other[1] - other[0] - (one[1] - one[0]));
    for (const [start, , name, confidence, voice] of chosen.slice(0, 6)) {
      const button = document.createElement("button");
      button.type = "button";
      const who = told ? `${voices[voice]}: ` : "";
      button.textContent = `${clock(start, false)} ${who}${data.names[name]} ${share(confidence)}`;
      button.addEventListener("click", () => {
        look(start - 5000, Math.min(length, 30_000));
        seek(start);
      });
      find("moments").append(button);
    }
    find("strongest").hidden = !find("moments").children.length;
  }

  function zoom(factor, centre = position) {
    const wide = clamp((view.to - view.from) * factor, shortest, length);
    const middle = centre >= view.from && centre <= view.to ? centre : (view.from + view.to) / 2;
    const left = (middle - view.from) / (view.to - view.from);
    look(middle - left * wide, wide);
  }

  find("in").addEventListener("click", () => zoom(0.5));
  find("out").addEventListener("click", () => zoom(2));
  find("pan").addEventListener("input", (event) => {
    const wide = view.to - view.from;
    look(data.start + (event.target.value / 1000) * (length - wide), wide);
  });

  /* ---- pointer and keys ---- */

  const under = (event) => momentAt(event.clientX - canvas.getBoundingClientRect().left);
  let dragging = false;
  chart.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    dragging = true;
    chart.setPointerCapture(event.pointerId);
    seek(under(event));
  });
  chart.addEventListener("pointermove", (event) => {
    if (dragging) seek(under(event));
    const moment = clamp(under(event), data.start, data.end);
    const number = segmentAt(moment);
    hover.hidden = false;
    hover.style.transform = `translateX(${x(moment)}px)`;
    hover.classList.toggle("left", x(moment) > size.width - 130);
    hover.firstChild.textContent =
      clock(moment) + (number < 0 ? "" : ` ${data.names[segments[number][2]]}`);
  });
  for (const kind of ["pointerup", "pointercancel"]) {
    chart.addEventListener(kind, () => (dragging = false));
  }
  chart.addEventListener("pointerleave", () => (hover.hidden = true));
  chart.addEventListener(
    "wheel",
    (event) => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      zoom(event.deltaY > 0 ? 1.25 : 0.8, under(event));
    },
    { passive: false },
  );

  const moves = {
    ArrowLeft: () => position - 1000,
    ArrowDown: () => position - 1000,
    ArrowRight: () => position + 1000,
    ArrowUp: () => position + 1000,
    PageDown: () => position + 10000,
    PageUp: () => position - 10000,
    Home: () => data.start,
    End: () => data.end,
    "[": () => jump(-1),
    "]": () => jump(1),
  };
  function jump(step) {
    const number = last(segments, position);
    // As in players: back goes to the start of this one first.
    const again = number >= 0 && step < 0 && position - segments[number][0] > 500;
    const wanted = again ? number : clamp(number + step, 0, segments.length - 1);
    return segments.length ? segments[wanted][0] : position;
  }
  // From the first key press on: but a list that is being scrolled, or a field, keeps its keys.
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (event.target.closest("input, select, button, audio, a, .scroll")) return;
    if (event.key === " " || event.key === "Enter") toggle();
    else if (event.key === "+" || event.key === "=") zoom(0.5);
    else if (event.key === "-" || event.key === "−") zoom(2);
    else if (event.key in moves) seek(moves[event.key]());
    else return;
    event.preventDefault();
  });

  /* ---- legend and list ---- */

  data.labels.forEach((label, number) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = `${label} ${Math.round(data.shares[number] * 100)} %`;
    button.setAttribute("aria-pressed", "true");
    button.title = "Show or hide this curve; its share of the time with speech";
    button.addEventListener("click", () => {
      if (!hidden.delete(number)) hidden.add(number);
      button.setAttribute("aria-pressed", String(!hidden.has(number)));
      draw();
    });
    find("legend").append(button);
  });

  const rows = find("rows");
  let listed = segments.map((_, number) => number);
  function more(until) {
    while (rows.children.length < Math.min(until, listed.length)) {
      const [start, end, name, confidence, voice] = segments[listed[rows.children.length]];
      const row = rows.insertRow();
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = clock(start);
      button.setAttribute("aria-label", `Go to ${clock(start)}, ${data.names[name]}`);
      const play = document.createElement("button");
      play.type = "button";
      play.className = "play";
      play.textContent = "▶";
      play.setAttribute("aria-label", `Play ${clock(start)} to ${clock(end)}, ${data.names[name]}`);
      play.addEventListener("click", (event) => {
        event.stopPropagation();
        playPart(start, end);
      });
      const first = row.insertCell();
      first.append(button);
      if (audio) first.append(" ", play);
      row.insertCell().textContent = clock(end);
      if (told) row.insertCell().textContent = voices[voice];
      const chip = document.createElement("span");
      chip.className = "chip";
      row.insertCell().append(chip);
      paint(chip, name);
      const cell = row.insertCell();
      cell.className = "number";
      cell.textContent = name === NO_SPEECH ? "" : share(confidence);
      if (words.length) {
        const said = row.insertCell();
        said.className = "words";
        said.textContent = wordsOf(start, end);
      }
      row.addEventListener("click", () => seek(start));
    }
    find("more").hidden = rows.children.length >= listed.length;
  }

  function filter() {
    const [emotion, voice] = [find("filter").value, find("voice").value];
    listed = segments
      .map((_, number) => number)
      .filter((number) => emotion === "" || segments[number][2] === Number(emotion))
      .filter((number) => voice === "" || segments[number][4] === Number(voice));
    rows.replaceChildren();
    current = -2;
    more(500);
    refresh();
  }

  function choices(id, names, all) {
    const list = find(id);
    list.append(new Option(all, ""));
    for (const [number, name] of names) list.append(new Option(name, number));
    list.addEventListener("change", filter);
  }
  const used = new Set(segments.map((row) => row[2]));
  choices("filter", [...data.names.entries()].filter(([n]) => used.has(n)), "all emotions");
  choices("voice", [...voices.entries()], "all voices");
  find("voices").hidden = find("whose").hidden = !told;

  /* The segments as a spreadsheet has them. */
  function table() {
    const quoted = (text) => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
    const head = ["start", "end", ...(told ? ["voice"] : []), "emotion", "confidence"];
    const lines = listed.map((number) => {
      const [start, end, name, confidence, voice] = segments[number];
      const cells = [start / 1000, end / 1000, ...(told ? [voices[voice]] : [])];
      return [...cells, data.names[name], name === NO_SPEECH ? "" : confidence / 1000];
    });
    return [head, ...lines].map((cells) => cells.map((cell) => quoted(String(cell))).join(",") + "\r\n");
  }
  find("csv").addEventListener("click", () => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob(table(), { type: "text/csv" }));
    link.download = `${document.querySelector("h1").textContent}.csv`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  });

  /* ---- print ---- */

  let wasDark = dark;
  addEventListener("beforeprint", () => {
    wasDark = dark;
    dark = false;
    more(Infinity);
    recolour();
  });
  addEventListener("afterprint", () => {
    dark = wasDark;
    recolour();
  });
  find("more").addEventListener("click", () => more(rows.children.length + 1000));

  function mark(number) {
    const before = rows.querySelector("[aria-current]");
    if (before) before.removeAttribute("aria-current");
    current = number;
    const row = rows.children[listed.indexOf(number)];
    if (!row) return;
    row.setAttribute("aria-current", "true");
    // The list follows, and the page stays where it is.
    const box = find("scroll");
    const above = row.offsetTop - 40;
    if (above < box.scrollTop) box.scrollTop = above;
    else if (row.offsetTop + row.offsetHeight > box.scrollTop + box.clientHeight) {
      box.scrollTop = row.offsetTop + row.offsetHeight - box.clientHeight;
    }
  }

  function recolour() {
    [...find("legend").children].forEach((one, n) => one.style.setProperty("--own", colour(n)));
    [...rows.children].forEach((row, n) => {
      paint(row.querySelector(".chip"), segments[listed[n]][2]);
    });
    draw();
    drawOverview();
    refresh();
  }

  /* ---- begin ---- */

  chart.setAttribute("aria-valuemin", data.start / 1000);
  chart.setAttribute("aria-valuemax", data.end / 1000);
  find("said").hidden = find("spoken").hidden = !words.length;
  more(500);
  overview.hidden = length < LONG;
  if (overview.hidden) find("strongest").hidden = true;
  else strongest();
  new ResizeObserver(drawOverview).observe(overview);
  theme.addEventListener("change", (event) => {
    dark = event.matches;
    recolour();
  });
  new ResizeObserver(draw).observe(canvas);
  if (audio) {
    for (const kind of ["play", "pause", "seeked", "timeupdate"]) audio.addEventListener(kind, tick);
    if (audio.readyState) seek(position);
    else audio.addEventListener("loadedmetadata", () => seek(position), { once: true });
    audio.addEventListener("error", () => {
      const note = document.createElement("p");
      note.className = "note";
      note.textContent = "The sound cannot be played: the recording is not where it was, or of a kind that this browser does not know.";
      audio.after(note);
    });
  }
  recolour();
})();
