/** A run's colour: of its id, so that it is the same on every page, today and tomorrow. */

import { isDark } from "../shell/theme";

/** Lightness, chroma and hue of colours that are told apart side by side, in light. */
const PALETTE: readonly (readonly [number, number, number])[] = [
  [0.55, 0.17, 255],
  [0.68, 0.17, 55],
  [0.55, 0.14, 150],
  [0.56, 0.21, 25],
  [0.5, 0.2, 300],
  [0.47, 0.09, 55],
  [0.65, 0.2, 350],
  [0.6, 0.11, 195],
  [0.72, 0.14, 90],
  [0.38, 0.13, 265],
  [0.58, 0.24, 325],
  [0.65, 0.18, 130],
  [0.68, 0.13, 225],
  [0.42, 0.14, 20],
  [0.52, 0.03, 250],
  [0.7, 0.15, 30],
  [0.47, 0.22, 280],
  [0.45, 0.09, 165],
  [0.6, 0.12, 320],
  [0.55, 0.11, 105],
];

function hash(text: string): number {
  let value = 2166136261;
  for (let at = 0; at < text.length; at++) {
    value = Math.imul(value ^ text.charCodeAt(at), 16777619);
  }
  value ^= value >>> 15;
  return Math.imul(value, 2246822519) >>> 0;
}

export function colourOf(runId: string): string {
  const [lightness, chroma, hue] = PALETTE[hash(runId) % PALETTE.length]!;
  return `oklch(${isDark() ? 0.45 + lightness / 2 : lightness} ${chroma} ${hue})`;
}
