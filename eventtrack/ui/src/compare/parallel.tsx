/** Parallel coordinates: a line for each run across the fields; a range on an axis leaves others pale. */

import { createMemo, createSignal, Show } from "solid-js";
import { colourOf } from "../charts/colours";
import { colour } from "../shell/theme";
import { Canvas, clipped, FONT, type Picture } from "./canvas";
import { type Entry, type Field, titleOf } from "./compared";
import { scaleOf } from "./scale";

const HEIGHT = 420;
const TOP = 44;
const BOTTOM = 22;
const SIDE = 70;
const NEAR_PIXELS = 10;
const AXIS_PIXELS = 14;
const TICK_PIXELS = 84;
/** From axis to axis at least: what stands beside one has to be read. */
const APART_PIXELS = TICK_PIXELS + 12;

/** A range of an axis, from 0 to 1. */
type Range = readonly [number, number];

interface ParallelProps {
  entries: readonly Entry[];
  fields: readonly Field[];
}

export function Parallel(props: ParallelProps) {
  const [ranges, setRanges] = createSignal<ReadonlyMap<string, Range>>(new Map());
  const [pointed, setPointed] = createSignal("");
  let drag: { field: string; from: number } | null = null;
  let size = { width: 0 };

  const axes = createMemo(() =>
    props.fields.map((field) => ({
      field,
      scale: scaleOf(props.entries.map((entry) => field.value(entry))),
    })),
  );
  const inner = HEIGHT - TOP - BOTTOM;
  const xOf = (index: number) =>
    axes().length > 1 ? SIDE + ((size.width - 2 * SIDE) * index) / (axes().length - 1) : size.width / 2;
  const yOf = (place: number) => TOP + inner * (1 - place);
  const placeOf = (y: number) => Math.min(1, Math.max(0, 1 - (y - TOP) / inner));

  const lines = createMemo(() =>
    props.entries.map((entry) => ({
      entry,
      places: axes().map(({ field, scale }) => scale.place(field.value(entry))),
    })),
  );
  const isIn = (places: readonly (number | null)[]) =>
    axes().every(({ field }, index) => {
      const range = ranges().get(field.id);
      const place = places[index];
      return !range || (place !== null && place !== undefined && place >= range[0] && place <= range[1]);
    });
  const chosen = createMemo(() => lines().filter(({ places }) => isIn(places)));

  function paint({ context, width }: Picture): void {
    size = { width };
    const faint = colour("faint");
    context.font = FONT;
    for (const { entry, places } of lines()) {
      const isChosen = isIn(places);
      const isPointed = entry.id === pointed();
      context.beginPath();
      let isDown = false;
      places.forEach((place, index) => {
        if (place === null) isDown = false;
        else if (isDown) context.lineTo(xOf(index), yOf(place));
        else {
          context.moveTo(xOf(index), yOf(place));
          isDown = true;
        }
      });
      context.strokeStyle = isChosen ? colourOf(entry.id) : colour("line");
      context.globalAlpha = isPointed || !pointed() ? 0.9 : 0.25;
      context.lineWidth = isPointed ? 3 : 1.4;
      context.stroke();
    }
    context.globalAlpha = 1;
    context.lineWidth = 1;
    axes().forEach(({ field, scale }, index) => {
      const x = xOf(index);
      context.strokeStyle = colour("edge");
      context.beginPath();
      context.moveTo(x, TOP);
      context.lineTo(x, TOP + inner);
      context.stroke();
      context.fillStyle = colour("ink");
      context.textAlign = "center";
      const room = axes().length > 1 ? (width - 2 * SIDE) / (axes().length - 1) - 8 : width;
      context.fillText(clipped(context, field.title, Math.max(room, 40)), x, TOP - 24);
      context.fillStyle = faint;
      context.textAlign = "left";
      for (const tick of scale.ticks) {
        context.fillText(clipped(context, tick.text, TICK_PIXELS), x + 5, yOf(tick.at) + 3);
      }
      const range = ranges().get(field.id);
      if (!range) return;
      context.fillStyle = colour("accent");
      context.globalAlpha = 0.25;
      context.fillRect(x - 6, yOf(range[1]), 12, yOf(range[0]) - yOf(range[1]));
      context.globalAlpha = 1;
    });
  }

  const axisAt = (x: number) => axes().findIndex((_, index) => Math.abs(xOf(index) - x) < AXIS_PIXELS);

  /** The run whose line passes near a place. */
  function lineAt(x: number, y: number): string {
    let best = "";
    let distance = NEAR_PIXELS;
    for (const { entry, places } of lines()) {
      for (let index = 0; index + 1 < places.length; index++) {
        const [left, right] = [xOf(index), xOf(index + 1)];
        const [a, b] = [places[index], places[index + 1]];
        if (x < left || x > right || a == null || b == null) continue;
        const part = (x - left) / (right - left);
        const off = Math.abs(yOf(a + (b - a) * part) - y);
        if (off < distance) [best, distance] = [entry.id, off];
      }
    }
    return best;
  }

  function setRange(y: number): void {
    if (!drag) return;
    const to = placeOf(y);
    const next = new Map(ranges());
    next.set(drag.field, [Math.min(drag.from, to), Math.max(drag.from, to)]);
    setRanges(next);
  }

  function release(y: number): void {
    if (!drag) return;
    // A click without a drag takes the range away.
    if (Math.abs(placeOf(y) - drag.from) * inner < 3) {
      const next = new Map(ranges());
      next.delete(drag.field);
      setRanges(next);
    }
    drag = null;
  }

  const told = () => props.entries.find((entry) => entry.id === pointed());
  return (
    <figure class="picture-of-runs">
      <Canvas
        label={`Parallel coordinates of ${props.entries.length} runs over ${props.fields.map((field) => field.title).join(", ")}`}
        height={HEIGHT}
        widthMin={2 * SIDE + (axes().length - 1) * APART_PIXELS}
        paint={paint}
        onPoint={(x, y) => setPointed(lineAt(x, y))}
        onLeave={() => setPointed("")}
        onPress={(x, y) => {
          const index = axisAt(x);
          if (index >= 0) drag = { field: axes()[index]!.field.id, from: placeOf(y) };
        }}
        onDrag={(_, y) => setRange(y)}
        onRelease={(_, y) => release(y)}
      />
      <figcaption class="faint" role="status">
        <Show
          when={told()}
          fallback={
            ranges().size
              ? `${chosen().length} of ${lines().length} in range: ${chosen().slice(0, 8).map(({ entry }) => titleOf(entry)).join(", ")}`
              : "Drag along an axis to keep a range; click it to take the range away."
          }
        >
          {(entry) => (
            <>
              <strong>{titleOf(entry())}</strong>{" "}
              {props.fields.map((field) => `${field.title} ${field.text(entry()) || "–"}`).join(" · ")}
            </>
          )}
        </Show>
      </figcaption>
    </figure>
  );
}
