import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import * as z from 'zod/mini'

import { approvalsQuery } from '@/features/approvals/queries'
import { RANGES, statsQuery } from '@/features/stats/queries'
import {
  anyTaskQuery,
  failedTasksQuery,
  liveTasksQuery,
} from '@/features/tasks/queries'

import { preload } from './preload'
import { appRoute } from './root'

const homeRoute = createRoute({
  getParentRoute: () => appRoute,
  path: '/',
  validateSearch: z.object({
    range: z.catch(z.optional(z.enum(RANGES)), undefined),
  }),
  loaderDeps: ({ search }) => search,
  loader: ({ context: { queryClient }, deps }) => {
    preload(queryClient.query(anyTaskQuery()))
    preload(queryClient.query(approvalsQuery()))
    preload(queryClient.query(liveTasksQuery()))
    preload(queryClient.query(failedTasksQuery()))
    preload(queryClient.query(statsQuery(deps.range ?? '30d')))
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
    preload(context.queryClient.query(approvalsQuery()))
  },
  component: lazyRouteComponent(
    () => import('../screens/approvals-screen'),
    'ApprovalsScreen',
  ),
})

export const homeRoutes = [homeRoute, approvalsRoute] as const
