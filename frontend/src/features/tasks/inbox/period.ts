const HOUR = 60 * 60 * 1000

const LENGTHS = {
  '1h': HOUR,
  '24h': 24 * HOUR,
  '7d': 7 * 24 * HOUR,
  '30d': 30 * 24 * HOUR,
}

/** A period that ends now. */
type Period = keyof typeof LENGTHS

export const PERIODS = Object.keys(LENGTHS) as Period[]

export const periodLabel: Record<Period, string> = {
  '1h': 'Last hour',
  '24h': 'Last 24 hours',
  '7d': 'Last 7 days',
  '30d': 'Last 30 days',
}

/** When a task was submitted: a period, or days. */
export type DateRange = {
  period?: Period | undefined
  /** Days in the time zone of the browser, both included. */
  from?: string | undefined
  to?: string | undefined
}

const instant = (text: string) => {
  const date = new Date(text)
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString()
}

/** The limits of a date range, as the API takes them. */
export function dateParams({ period, from, to }: DateRange) {
  const since = period
    ? new Date(Date.now() - LENGTHS[period]).toISOString()
    : from && instant(`${from}T00:00:00`)
  const until = to && instant(`${to}T23:59:59.999`)
  return {
    ...(since ? { created_at__gte: since } : {}),
    ...(until ? { created_at__lte: until } : {}),
  }
}
