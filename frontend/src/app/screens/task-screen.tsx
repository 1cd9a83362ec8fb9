import { getRouteApi } from '@tanstack/react-router'

import { TaskApprovals } from '@/features/approvals/task-approvals'
import { TaskPage } from '@/features/tasks/task/task-page'

const route = getRouteApi('/app/tasks/$taskId')

export function TaskScreen() {
  const id = Number(route.useParams().taskId)
  const { view = 'output' } = route.useSearch()
  const navigate = route.useNavigate()
  return (
    <TaskPage
      key={id}
      id={id}
      view={view}
      onViewChange={(next) => {
        const search = next === 'output' ? {} : { view: next }
        void navigate({ search, replace: true, resetScroll: false })
      }}
      approvals={<TaskApprovals task={id} />}
    />
  )
}
