import { useInfiniteQuery } from '@tanstack/react-query'
import { KeyRoundIcon, PlusIcon } from 'lucide-react'
import { useState } from 'react'

import { LoadMore } from '@/components/load-more'
import { ErrorNotice, Notice } from '@/components/notice'
import { SettingsCard } from '@/components/section'
import { Button } from '@/components/ui/button'
import { Skeleton } from '@/components/ui/skeleton'
import { rowsOf } from '@/lib/api/pages'

import { tokensQuery } from './queries'
import { TokenDialog } from './token-dialog'
import { TokenRow } from './token-row'

export function TokenSettings() {
  const [isOpen, setIsOpen] = useState(false)
  return (
    <SettingsCard
      title="API tokens"
      description="For programs that act on your behalf. Send one as Authorization: Bearer agt_…"
      aside={
        <Button
          size="small"
          onClick={() => {
            setIsOpen(true)
          }}
        >
          <PlusIcon />
          New token
        </Button>
      }
    >
      <Tokens />
      <TokenDialog isOpen={isOpen} onOpenChange={setIsOpen} />
    </SettingsCard>
  )
}

function Tokens() {
  const query = useInfiniteQuery(tokensQuery())
  if (!query.data) {
    return query.error ? (
      <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />
    ) : (
      <div role="status" aria-label="Loading" className="space-y-3 p-6">
        <Skeleton className="h-4 w-2/3" />
        <Skeleton className="h-4 w-1/2" />
      </div>
    )
  }
  const { rows } = rowsOf(query.data)
  if (rows.length === 0) {
    return (
      <Notice icon={KeyRoundIcon} title="No tokens yet">
        Create one for each program, with only the scopes that it needs.
      </Notice>
    )
  }
  return (
    <>
      <ul aria-label="API tokens" className="divide-y">
        {rows.map((token) => (
          <TokenRow key={token.id} token={token} />
        ))}
      </ul>
      {query.hasNextPage && (
        <div className="border-t pb-4">
          <LoadMore query={query} />
        </div>
      )}
    </>
  )
}
