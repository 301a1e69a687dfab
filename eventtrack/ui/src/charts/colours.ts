/** A run's colour: of its id, so that it is the same on every page, today and tomorrow. */

import { isDark } from "../shell/theme";

const HUES = 360;
const LIGHTNESSES = 3;

function hash(text: string): number {
  let value = 2166136261;
  for (let at = 0; at < text.length; at++) {
    value = Math.imul(value ^ text.charCodeAt(at), 16777619);
  }
  value ^= value >>> 15;
  return Math.imul(value, 2246822519) >>> 0;
}

export function colourOf(runId: string): string {
  const value = hash(runId);
  const hue = value % HUES;
  const step = Math.floor(value / HUES) % LIGHTNESSES;
  const lightness = isDark() ? 0.68 + step * 0.07 : 0.5 + step * 0.07;
  return `oklch(${lightness} 0.15 ${hue})`;
}
