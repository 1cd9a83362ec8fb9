import { LoaderCircleIcon } from 'lucide-react'

import { Button } from './ui/button'

type LoadMoreProps = {
  query: {
    hasNextPage: boolean
    isFetchingNextPage: boolean
    fetchNextPage: () => Promise<unknown>
  }
}

export function LoadMore({ query }: LoadMoreProps) {
  if (!query.hasNextPage) return null
  return (
    <div className="flex justify-center pt-4">
      <Button
        variant="outline"
        aria-disabled={query.isFetchingNextPage}
        onClick={() => void query.fetchNextPage()}
      >
        {query.isFetchingNextPage && (
          <LoaderCircleIcon className="animate-spin" />
        )}
        Load more
      </Button>
    </div>
  )
}
