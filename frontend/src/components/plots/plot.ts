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
}

export type PlotData = {
  /** Names the values, as in "Tasks by status". */
  title: string
  series: Series[]
  points: Point[]
  format: (value: number) => string
  unit: Unit
}

/** The value of a series at a point. */
export const valueAt = (point: Point, { key }: Series) =>
  point.values[key] ?? null
