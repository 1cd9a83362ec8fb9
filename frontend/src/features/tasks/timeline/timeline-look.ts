import {
  BotIcon,
  CircleAlertIcon,
  CircleCheckIcon,
  FlagIcon,
  HourglassIcon,
  UserRoundIcon,
  WrenchIcon,
} from 'lucide-react'
import type { LucideIcon } from 'lucide-react'

import type { Line } from './timeline'

type Look = {
  icon: LucideIcon
  label: string
  /** The colour of the icon. */
  tone: string
  bar: string
  isMono?: boolean
}

const WAITS: Record<string, string> = {
  worker: 'Waited for a worker',
  approval: 'Waited for approval',
  answer: 'Waited for an answer',
  outcome: 'Waited for an outcome',
  task: 'Waited for a called task',
}

const MARKS = {
  plain: { icon: FlagIcon, tone: 'text-muted-foreground', bar: 'bg-input' },
  good: {
    icon: CircleCheckIcon,
    tone: 'text-completed',
    bar: 'bg-completed',
  },
  bad: { icon: CircleAlertIcon, tone: 'text-failed', bar: 'bg-failed' },
}

type LineOf<Kind> = Extract<Line, { kind: Kind }>

const LOOKS: { [Kind in Line['kind']]: (line: LineOf<Kind>) => Look } = {
  response: ({ step }) => ({
    icon: BotIcon,
    label: step?.model ?? 'Response',
    tone: 'text-brand',
    bar: 'bg-brand',
  }),
  call: ({ call: { name, result } }) => ({
    icon: WrenchIcon,
    label: name,
    tone: result?.isError ? 'text-failed' : 'text-running',
    bar: result?.isError ? 'bg-failed' : 'bg-running',
    isMono: true,
  }),
  wait: ({ waitsFor, decision }) => {
    const what = WAITS[waitsFor] ?? 'Waited'
    return {
      icon: waitsFor === 'worker' ? HourglassIcon : UserRoundIcon,
      label: decision ? `${what}: ${decision}` : what,
      tone: 'text-waiting',
      bar: 'bg-waiting/60',
    }
  },
  mark: ({ label, tone }) => ({ label, ...MARKS[tone] }),
}

/** The icon, label and colours of a line. */
export function lookOf(line: Line): Look {
  switch (line.kind) {
    case 'response':
      return LOOKS.response(line)
    case 'call':
      return LOOKS.call(line)
    case 'wait':
      return LOOKS.wait(line)
    case 'mark':
      return LOOKS.mark(line)
  }
}
