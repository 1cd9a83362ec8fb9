import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import * as z from 'zod/mini'

import { agentQuery, agentsQuery } from '@/features/agents/queries'
import { RANGES, statsQuery } from '@/features/stats/queries'
import { recentTasksQuery, taskQuery } from '@/features/tasks/queries'

import { preload } from './preload'
import { appRoute } from './root'
import { id, text } from './search'

const agentsRoute = createRoute({
  getParentRoute: () => appRoute,
  path: '/agents',
  validateSearch: z.object({
    search: text,
    ordering: text,
    /** `new` opens the form for a new agent. */
    dialog: z.catch(z.optional(z.literal('new')), undefined),
  }),
  loaderDeps: ({ search: { search, ordering } }) => ({ search, ordering }),
  loader: ({ context, deps }) => {
    preload(context.queryClient.infiniteQuery(agentsQuery(deps)))
  },
  component: lazyRouteComponent(
    () => import('../screens/agents-screen'),
    'AgentsScreen',
  ),
})

const agentRoute = createRoute({
  getParentRoute: () => appRoute,
  path: '/agents/$agentId',
  validateSearch: z.object({
    task: id,
    range: z.catch(z.optional(z.enum(RANGES)), undefined),
  }),
  loaderDeps: ({ search }) => search,
  loader: ({ context, params, deps }) => {
    const agentId = Number(params.agentId)
    preload(context.queryClient.query(agentQuery(agentId)))
    preload(context.queryClient.query(recentTasksQuery(agentId)))
    preload(context.queryClient.query(statsQuery(deps.range ?? '30d', agentId)))
    if (deps.task) preload(context.queryClient.query(taskQuery(deps.task)))
  },
  component: lazyRouteComponent(
    () => import('../screens/agent-screen'),
    'AgentScreen',
  ),
})

export const agentRoutes = [agentsRoute, agentRoute] as const
