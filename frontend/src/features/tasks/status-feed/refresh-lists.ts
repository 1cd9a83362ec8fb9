import type { QueryClient, QueryKey } from '@tanstack/react-query'

import type { Status, StatusChanges } from '@/components/status'
import { api } from '@/lib/api/client'

import type { TaskRow } from '../queries'

type Page = { count?: number; results: TaskRow[] }
type Cached = Page | { pages: Page[] } | undefined

const listKey = () => api.queryOptions('get', '/api/tasks/').queryKey

const pagesOf = (known: Cached) =>
  known === undefined ? [] : 'pages' in known ? known.pages : [known]

function patchPage<Known extends Page>(
  page: Known,
  changes: ReadonlyMap<number, Status>,
): Known {
  const results = page.results.map((row) => {
    const status = changes.get(row.id)
    return status && status !== row.status ? { ...row, status } : row
  })
  return { ...page, results }
}

/** Show status changes in all lists immediately, before anything is reloaded. */
export function patchRows(
  queryClient: QueryClient,
  changes: ReadonlyMap<number, Status>,
) {
  queryClient.setQueriesData<Cached>({ queryKey: listKey() }, (known) => {
    if (!known) return known
    if (!('pages' in known)) return patchPage(known, changes)
    const pages = known.pages.map((page) => patchPage(page, changes))
    return { ...known, pages }
  })
}

type Params = { params?: { query?: { status?: Status[] } } } | undefined

/** The statuses that a list shows; all of them where it does not filter by status. */
function statusesOf(queryKey: QueryKey) {
  const request = queryKey[2] as Params
  return request?.params?.query?.status
}

/** Whether a list can look different once tasks have these statuses. */
function isAffected(
  queryKey: QueryKey,
  known: Cached,
  changes: StatusChanges,
): boolean {
  const statuses = statusesOf(queryKey)
  const pages = pagesOf(known)
  if (changes === 'all' || !statuses || pages.length === 0) return true
  if ([...changes.values()].some((status) => statuses.includes(status))) {
    return true
  }
  const rows = pages.flatMap(({ results }) => results)
  // A task that is counted, but not loaded, may have left the list.
  const isPartial = (pages[0]?.count ?? 0) > rows.length
  return isPartial || rows.some(({ id }) => changes.has(id))
}

/** Reload the lists that these changes can have changed. */
export const refreshLists = (
  queryClient: QueryClient,
  changes: StatusChanges,
) =>
  queryClient.invalidateQueries({
    queryKey: listKey(),
    predicate: ({ queryKey, state }) =>
      isAffected(queryKey, state.data as Cached, changes),
  })

/** How many requests it takes to reload all lists that are shown. */
export function pagesShown(queryClient: QueryClient) {
  const cached = queryClient
    .getQueryCache()
    .findAll({ queryKey: listKey(), type: 'active' })
    .map(({ state }) => pagesOf(state.data as Cached).length)
  return cached.reduce((sum, pages) => sum + Math.max(1, pages), 0)
}
