import { Link, useNavigate } from '@tanstack/react-router'
import { BotIcon, CornerDownRightIcon, UserRoundIcon } from 'lucide-react'
import type { LucideIcon } from 'lucide-react'

import { StatusIcon } from '@/components/status'
import type { Schemas } from '@/lib/api/client'
import { plainText } from '@/lib/plain-text'

import type { Task } from '../queries'
import { RunBox } from '../run/run-box'

type Turn = Schemas['Task']

/** The earlier tasks of the conversation that a task continues. */
export function EarlierTurns({ turns }: { turns: Turn[] }) {
  if (turns.length === 0) return null
  return (
    <section aria-label="Conversation" className="rounded-2xl border bg-card">
      <header className="flex h-12 items-center border-b px-4 sm:px-5">
        <h2 className="text-sm font-medium">Earlier in this conversation</h2>
      </header>
      <ol className="divide-y">
        {turns.map((turn) => (
          <li key={turn.id} className="space-y-2.5 px-4 py-3.5 text-sm sm:px-5">
            <Message icon={UserRoundIcon} who="You" text={turn.input_text} />
            <Message
              icon={BotIcon}
              who={turn.agent_name}
              text={
                plainText(turn.output_text) ||
                turn.error_detail ||
                'No answer yet.'
              }
            />
            <TurnLink turn={turn} />
          </li>
        ))}
      </ol>
    </section>
  )
}

type MessageProps = { icon: LucideIcon; who: string; text: string }

function Message({ icon: Icon, who, text }: MessageProps) {
  return (
    <div className="flex gap-2.5">
      <Icon
        aria-label={who}
        role="img"
        className="mt-0.5 size-4 shrink-0 text-muted-foreground"
      />
      <p className="line-clamp-4 min-w-0 wrap-anywhere whitespace-pre-wrap">
        {text}
      </p>
    </div>
  )
}

function TurnLink({ turn }: { turn: Turn }) {
  return (
    <Link
      to="/tasks/$taskId"
      params={{ taskId: String(turn.id) }}
      className="inline-flex items-center gap-2 rounded text-xs text-muted-foreground hover:text-foreground hover:underline touch:hit-area"
    >
      <StatusIcon status={turn.status} className="size-3.5" />
      Task {turn.id}
    </Link>
  )
}

type FollowUpProps = { task: Task; later: Turn[] }

/** The tasks that continue the conversation, and the form that does. */
export function FollowUp({ task, later }: FollowUpProps) {
  const navigate = useNavigate()
  return (
    <section aria-label="Follow up" className="space-y-3">
      {later.length > 0 && (
        <ul className="space-y-1.5 px-1">
          {later.map((turn) => (
            <li key={turn.id} className="flex min-w-0 items-center gap-2">
              <CornerDownRightIcon
                aria-hidden
                className="size-4 shrink-0 text-muted-foreground"
              />
              <TurnLink turn={turn} />
              <span className="min-w-0 truncate text-sm">
                {turn.input_text}
              </span>
            </li>
          ))}
        </ul>
      )}
      {task.status === 'completed' && (
        <RunBox
          agent={task.agent}
          follows={task.id}
          label="Follow up"
          placeholder={`Ask a follow-up. ${task.agent_name} remembers this conversation.`}
          action="Send"
          onRun={(next) => {
            const params = { taskId: String(next) }
            void navigate({ to: '/tasks/$taskId', params })
          }}
        />
      )}
    </section>
  )
}
