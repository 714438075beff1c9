// Sound in memory: 16-bit blocks of one channel to a WAV file, and recording from the microphone.

export const RATE = 16000;

export function toWav(blocks) {
  const count = blocks.reduce((sum, block) => sum + block.length, 0);
  const view = new DataView(new ArrayBuffer(44 + 2 * count));
  const text = (place, letters) =>
    [...letters].forEach((letter, index) => view.setUint8(place + index, letter.charCodeAt(0)));
  text(0, "RIFF");
  view.setUint32(4, 36 + 2 * count, true);
  text(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, RATE, true);
  view.setUint32(28, 2 * RATE, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  text(36, "data");
  view.setUint32(40, 2 * count, true);
  let place = 44;
  for (const block of blocks) {
    for (const sample of block) {
      view.setInt16(place, sample, true);
      place += 2;
    }
  }
  return new File([view], "microphone.wav", { type: "audio/wav" });
}

// Calls take(Int16Array) 20 times a second; gives a function that ends it.
export async function record(take) {
  const media = await navigator.mediaDevices.getUserMedia({
    audio: { channelCount: 1, echoCancellation: false, noiseSuppression: false, autoGainControl: false },
  });
  const context = new AudioContext({ sampleRate: RATE });
  await context.audioWorklet.addModule("microphone.js");
  const source = context.createMediaStreamSource(media);
  const worklet = new AudioWorkletNode(context, "microphone", { numberOfOutputs: 0 });
  worklet.port.onmessage = (event) => take(event.data);
  source.connect(worklet);
  return async () => {
    media.getTracks().forEach((track) => track.stop());
    worklet.port.onmessage = null;
    if (context.state !== "closed") await context.close();
  };
}
