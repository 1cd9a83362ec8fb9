const number = new Intl.NumberFormat('en')
const compact = new Intl.NumberFormat('en', {
  notation: 'compact',
  maximumFractionDigits: 1,
})
const exact = new Intl.DateTimeFormat(undefined, {
  dateStyle: 'medium',
  timeStyle: 'medium',
})
const moment = new Intl.DateTimeFormat(undefined, {
  day: 'numeric',
  month: 'short',
  hour: 'numeric',
  minute: '2-digit',
})
const day = new Intl.DateTimeFormat('en', { day: 'numeric', month: 'short' })
const dayAndYear = new Intl.DateTimeFormat('en', { dateStyle: 'medium' })

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const UNITS = [
  { unit: 'd', size: DAY },
  { unit: 'h', size: HOUR },
  { unit: 'min', size: MINUTE },
  { unit: 's', size: SECOND },
]

/** "just now", "40 s ago", "5 min ago", "3 h ago", "2 d ago"; after a week the date. */
export function formatRelative(time: string, now: number) {
  const then = new Date(time)
  const age = now - then.getTime()
  if (age < 10 * SECOND) return 'just now'
  if (age >= 7 * DAY) {
    const isThisYear = then.getFullYear() === new Date(now).getFullYear()
    return (isThisYear ? day : dayAndYear).format(then)
  }
  const { unit, size } = UNITS.find((each) => age >= each.size) ?? {
    unit: 's',
    size: SECOND,
  }
  return `${Math.floor(age / size)} ${unit} ago`
}

/** A calendar day such as 2026-05-04: "May 4". */
export const formatDay = (text: string) => day.format(new Date(`${text}T12:00`))

/** "Dec 3, 4:59 PM": to the minute, in the locale of the browser. */
export const formatMoment = (time: string) => moment.format(new Date(time))

export const formatExact = (time: string) => exact.format(new Date(time))

/** "40 ms", "1.4 s", "12 s", "3 m 05 s", "2 h 10 m"; without tenths while it grows. */
export function formatDuration(milliseconds: number, isGrowing = false) {
  const seconds = Math.max(0, milliseconds) / 1000
  if (seconds < 1 && !isGrowing) return `${Math.round(seconds * 1000)} ms`
  if (seconds < 10 && !isGrowing) return `${seconds.toFixed(1)} s`
  if (seconds < 60) return `${Math.floor(seconds)} s`
  const minutes = Math.floor(seconds / 60)
  const rest = (value: number) => String(Math.floor(value)).padStart(2, '0')
  if (minutes < 60) return `${minutes} m ${rest(seconds % 60)} s`
  return `${Math.floor(minutes / 60)} h ${rest(minutes % 60)} m`
}

export const formatNumber = (value: number) => number.format(value)

export const formatCompact = (value: number) => compact.format(value)

const dollars = new Intl.NumberFormat('en', {
  style: 'currency',
  currency: 'USD',
})
const manyDollars = new Intl.NumberFormat('en', {
  style: 'currency',
  currency: 'USD',
  notation: 'compact',
  maximumFractionDigits: 1,
})
const partOfDollar = new Intl.NumberFormat('en', {
  style: 'currency',
  currency: 'USD',
  maximumSignificantDigits: 2,
})

/** A sum, rounded: "$0", "$0.000034", "$0.12", "$3.40", "$1.2K". */
export function formatDollars(value: number) {
  if (value < 1) return partOfDollar.format(value)
  return (value < 1000 ? dollars : manyDollars).format(value)
}

/** "1 task", "1,204 tasks", and "10,000+ tasks" where only a lower bound is known. */
export function formatCount(count: number, noun: string, isExact = true) {
  const shown = `${number.format(count)}${isExact ? '' : '+'}`
  return `${shown} ${noun}${count === 1 && isExact ? '' : 's'}`
}

type ShownInput = { input_text: string; input_is_truncated: boolean }

/** The input of a row. Lists return only the beginning of a long input. */
export const formatInput = ({ input_text, input_is_truncated }: ShownInput) =>
  input_is_truncated ? `${input_text}…` : input_text
