import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import * as z from 'zod/mini'

import { approvalsQuery } from '@/features/approvals/queries'
import { RANGES, statsQuery } from '@/features/stats/queries'
import {
  anyTaskQuery,
  failedTasksQuery,
  liveTasksQuery,
} from '@/features/tasks/queries'

import { warm } from './preload'
import { appRoute } from './root'

const homeRoute = createRoute({
  getParentRoute: () => appRoute,
  path: '/',
  validateSearch: z.object({
    range: z.catch(z.optional(z.enum(RANGES)), undefined),
  }),
  loaderDeps: ({ search }) => search,
  loader: ({ context: { queryClient }, deps }) => {
    warm(queryClient.query(anyTaskQuery()))
    warm(queryClient.query(approvalsQuery()))
    warm(queryClient.query(liveTasksQuery()))
    warm(queryClient.query(failedTasksQuery()))
    warm(queryClient.query(statsQuery(deps.range ?? '30d')))
  },
  component: lazyRouteComponent(
    () => import('../screens/home-screen'),
    'HomeScreen',
  ),
})

const approvalsRoute = createRoute({
  getParentRoute: () => appRoute,
  path: '/approvals',
  loader: ({ context }) => {
    warm(context.queryClient.query(approvalsQuery()))
  },
  component: lazyRouteComponent(
    () => import('../screens/approvals-screen'),
    'ApprovalsScreen',
  ),
})

export const homeRoutes = [homeRoute, approvalsRoute] as const
