import { infiniteQueryOptions, keepPreviousData } from '@tanstack/react-query'
import type { InfiniteData, QueryKey } from '@tanstack/react-query'

type Page<Row> = {
  count: number
  count_is_exact: boolean
  next?: string | null
  results: Row[]
}

type Load<Row> = (
  cursor: string | undefined,
  signal: AbortSignal,
) => Promise<{ data?: Page<Row> | undefined; error?: unknown }>

function cursorOf(url: string | null | undefined) {
  if (!url) return undefined
  const { searchParams } = new URL(url, globalThis.location.origin)
  return searchParams.get('cursor') ?? undefined
}

/** A list that grows page by page along the API's keyset cursors. */
export function pagesOptions<Row>(queryKey: QueryKey, load: Load<Row>) {
  return infiniteQueryOptions({
    // The same path may also be cached as a single page, which has another shape.
    queryKey: [...queryKey, 'pages'],
    queryFn: async ({ pageParam, signal }) => {
      const { data, error } = await load(pageParam, signal)

      if (!data) throw error
      return data
    },
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page: Page<Row>) => cursorOf(page.next),
    placeholderData: keepPreviousData,
  })
}

export type PagesOptions<Row> = ReturnType<typeof pagesOptions<Row>>

/** All loaded rows, and how many rows there are as far as the server has counted. */
export function rowsOf<Row>(data: InfiniteData<Page<Row>>) {
  const first = data.pages[0]
  return {
    rows: data.pages.flatMap((page) => page.results),
    count: first?.count ?? 0,
    isExact: first?.count_is_exact ?? true,
  }
}
