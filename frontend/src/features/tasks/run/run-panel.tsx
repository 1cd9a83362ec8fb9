import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { ArrowUpRightIcon } from 'lucide-react'

import { isLive, StatusBadge } from '@/components/status'
import { Duration } from '@/components/times'
import { Button } from '@/components/ui/button'

import { TaskOutput } from '../output/task-output'
import { taskQuery } from '../queries'
import { Cancel } from '../task/task-actions'
import { RunBox } from './run-box'

type RunPanelProps = {
  agent: number
  /** The task whose answer is shown below the form. It is kept in the URL. */
  task: number | undefined
  onRun: (task: number) => void
}

/** Runs an agent and shows the answer as it arrives. */
export function RunPanel({ agent, task, onRun }: RunPanelProps) {
  return (
    <div className="space-y-4">
      <RunBox agent={agent} onRun={onRun} />
      {task !== undefined && <Answer key={task} id={task} />}
    </div>
  )
}

function Answer({ id }: { id: number }) {
  const { data: task } = useQuery(taskQuery(id))
  if (!task) return null
  return (
    <div className="space-y-3">
      <div className="flex items-center gap-3 px-1 text-xs text-muted-foreground">
        <StatusBadge status={task.status} />
        {task.started_at && (
          <Duration from={task.started_at} to={task.finished_at} />
        )}
        <p className="min-w-0 flex-1 truncate">{task.input_text}</p>
        {isLive(task.status) && <Cancel task={task} size="small" />}
        <Button asChild variant="link" className="text-xs">
          <Link to="/tasks/$taskId" params={{ taskId: String(id) }}>
            Task {id}
            <ArrowUpRightIcon />
          </Link>
        </Button>
      </div>
      <TaskOutput task={task} />
    </div>
  )
}
