import * as z from 'zod/mini'

import type { Schemas } from '@/lib/api/client'

export type Scope = Schemas['ScopesEnum']

export const SCOPES: Record<Scope, { label: string; hint: string }> = {
  read: { label: 'Read', hint: 'See your agents, tasks and their output.' },
  run: { label: 'Run', hint: 'Run agents, cancel and retry tasks.' },
  approve: {
    label: 'Approve',
    hint: 'Decide in your place when an agent asks before it acts, and answer its questions. A program that also runs agents can then approve its own calls.',
  },
  write: {
    label: 'Write',
    hint: 'Create, change and delete agents and tools.',
  },
}

export const SCOPE_NAMES = Object.keys(SCOPES) as Scope[]

/** For how many days a new token is valid. */
export const VALIDITIES = {
  '7': '7 days',
  '30': '30 days',
  '90': '90 days',
  '365': '1 year',
  '': 'No expiry',
}

export const tokenSchema = z.object({
  name: z
    .string()
    .check(
      z.trim(),
      z.minLength(1, 'Enter a name, such as that of the program.'),
      z.maxLength(100, 'At most 100 characters.'),
    ),
  scopes: z
    .array(z.enum(['read', 'run', 'approve', 'write']))
    .check(z.minLength(1, 'Choose at least one.')),
  days: z.string(),
  rate: z
    .string()
    .check(
      z.trim(),
      z.regex(
        /^(\d+\/(sec|min|hour|day|s|m|h|d))?$/,
        'Enter a rate such as 30/min.',
      ),
    ),
})

export type TokenValues = z.infer<typeof tokenSchema>

const DAY = 24 * 3600 * 1000

export const requestOf = ({
  days,
  ...values
}: TokenValues): Schemas['ApiTokenRequest'] => ({
  ...values,
  expires_at: days
    ? new Date(Date.now() + Number(days) * DAY).toISOString()
    : null,
})
