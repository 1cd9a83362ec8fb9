import { Link } from '@tanstack/react-router'
import {
  CircleHelpIcon,
  MessageCircleQuestionMarkIcon,
  ShieldQuestionMarkIcon,
} from 'lucide-react'
import type { LucideIcon } from 'lucide-react'
import { useId } from 'react'
import type { ReactNode } from 'react'

import { RelativeTime } from '@/components/times'
import { formatMoment } from '@/lib/format'

import { AnswerForm } from './answer-form'
import { ApproveForm } from './approve-form'
import { OutcomeForm } from './outcome-form'
import type { Approval } from './queries'

type ApprovalCardProps = {
  approval: Approval
  /** Whether to link its task, as outside the task's own page. */
  hasTask?: boolean
}

/** One tool call that waits for a decision, with the form that takes it. */
export function ApprovalCard({ approval, hasTask = false }: ApprovalCardProps) {
  const id = useId()
  const { icon: Icon, title, form } = lookOf(approval)
  return (
    <section
      aria-labelledby={id}
      className="overflow-hidden rounded-2xl border border-waiting/45 bg-card"
    >
      <header className="flex items-start gap-3 bg-waiting/8 px-4 py-3 sm:px-5">
        <Icon aria-hidden className="mt-0.5 size-4.5 shrink-0 text-waiting" />
        <div className="min-w-0 flex-1">
          <h2 id={id} className="text-sm font-medium wrap-anywhere">
            {title}
          </h2>
          <p className="text-xs text-muted-foreground">
            {hasTask && <TaskLink approval={approval} />}
            <RelativeTime time={approval.created_at} />
            {approval.expires_at && (
              <> · expires {formatMoment(approval.expires_at)}</>
            )}
          </p>
        </div>
      </header>
      <div className="px-4 py-4 sm:px-5">{form}</div>
    </section>
  )
}

function TaskLink({ approval }: { approval: Approval }) {
  return (
    <>
      <Link
        to="/tasks/$taskId"
        params={{ taskId: String(approval.task) }}
        className="font-medium text-foreground hover:underline touch:hit-area"
      >
        {approval.agent_name}, task {approval.task}
      </Link>
      {' · '}
    </>
  )
}

type Look = { icon: LucideIcon; title: ReactNode; form: ReactNode }

function lookOf(approval: Approval): Look {
  const tool = <code className="font-mono">{approval.tool}</code>
  switch (approval.waits_for) {
    case 'answer':
      return {
        icon: MessageCircleQuestionMarkIcon,
        title: `${approval.agent_name} asks you`,
        form: <AnswerForm approval={approval} />,
      }
    case 'outcome':
      return {
        icon: CircleHelpIcon,
        title: <>Did {tool} succeed?</>,
        form: <OutcomeForm approval={approval} />,
      }
    case 'approval':
    case 'task':
      return {
        icon: ShieldQuestionMarkIcon,
        title: (
          <>
            {approval.agent_name} wants to call {tool}
          </>
        ),
        form: <ApproveForm approval={approval} />,
      }
  }
}
