import type { QueryClient } from '@tanstack/react-query'

import type { Status } from '@/components/status'
import { api } from '@/lib/api/client'

import type { TaskRow } from '../queries'

type Page = { results: TaskRow[] }
type Cached = Page | { pages: Page[] } | undefined

export type Changes = ReadonlyMap<number, Status>

function patchPage<Known extends Page>(page: Known, changes: Changes): Known {
  const results = page.results.map((row) => {
    const status = changes.get(row.id)
    return status && status !== row.status ? { ...row, status } : row
  })
  return { ...page, results }
}

/** Show what became of tasks in all lists at once, before anything is asked anew. */
export function patchRows(queryClient: QueryClient, changes: Changes) {
  const { queryKey } = api.queryOptions('get', '/api/tasks/')
  queryClient.setQueriesData<Cached>({ queryKey }, (known) => {
    if (!known) return known
    if ('results' in known) return patchPage(known, changes)
    const pages = known.pages.map((page) => patchPage(page, changes))
    return { ...known, pages }
  })
}

/** How many requests it takes to look at all lists in sight anew. */
export function pagesInSight(queryClient: QueryClient) {
  const { queryKey } = api.queryOptions('get', '/api/tasks/')
  const cached = queryClient
    .getQueryCache()
    .findAll({ queryKey, type: 'active' })
    .map(({ state }) => state.data as Cached)
  return cached.reduce(
    (sum, known) => sum + (known && 'pages' in known ? known.pages.length : 1),
    0,
  )
}
