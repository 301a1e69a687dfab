/** Icons drawn as lines of a 16-pixel grid. */

const PATHS = {
  search: "M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10zM11 11l3.5 3.5",
  sun: "M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1M3 13l1-1M12 4l1-1",
  moon: "M13.5 9.5A6 6 0 0 1 6.5 2.5 6 6 0 1 0 13.5 9.5z",
  help: "M6 6a2 2 0 1 1 2.7 1.9c-.5.2-.7.6-.7 1.1v.5M8 12v.01M8 15A7 7 0 1 0 8 1a7 7 0 0 0 0 14z",
  down: "M4 6l4 4 4-4",
  right: "M6 4l4 4-4 4",
  close: "M4 4l8 8M12 4l-8 8",
  columns: "M2 3h12v10H2zM6 3v10M10 3v10",
  group: "M2 3h6v4H2zM8 9h6v4H8zM5 7v4h3",
  chart: "M2 13l4-5 3 3 5-7M2 2v12h12",
  more: "M3.5 8h.01M8 8h.01M12.5 8h.01",
  pin: "M10 2l4 4-2 1-2.5 2.5.5 3-1.5 1L3 8l1-1.5 3 .5L9.5 4.5zM5.5 10.5L2 14",
  trash: "M3 4h10M6 4V2h4v2M4 4l.7 10h6.6L12 4",
  restore: "M3 8a5 5 0 1 1 1.5 3.5M3 12V8.5h3.5",
  tag: "M2 2h6l6 6-6 6-6-6zM5 5h.01",
  edit: "M2 14l1-4 8-8 3 3-8 8zM9.5 3.5l3 3",
  compare: "M5 2v12M11 2v12M2 5h6M8 11h6",
  download: "M8 2v8M4.5 7L8 10.5 11.5 7M2.5 13.5h11",
  copy: "M5 5h9v9H5zM5 11H2V2h9v3",
  expand: "M9.5 2H14v4.5M6.5 14H2V9.5M14 2L9 7M2 14l5-5",
  reset: "M2 8h3l2-5 2 10 2-5h3",
  beaker: "M6 2v4L2.5 13a1 1 0 0 0 1 1.5h9a1 1 0 0 0 1-1.5L10 6V2M5 2h6",
  clock: "M8 15A7 7 0 1 0 8 1a7 7 0 0 0 0 14zM8 4v4l3 2",
  play: "M5 3l8 5-8 5z",
  pause: "M5 3v10M11 3v10",
  left: "M10 4L6 8l4 4",
  bookmark: "M4 2h8v12l-4-3-4 3z",
  check: "M3 8.5l3.5 3.5L13 4.5",
  link: "M7 9a3 3 0 0 0 4.3 0l2-2A3 3 0 0 0 9 2.7l-1 1M9 7a3 3 0 0 0-4.3 0l-2 2A3 3 0 0 0 7 13.3l1-1",
} as const;

export type IconName = keyof typeof PATHS;

/** Decoration: what it stands beside, or its button's label, says the same in words. */
export function Icon(props: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
      <path d={PATHS[props.name]} />
    </svg>
  );
}
