import { useQuery } from '@tanstack/react-query'
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
import { ErrorNotice } from '@/components/notice'
import { Skeleton } from '@/components/ui/skeleton'
import { formatMoment } from '@/lib/format'

import { AnswerForm } from './answer-form'
import { ApproveForm } from './approve-form'
import { OutcomeForm } from './outcome-form'
import { approvalQuery } from './queries'
import type { Approval, ApprovalRow } from './queries'

type ApprovalCardProps = {
  approval: ApprovalRow
  /** Whether to link its task, as outside the task's own page. */
  hasTask?: boolean
}

/** One tool call that waits for a decision, with the form that takes it. */
export function ApprovalCard({ approval, hasTask = false }: ApprovalCardProps) {
  const id = useId()
  const { icon: Icon, title } = lookOf(approval)
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
      <div className="px-4 py-4 sm:px-5">
        {approval.arguments_is_truncated ? (
          <WholeForm id={approval.id} />
        ) : (
          <Form approval={approval} />
        )}
      </div>
    </section>
  )
}

/** The form of a call with long arguments, of which a list has the beginning. */
function WholeForm({ id }: { id: number }) {
  const { data, error, refetch } = useQuery(approvalQuery(id))
  if (data) return <Form approval={data} />
  return error ? (
    <ErrorNotice error={error} onRetry={() => void refetch()} />
  ) : (
    <div role="status" aria-label="Loading">
      <Skeleton className="h-40" />
    </div>
  )
}

function Form({ approval }: { approval: Approval }) {
  switch (approval.waits_for) {
    case 'answer':
      return <AnswerForm approval={approval} />
    case 'outcome':
      return <OutcomeForm approval={approval} />
    case 'approval':
    case 'task':
      return <ApproveForm approval={approval} />
  }
}

function TaskLink({ approval }: { approval: ApprovalRow }) {
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

type Look = { icon: LucideIcon; title: ReactNode }

function lookOf(approval: ApprovalRow): Look {
  const tool = <code className="font-mono">{approval.tool}</code>
  switch (approval.waits_for) {
    case 'answer':
      return {
        icon: MessageCircleQuestionMarkIcon,
        title: `${approval.agent_name} asks you`,
      }
    case 'outcome':
      return {
        icon: CircleHelpIcon,
        title: <>Did {tool} succeed?</>,
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
      }
  }
}
