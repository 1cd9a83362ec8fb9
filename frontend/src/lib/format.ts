const relative = new Intl.RelativeTimeFormat('en', {
  numeric: 'auto',
  style: 'short',
})
const number = new Intl.NumberFormat('en')
const compact = new Intl.NumberFormat('en', {
  notation: 'compact',
  maximumFractionDigits: 1,
})
const exact = new Intl.DateTimeFormat(undefined, {
  dateStyle: 'medium',
  timeStyle: 'medium',
})
const day = new Intl.DateTimeFormat('en', { day: 'numeric', month: 'short' })
const dayAndYear = new Intl.DateTimeFormat('en', { dateStyle: 'medium' })

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** "now", "5 min. ago", "yesterday"; after a week the date. */
export function formatRelative(time: string, now: number) {
  const then = new Date(time)
  const age = Math.max(0, now - then.getTime())
  if (age < MINUTE) return age < 10_000 ? 'just now' : 'under a minute ago'
  if (age < HOUR) return relative.format(-Math.floor(age / MINUTE), 'minute')
  if (age < DAY) return relative.format(-Math.floor(age / HOUR), 'hour')
  if (age < 7 * DAY) return relative.format(-Math.floor(age / DAY), 'day')
  const sameYear = then.getFullYear() === new Date(now).getFullYear()
  return (sameYear ? day : dayAndYear).format(then)
}

export const formatExact = (time: string) => exact.format(new Date(time))

/** "0.4 s", "12 s", "3 m 05 s", "2 h 10 m"; one that grows leaves out the tenths. */
export function formatDuration(milliseconds: number, isGrowing = false) {
  const seconds = Math.max(0, milliseconds) / 1000
  if (seconds < 10 && !isGrowing) return `${seconds.toFixed(1)} s`
  if (seconds < 60) return `${Math.floor(seconds)} s`
  const minutes = Math.floor(seconds / 60)
  const rest = (value: number) => String(Math.floor(value)).padStart(2, '0')
  if (minutes < 60) return `${minutes} m ${rest(seconds % 60)} s`
  return `${Math.floor(minutes / 60)} h ${rest(minutes % 60)} m`
}

export const formatNumber = (value: number) => number.format(value)

export const formatCompact = (value: number) => compact.format(value)

/** "1 task", "1,204 tasks", and "10,000+ tasks" where only a lower bound is known. */
export function formatCount(count: number, noun: string, isExact = true) {
  const shown = `${number.format(count)}${isExact ? '' : '+'}`
  return `${shown} ${noun}${count === 1 && isExact ? '' : 's'}`
}
