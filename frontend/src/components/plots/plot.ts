import type { Unit } from './scale'

/** Each look has a colour and a pattern of its own. */
export type Look = 'completed' | 'failed' | 'cancelled' | 'first' | 'second'

export type Series = {
  key: string
  label: string
  look: Look
}

/** One place on the time axis, with the value of each series where there is one. */
export type Point = {
  key: string
  label: string
  /** A longer label, where there is room. */
  title: string
  values: Record<string, number | null>
  /** Whether the values lack an unknown part. */
  isPartial?: boolean
}

export type PlotData = {
  /** Names the values, as in "Tasks by status". */
  title: string
  series: Series[]
  points: Point[]
  format: (value: number) => string
  unit: Unit
  /** A remark that is needed to read the chart correctly. */
  note?: string
}

/** The value of a series at a point. */
export const valueAt = (point: Point, { key }: Series) =>
  point.values[key] ?? null

/** The value as text: "4", "–" where there is none, "4 + ?" or "?" where a part is unknown. */
export function shownAt(
  { format }: Pick<PlotData, 'format'>,
  point: Point,
  series: Series,
) {
  const value = valueAt(point, series)
  if (value === null) return point.isPartial ? '?' : '–'
  return point.isPartial ? `${format(value)} + ?` : format(value)
}
