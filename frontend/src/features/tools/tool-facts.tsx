import type { ReactNode } from 'react'

import { UntrustedName, UntrustedText } from '@/components/untrusted-text'
import type { Schemas } from '@/lib/api/client'

type Effect = Schemas['EffectEnum']

export const EFFECT_LABELS: Record<Effect, string> = {
  read: 'read-only',
  idempotent: 'safe to repeat',
  write: 'side effects',
}

const Tag = ({ children }: { children: ReactNode }) => (
  <span className="rounded-full border px-1.5 py-px text-[0.6875rem] whitespace-nowrap text-muted-foreground">
    {children}
  </span>
)

type ToolFactsProps = {
  name: string
  description: string
  address?: string
  effect?: Effect
  /** What an MCP server says about its own tool. */
  claimedEffect?: Effect
  needsApproval?: boolean
}

/** The name, the description and the properties of a tool. */
export function ToolFacts({
  name,
  description,
  address,
  effect,
  claimedEffect,
  needsApproval,
}: ToolFactsProps) {
  return (
    <div className="min-w-0 flex-1">
      <p className="flex flex-wrap items-center gap-x-2 gap-y-1">
        <code className="font-mono text-sm font-medium wrap-anywhere">
          <UntrustedName>{name}</UntrustedName>
        </code>
        {effect && <Tag>{EFFECT_LABELS[effect]}</Tag>}
        {claimedEffect && claimedEffect !== 'write' && (
          <Tag>the server says: {EFFECT_LABELS[claimedEffect]}</Tag>
        )}
        {needsApproval && <Tag>needs approval</Tag>}
      </p>
      {description && (
        <p className="line-clamp-2 text-sm wrap-anywhere text-muted-foreground">
          <UntrustedText>{description}</UntrustedText>
        </p>
      )}
      {address && (
        <p className="mt-0.5 truncate font-mono text-xs text-muted-foreground">
          {address}
        </p>
      )}
    </div>
  )
}
