/** A scatter plot: a dot for each run, by any two fields. */

import { createMemo, createSignal, Show } from "solid-js";
import { colourOf } from "../charts/colours";
import { href, go } from "../shell/router";
import { colour } from "../shell/theme";
import { Canvas, clipped, FONT, type Picture } from "./canvas";
import { type Entry, type Field, titleOf } from "./compared";
import { scaleOf } from "./scale";

const HEIGHT = 420;
const LEFT = 84;
const RIGHT = 24;
const TOP = 20;
const BOTTOM = 46;
const DOT = 5;
const NEAR_PIXELS = 14;
/** Of the axes' length, so that no dot is on the edge. */
const ROOM = 0.04;

interface ScatterProps {
  entries: readonly Entry[];
  x: Field;
  y: Field;
}

export function Scatter(props: ScatterProps) {
  const [pointed, setPointed] = createSignal("");
  let size = { width: 0 };
  const scaleX = createMemo(() => scaleOf(props.entries.map((entry) => props.x.value(entry))));
  const scaleY = createMemo(() => scaleOf(props.entries.map((entry) => props.y.value(entry))));
  const roomed = (place: number) => ROOM + place * (1 - 2 * ROOM);
  const xOf = (place: number) => LEFT + (size.width - LEFT - RIGHT) * roomed(place);
  const yOf = (place: number) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - roomed(place));
  const dots = createMemo(() =>
    props.entries.flatMap((entry) => {
      const x = scaleX().place(props.x.value(entry));
      const y = scaleY().place(props.y.value(entry));
      return x === null || y === null ? [] : [{ entry, x, y }];
    }),
  );
  const left = () => props.entries.length - dots().length;

  function paint({ context, width }: Picture): void {
    size = { width };
    context.font = FONT;
    context.strokeStyle = colour("line");
    context.fillStyle = colour("faint");
    context.textAlign = "center";
    for (const tick of scaleX().ticks) {
      const x = xOf(tick.at);
      context.beginPath();
      context.moveTo(x, TOP);
      context.lineTo(x, HEIGHT - BOTTOM);
      context.stroke();
      context.fillText(clipped(context, tick.text, 90), x, HEIGHT - BOTTOM + 16);
    }
    context.textAlign = "right";
    for (const tick of scaleY().ticks) {
      const y = yOf(tick.at);
      context.beginPath();
      context.moveTo(LEFT, y);
      context.lineTo(width - RIGHT, y);
      context.stroke();
      context.fillText(clipped(context, tick.text, LEFT - 14), LEFT - 8, y + 4);
    }
    context.fillStyle = colour("ink");
    context.textAlign = "center";
    context.fillText(props.x.title, (LEFT + width - RIGHT) / 2, HEIGHT - 8);
    context.textAlign = "left";
    context.fillText(props.y.title, 8, 12);
    for (const { entry, x, y } of dots()) {
      context.beginPath();
      context.arc(xOf(x), yOf(y), entry.id === pointed() ? DOT + 3 : DOT, 0, 2 * Math.PI);
      context.fillStyle = colourOf(entry.id);
      context.globalAlpha = 0.85;
      context.fill();
    }
    context.globalAlpha = 1;
  }

  function dotAt(atX: number, atY: number): Entry | undefined {
    let best: Entry | undefined;
    let distance = NEAR_PIXELS;
    for (const { entry, x, y } of dots()) {
      const off = Math.hypot(xOf(x) - atX, yOf(y) - atY);
      if (off < distance) [best, distance] = [entry, off];
    }
    return best;
  }

  const told = () => props.entries.find((entry) => entry.id === pointed());
  return (
    <figure class="picture-of-runs">
      <Canvas
        label={`${props.y.title} by ${props.x.title} of ${dots().length} runs`}
        height={HEIGHT}
        paint={paint}
        onPoint={(x, y) => setPointed(dotAt(x, y)?.id ?? "")}
        onLeave={() => setPointed("")}
        onRelease={(x, y) => {
          const found = dotAt(x, y);
          if (found) go(href(["experiments", found.run.experiment_id, "runs", found.runId]));
        }}
      />
      <figcaption class="faint" role="status">
        <Show when={told()} fallback={left() ? `${left()} without both values are not shown` : "Click a dot to open its run."}>
          {(entry) => (
            <>
              <strong>{titleOf(entry())}</strong> {props.x.title} {props.x.text(entry())} · {props.y.title}{" "}
              {props.y.text(entry())}
            </>
          )}
        </Show>
      </figcaption>
    </figure>
  );
}
