import { formatNumber } from '@/lib/format'
import { diffLines } from '@/lib/line-diff'
import type { DiffLine } from '@/lib/line-diff'

import { MORE_SETTINGS } from '../more-settings'
import type { AgentVersion } from '../queries'
import { toolEntries, toolTitle } from '../tools/tool-entries'
import type { ToolEntry } from '../tools/tool-entries'

export type FieldChange = { label: string; before: string; after: string }

export type TextChange = { label: string; lines: DiffLine[] }

const seconds = (value: number) => `${formatNumber(value)} s`

const FIELDS: { label: string; show: (version: AgentVersion) => string }[] = [
  { label: 'Model', show: ({ model }) => model },
  {
    label: 'Fallback models',
    show: ({ fallback_models }) => fallback_models.join(', ') || 'None',
  },
  {
    label: 'Temperature',
    show: ({ temperature }) => temperature?.toString() ?? 'Provider default',
  },
  {
    label: 'Output limit',
    show: ({ max_output_tokens }) =>
      max_output_tokens === null
        ? 'Provider default'
        : `${formatNumber(max_output_tokens)} tokens`,
  },
  ...MORE_SETTINGS,
  { label: 'Step limit', show: ({ max_steps }) => formatNumber(max_steps) },
  { label: 'Step timeout', show: (version) => seconds(version.step_timeout) },
  { label: 'Timeout', show: ({ timeout }) => seconds(timeout) },
]

/** The settings of one line that differ. */
export function fieldChanges(
  before: AgentVersion,
  after: AgentVersion,
): FieldChange[] {
  return FIELDS.map(({ label, show }) => ({
    label,
    before: show(before),
    after: show(after),
  })).filter((change) => change.before !== change.after)
}

const SETTINGS: Record<string, string> = {
  needs_approval: 'needs approval',
  ask_before: 'asks before',
  timeout: 'timeout',
  prefix: 'prefix',
  effect: 'effect',
  name: 'name',
  description: 'description',
}

/** A tool in one line: what it is, and its settings. */
function toolLine(entry: ToolEntry) {
  const identity = entry.type === 'builtin' ? ['name'] : []
  const settings = Object.entries(entry).flatMap(([key, value]) => {
    const label = SETTINGS[key]
    if (!label || identity.includes(key)) return []
    if (typeof value === 'boolean') return value ? label : 'no approval'
    const text = Array.isArray(value) ? value.join(', ') : String(value)
    return `${label} ${text}`
  })
  return [toolTitle(entry), ...settings].join(' · ')
}

const toolsText = ({ tools }: AgentVersion) =>
  toolEntries.parse(tools).map(toolLine).join('\n')

/** The texts of several lines that differ. */
export function textChanges(
  before: AgentVersion,
  after: AgentVersion,
): TextChange[] {
  return [
    {
      label: 'Instructions',
      lines: diffLines(before.instructions, after.instructions),
    },
    { label: 'Tools', lines: diffLines(toolsText(before), toolsText(after)) },
  ].filter(({ lines }) => lines.some(({ kind }) => kind !== 'same'))
}
