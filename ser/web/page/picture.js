// Draws the waveform and the curves; curves are told apart by color, dash and a name at their top.

const DASHES = [[], [8, 4], [2, 3], [10, 3, 2, 3], [5, 5], [14, 4], [2, 6], [8, 3, 2, 3, 2, 3]];
const WAVE = 70;

function color(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name);
}

function style(context, index) {
  context.strokeStyle = context.fillStyle = color(`--c${index % 8}`);
  context.setLineDash(DASHES[index % 8]);
  context.lineWidth = 2;
}

export class Picture {
  constructor(canvas, legend) {
    this.canvas = canvas;
    this.legend = legend;
    this.peaks = [];
    this.peakSeconds = 0.05;
    this.windows = [];
    this.labels = [];
    this.moment = 0;
    this.seconds = 1;
    new ResizeObserver(() => this.draw()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  reset(labels) {
    Object.assign(this, { labels, windows: [], peaks: [], moment: 0, seconds: 1 });
    this.legend.replaceChildren(
      ...labels.map((label, index) => {
        const item = document.createElement("li");
        const sample = document.createElement("canvas");
        sample.width = 44;
        sample.height = 12;
        const context = sample.getContext("2d");
        style(context, index);
        context.moveTo(0, 6);
        context.lineTo(44, 6);
        context.stroke();
        item.append(sample, label);
        return item;
      }),
    );
  }

  addSound(samples, rate) {
    const step = Math.round(rate * this.peakSeconds);
    for (let start = 0; start < samples.length; start += step) {
      let peak = 0;
      for (let i = start; i < Math.min(start + step, samples.length); i++) {
        peak = Math.max(peak, Math.abs(samples[i]));
      }
      this.peaks.push(peak);
    }
    this.seconds = Math.max(this.seconds, this.peaks.length * this.peakSeconds);
  }

  addWindow(window) {
    this.windows.push(window);
    this.seconds = Math.max(this.seconds, window.end);
  }

  draw() {
    const scale = devicePixelRatio || 1;
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (!width) return;
    this.canvas.width = width * scale;
    this.canvas.height = height * scale;
    const context = this.canvas.getContext("2d");
    context.scale(scale, scale);
    const x = (seconds) => (seconds / this.seconds) * width;
    context.fillStyle = color("--line");
    const bar = Math.max(1, x(this.peakSeconds));
    this.peaks.forEach((peak, index) => {
      const tall = Math.max(1, peak * WAVE);
      context.fillRect(x(index * this.peakSeconds), (WAVE - tall) / 2, bar, tall);
    });
    const y = (share) => height - 4 - share * (height - WAVE - 24);
    context.font = "12px system-ui, sans-serif";
    this.labels.forEach((label, index) => this.curve(context, label, index, x, y, width));
    context.setLineDash([]);
    context.strokeStyle = color("--text");
    context.beginPath();
    context.moveTo(x(this.moment), 0);
    context.lineTo(x(this.moment), height);
    context.stroke();
  }

  curve(context, label, index, x, y, width) {
    style(context, index);
    context.beginPath();
    let joined = false;
    let top = null;
    for (const window of this.windows) {
      const share = window.probabilities?.[label];
      if (share === undefined) {
        joined = false;
        continue;
      }
      const middle = (window.start + window.end) / 2;
      if (joined) context.lineTo(x(middle), y(share));
      else context.moveTo(x(middle), y(share));
      joined = true;
      if (!top || share > top.share) top = { share, middle };
    }
    context.stroke();
    if (top && top.share > 0.3) {
      context.fillText(label, Math.min(x(top.middle), width - 60), y(top.share) - 4);
    }
  }
}
