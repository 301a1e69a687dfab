/** A canvas as wide as its place or as it must be, painted anew when its size, the theme or what it shows changes. */

import { createEffect, createSignal, onCleanup, onMount } from "solid-js";
import { isDark } from "../shell/theme";

export interface Picture {
  context: CanvasRenderingContext2D;
  width: number;
  height: number;
}

interface CanvasProps {
  label: string;
  height: number;
  /** In a narrower place it is scrolled. */
  widthMin?: number;
  /** Reads what it depends on. */
  paint: (picture: Picture) => void;
  /** In pixels of the page, from the upper left corner. */
  onPoint?: (x: number, y: number) => void;
  onLeave?: () => void;
  onPress?: (x: number, y: number) => void;
  onDrag?: (x: number, y: number) => void;
  onRelease?: (x: number, y: number) => void;
}

export function Canvas(props: CanvasProps) {
  let holder!: HTMLDivElement;
  let canvas!: HTMLCanvasElement;
  const [room, setRoom] = createSignal(0);
  const width = () => room() && Math.max(room(), props.widthMin ?? 0);
  onMount(() => {
    const observer = new ResizeObserver(() => setRoom(holder.clientWidth));
    observer.observe(holder);
    onCleanup(() => observer.disconnect());
    // Kept in memory: with an emulated graphics card that is many times faster.
    const context = canvas.getContext("2d", { willReadFrequently: true })!;
    createEffect(() => {
      isDark();
      const height = props.height;
      if (!width()) return;
      const ratio = devicePixelRatio || 1;
      canvas.width = width() * ratio;
      canvas.height = height * ratio;
      canvas.style.width = `${width()}px`;
      canvas.style.height = `${height}px`;
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      context.clearRect(0, 0, width(), height);
      props.paint({ context, width: width(), height });
    });
  });
  const at = (event: PointerEvent) => {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top] as const;
  };
  return (
    <div ref={holder} class="canvas">
      <canvas
        ref={canvas}
        role="img"
        aria-label={props.label}
        onPointerDown={(event) => {
          canvas.setPointerCapture(event.pointerId);
          props.onPress?.(...at(event));
        }}
        onPointerMove={(event) =>
          event.buttons ? props.onDrag?.(...at(event)) : props.onPoint?.(...at(event))
        }
        onPointerUp={(event) => props.onRelease?.(...at(event))}
        onPointerLeave={() => props.onLeave?.()}
      />
    </div>
  );
}

export const FONT = "11px ui-sans-serif, system-ui, sans-serif";

/** As much of the text as has room. */
export function clipped(context: CanvasRenderingContext2D, text: string, width: number): string {
  if (context.measureText(text).width <= width) return text;
  let length = text.length;
  while (length > 1 && context.measureText(`${text.slice(0, length)}…`).width > width) length--;
  return `${text.slice(0, length)}…`;
}
