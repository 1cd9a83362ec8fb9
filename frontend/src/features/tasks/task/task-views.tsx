import { lazy, Suspense } from 'react'
import type { ReactNode } from 'react'

import { isLive } from '@/components/status'
import { Skeleton } from '@/components/ui/skeleton'
import { Tabs, TabsContent, TabsList, TabsTrigger } from '@/components/ui/tabs'

import { TaskConversation } from '../conversation/task-conversation'
import type { Task } from '../queries'
import { useTaskStream } from '../stream/use-task-stream'
import { TASK_VIEWS } from './views'
import type { TaskView } from './views'

const TimelinePanel = lazy(() =>
  import('../timeline/timeline-panel').then(({ TimelinePanel }) => ({
    default: TimelinePanel,
  })),
)
const JsonPanel = lazy(() =>
  import('./json-panel').then(({ JsonPanel }) => ({ default: JsonPanel })),
)

const LABELS: Record<TaskView, string> = {
  output: 'Output',
  timeline: 'Timeline',
  json: 'JSON',
}

type TaskViewsProps = {
  task: Task
  view: TaskView
  onViewChange: (view: TaskView) => void
  approvals: ReactNode
}

/** The views of a task, which share one stream. */
export function TaskViews(props: TaskViewsProps) {
  const { task, view, onViewChange, approvals } = props
  const stream = useTaskStream(task.id, { isEnded: !isLive(task.status) })
  return (
    <Tabs
      value={view}
      className="min-w-0 space-y-4"
      onValueChange={(next) => {
        onViewChange(next as TaskView)
      }}
    >
      <TabsList aria-label="Views of the task">
        {TASK_VIEWS.map((each) => (
          <TabsTrigger key={each} value={each}>
            {LABELS[each]}
          </TabsTrigger>
        ))}
      </TabsList>
      {approvals}
      <TabsContent value="output" tabIndex={-1} className="space-y-4">
        <TaskConversation task={task} stream={stream} />
      </TabsContent>
      <Suspense fallback={<Skeleton className="h-72 rounded-2xl" />}>
        <TabsContent value="timeline" tabIndex={-1}>
          <TimelinePanel task={task} stream={stream} />
        </TabsContent>
        <TabsContent value="json" tabIndex={-1}>
          <JsonPanel task={task} />
        </TabsContent>
      </Suspense>
    </Tabs>
  )
}
