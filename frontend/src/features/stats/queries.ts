import { api } from '@/lib/api/client'
import type { Schemas } from '@/lib/api/client'

export type Stats = Schemas['Stats']

const DAY = 24 * 3600 * 1000

/** The period that is shown. It is kept in the URL. */
export const RANGES = ['24h', '7d', '30d', '90d'] as const
export type Range = (typeof RANGES)[number]

const DAYS = { '7d': 7, '30d': 30, '90d': 90 }

/** By hour for a day, by day for longer periods. The start moves once a day. */
function windowOf(range: Range) {
  if (range === '24h') return { bucket: 'hour' as const }
  const today = Math.floor(Date.now() / DAY) * DAY
  const first = new Date(today - (DAYS[range] - 1) * DAY)
  return { bucket: 'day' as const, since: first.toISOString() }
}

export const statsQuery = (range: Range, agent?: number) =>
  api.queryOptions(
    'get',
    '/api/stats/',
    { params: { query: { ...windowOf(range), ...(agent ? { agent } : {}) } } },
    // Tasks are counted some seconds after they end, without an event.
    { staleTime: 15_000, refetchInterval: 30_000 },
  )
