const NICE = [1, 2, 2.5, 5, 10]
/** Round steps of time in seconds, which differ from those of numbers. */
const NICE_TIMES = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21_600, 43_200,
  86_400,
]
const PARTS = 3

export type Unit = 'count' | 'seconds' | 'dollars'

/** The smallest step, and the one of an empty axis. */
const LEAST: Record<Unit, number> = { count: 1, seconds: 0.001, dollars: 1e-9 }
const EMPTY: Record<Unit, number> = { ...LEAST, dollars: 0.01 }

function stepOf(least: number, unit: Unit) {
  const time = NICE_TIMES.find((nice) => nice >= least)
  if (unit === 'seconds' && least > 0.5 && time) return time
  const power = 10 ** Math.floor(Math.log10(least))
  // Counts have no fractions.
  const steps = unit === 'count' && power <= 1 ? [1, 2, 5, 10] : NICE
  return (steps.find((nice) => nice * power >= least * 0.999) ?? 10) * power
}

/** The ticks of an axis from zero to at least `max`, at round values. */
export function ticksOf(max: number, unit: Unit) {
  const least = max > 0 ? Math.max(max / PARTS, LEAST[unit]) : EMPTY[unit]
  const step = stepOf(least, unit)
  const count = Math.max(1, Math.ceil(max / step - 0.001))
  return Array.from({ length: count + 1 }, (_, index) => index * step)
}
