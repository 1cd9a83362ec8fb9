import { ShieldAlertIcon } from 'lucide-react'

import { RelativeTime } from '@/components/times'
import type { Schemas } from '@/lib/api/client'

type ProtectionChange = Schemas['ProtectionChange']

const place = (protection: ProtectionChange['before']) =>
  protection?.address === '' ? 'none' : protection?.address

const WHAT: Record<
  ProtectionChange['change'],
  (change: ProtectionChange) => string
> = {
  approval_off: ({ tool }) => `Approval for ${tool} was switched off`,
  effect_lowered: ({ tool, before, after }) =>
    `The effect of ${tool} was lowered from ${before?.effect} to ${after?.effect}`,
  method_changed: ({ tool, before, after }) =>
    `The method of ${tool} was changed from ${before?.method} to ${after?.method}`,
  address_changed: ({ tool, before, after }) =>
    `The address of ${tool} was changed from ${place(before)} to ${place(after)}`,
  parameters_changed: ({ tool }) => `The parameters of ${tool} were changed`,
  hosts_widened: ({ tool, after }) =>
    `${tool} may reach more hosts: ${after?.hosts?.join(', ') ?? 'all'}`,
  renamed: ({ tool }) => `${tool} was renamed`,
  removed: ({ tool }) => `${tool} was removed`,
}

const HOW: Record<ProtectionChange['via'], string> = {
  session: 'on the page',
  jwt: 'with the API',
  api_token: 'with the token',
  server: 'on the server',
}

/** Who let tools run with less protection than before, and when. */
export function ProtectionChanges({
  changes,
}: {
  changes: ProtectionChange[]
}) {
  if (changes.length === 0) return null
  return (
    <ul aria-label="Lowered protection" className="space-y-1.5">
      {changes.map((each, index) => (
        <li key={index} className="flex gap-2 text-xs">
          <ShieldAlertIcon
            aria-hidden
            className="mt-px size-3.5 shrink-0 text-waiting"
          />
          <span className="min-w-0 wrap-anywhere">
            {WHAT[each.change](each)}
            {each.by_name && ` by ${each.by_name}`} {HOW[each.via]}
            {each.token && ` ${each.token}`}
            <span className="text-muted-foreground">
              {' · '}
              <RelativeTime time={each.created_at} />
            </span>
          </span>
        </li>
      ))}
    </ul>
  )
}
