import type { Unit } from './scale'

/** Colour and pattern together say which series it is. */
export type Look = 'completed' | 'failed' | 'cancelled' | 'first' | 'second'

export type Series = {
  key: string
  label: string
  look: Look
}

/** One place on the axis of time, with the value of each series, or none. */
export type Point = {
  key: string
  label: string
  /** The label where there is more room. */
  title: string
  values: Record<string, number | null>
  /** The values lack a part that is not known. */
  isPartial?: boolean
}

export type PlotData = {
  /** Names the values, as in "Tasks by status". */
  title: string
  series: Series[]
  points: Point[]
  format: (value: number) => string
  unit: Unit
  /** What has to be known to read it rightly. */
  note?: string
}

/** The value of a series at a point. */
export const valueAt = (point: Point, { key }: Series) =>
  point.values[key] ?? null

/** It as text: "4", "–" where there is none, "4 + ?" and "?" where a part is not known. */
export function shownAt(
  { format }: Pick<PlotData, 'format'>,
  point: Point,
  series: Series,
) {
  const value = valueAt(point, series)
  if (value === null) return point.isPartial ? '?' : '–'
  return point.isPartial ? `${format(value)} + ?` : format(value)
}
