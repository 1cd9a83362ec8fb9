import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import * as z from 'zod/mini'

import { taskQuery, tasksQuery } from '@/features/tasks/queries'

import { appRoute } from './root'
import { id, statuses, text } from './search'
import { warm } from './warm'

const tasksRoute = createRoute({
  getParentRoute: () => appRoute,
  path: '/tasks',
  validateSearch: z.object({ status: statuses, agent: id, search: text }),
  loaderDeps: ({ search }) => search,
  loader: ({ context, deps }) => {
    warm(context.queryClient.infiniteQuery(tasksQuery(deps)))
  },
  component: lazyRouteComponent(() => import('../tasks-screen'), 'TasksScreen'),
})

const taskRoute = createRoute({
  getParentRoute: () => appRoute,
  path: '/tasks/$taskId',
  loader: ({ context, params }) => {
    warm(context.queryClient.query(taskQuery(Number(params.taskId))))
  },
  component: lazyRouteComponent(() => import('../task-screen'), 'TaskScreen'),
})

export const taskRoutes = [tasksRoute, taskRoute] as const
