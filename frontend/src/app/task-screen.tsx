import { getRouteApi } from '@tanstack/react-router'

import { TaskPage } from '@/features/tasks/task-page'

const route = getRouteApi('/app/tasks/$taskId')

export function TaskScreen() {
  const id = Number(route.useParams().taskId)
  return <TaskPage key={id} id={id} />
}
