/** The bar between two panes: dragged, or moved by the arrow keys. */

interface SplitProps {
  /** The left pane's part, in percent. */
  value: number;
  onChange: (percent: number) => void;
}

const LEAST = 15;
const STEP = 2;

export function Split(props: SplitProps) {
  let bar!: HTMLDivElement;
  const set = (percent: number) => props.onChange(Math.round(Math.max(LEAST, Math.min(100 - LEAST, percent))));
  return (
    <div
      ref={bar}
      class="splitter"
      role="separator"
      aria-orientation="vertical"
      aria-label="Between table and charts"
      aria-valuenow={props.value}
      aria-valuemin={LEAST}
      aria-valuemax={100 - LEAST}
      tabindex="0"
      onPointerDown={(event) => {
        event.preventDefault();
        bar.setPointerCapture(event.pointerId);
      }}
      onPointerMove={(event) => {
        if (!bar.hasPointerCapture(event.pointerId)) return;
        const panes = bar.parentElement!.getBoundingClientRect();
        set(((event.clientX - panes.left) / panes.width) * 100);
      }}
      onKeyDown={(event) => {
        const by = event.key === "ArrowLeft" ? -STEP : event.key === "ArrowRight" ? STEP : 0;
        if (!by) return;
        event.preventDefault();
        set(props.value + by);
      }}
    />
  );
}
