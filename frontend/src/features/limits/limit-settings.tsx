import { useQuery } from '@tanstack/react-query'

import { ErrorNotice } from '@/components/notice'
import { SettingsCard } from '@/components/section'
import { Skeleton } from '@/components/ui/skeleton'
import { formatNumber } from '@/lib/format'

import { formatSize } from './format-size'
import { limitsQuery } from './queries'
import type { Limits, Quota } from './queries'

/** What the user has and may have. */
export function LimitSettings() {
  const { data, error, refetch } = useQuery(limitsQuery())
  return (
    <SettingsCard
      title="Limits"
      description="Set by the operator of this server, who can raise them. Deleting makes room."
    >
      {!data && error && (
        <ErrorNotice error={error} onRetry={() => void refetch()} />
      )}
      {!data && !error && (
        <div role="status" aria-label="Loading" className="space-y-4 p-6">
          {['first', 'second', 'third'].map((each) => (
            <Skeleton key={each} className="h-6 w-full" />
          ))}
        </div>
      )}
      {data && <Quotas quotas={data.quotas} />}
      {data && <Rates rates={data.rates} />}
    </SettingsCard>
  )
}

const CELL = 'py-3 text-right tabular'

function Quotas({ quotas }: { quotas: Quota[] }) {
  return (
    <table aria-label="Quotas" className="w-full text-sm">
      <thead className="text-xs text-muted-foreground">
        <tr className="border-b">
          <th scope="col" className="px-4 py-2 text-left font-medium sm:px-6">
            Name
          </th>
          <th scope="col" className="py-2 text-right font-medium">
            Used
          </th>
          <th scope="col" className="px-4 py-2 text-right font-medium sm:px-6">
            Limit
          </th>
        </tr>
      </thead>
      <tbody className="divide-y">
        {quotas.map((quota) => (
          <QuotaRow key={quota.name} quota={quota} />
        ))}
      </tbody>
    </table>
  )
}

function QuotaRow({ quota }: { quota: Quota }) {
  const { label, unit, used, limit } = quota
  const format = unit === 'bytes' ? formatSize : formatNumber
  const isReached = limit !== null && used >= limit
  return (
    <tr>
      <th scope="row" className="px-4 py-3 text-left font-normal sm:px-6">
        <span className="inline-block first-letter:uppercase">{label}</span>
        {isReached && (
          <span className="block text-xs text-failed">Limit reached</span>
        )}
      </th>
      <td className={CELL}>{format(used)}</td>
      <td className={`${CELL} px-4 text-muted-foreground sm:px-6`}>
        {limit === null ? 'None' : format(limit)}
      </td>
    </tr>
  )
}

function Rates({ rates }: { rates: Limits['rates'] }) {
  return (
    <p className="border-t px-4 py-3 text-xs text-muted-foreground sm:px-6">
      Requests: {rates.user} for you and all your API tokens together, and at
      most {rates.token} for one token.
    </p>
  )
}
