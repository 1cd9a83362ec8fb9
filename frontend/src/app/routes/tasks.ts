import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import * as z from 'zod/mini'

import { approvalsQuery } from '@/features/approvals/queries'
import { PERIODS } from '@/features/tasks/inbox/period'
import {
  FINISH_REASONS,
  ORDERINGS,
  taskQuery,
  tasksQuery,
  conversationQuery,
} from '@/features/tasks/queries'
import { TASK_VIEWS } from '@/features/tasks/task/views'

import { preload } from './preload'
import { appRoute } from './root'
import { day, id, oneOf, statuses, text } from './search'

const tasksRoute = createRoute({
  getParentRoute: () => appRoute,
  path: '/tasks',
  validateSearch: z.object({
    status: statuses,
    agent: id,
    finish_reason: oneOf(FINISH_REASONS),
    search: text,
    period: oneOf(PERIODS),
    from: day,
    to: day,
    ordering: oneOf(ORDERINGS),
  }),
  loaderDeps: ({ search }) => search,
  loader: ({ context, deps }) => {
    preload(context.queryClient.infiniteQuery(tasksQuery(deps)))
  },
  component: lazyRouteComponent(
    () => import('../screens/tasks-screen'),
    'TasksScreen',
  ),
})

const taskRoute = createRoute({
  getParentRoute: () => appRoute,
  path: '/tasks/$taskId',
  validateSearch: z.object({ view: oneOf(TASK_VIEWS) }),
  loader: ({ context, params }) => {
    const taskId = Number(params.taskId)
    preload(context.queryClient.query(taskQuery(taskId)))
    preload(context.queryClient.query(conversationQuery(taskId)))
    preload(context.queryClient.query(approvalsQuery(taskId)))
    // Needed to show the answer, and large.
    preload(import('@/components/markdown'))
  },
  component: lazyRouteComponent(
    () => import('../screens/task-screen'),
    'TaskScreen',
  ),
})

export const taskRoutes = [tasksRoute, taskRoute] as const
