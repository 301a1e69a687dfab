/** Series as the server packs them: a JSON header, then columns that are used as they are. */

export type Axis = "step" | "timestamp" | "relative" | "metric";

/** One series on the answer's grid of buckets; only buckets that have points. */
export interface Series {
  runId: string;
  key: string;
  /** All its points in the range, not only those that are drawn. */
  points: number;
  firstX: number;
  lastX: number;
  bucket: Uint32Array;
  count: Uint32Array;
  /** Least, greatest and mean of the finite values; NaN where there are none. */
  min: Float32Array;
  max: Float32Array;
  mean: Float32Array;
  /** The last value, whatever it is. */
  last: Float32Array;
}

/** Bucket b begins at start + b * width. */
export interface Charted {
  position: string;
  axis: Axis;
  start: number;
  width: number;
  buckets: number;
  /** Is every point counted in its own bucket?  Else some are in the one beside it. */
  exact: boolean;
  /** Else this is the quick answer, and a finer one can be had. */
  final: boolean;
  series: Series[];
}

export interface ChartsQuestion {
  run_ids: readonly string[];
  keys: readonly string[];
  axis: Axis;
  x_key?: string;
  start: number | null;
  end: number | null;
  buckets: number;
  /** Soon, and coarser where the best answer takes long. */
  quick?: boolean;
}

interface Header {
  position: string;
  axis: Axis;
  start: number;
  width: number;
  buckets: number;
  exact?: boolean;
  final?: boolean;
  series: {
    run_id: string;
    key?: string;
    points: number;
    first_x: number;
    last_x: number;
    length: number;
    offset: number;
  }[];
}

const WORD = 4;

export function unpack(bytes: ArrayBuffer, key: string): Charted {
  const length = new DataView(bytes).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, WORD, length))) as Header;
  const begin = WORD + length;
  const series = header.series.map((each): Series => {
    const at = (column: number) => begin + each.offset + column * each.length * WORD;
    const ints = (column: number) => new Uint32Array(bytes, at(column), each.length);
    const floats = (column: number) => new Float32Array(bytes, at(column), each.length);
    return {
      runId: each.run_id,
      key: each.key ?? key,
      points: each.points,
      firstX: each.first_x,
      lastX: each.last_x,
      bucket: ints(0),
      count: ints(1),
      min: floats(2),
      max: floats(3),
      last: floats(4),
      mean: floats(5),
    };
  });
  return { ...header, exact: header.exact ?? true, final: header.final ?? true, series };
}
