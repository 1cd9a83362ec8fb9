import type { QueryClient } from '@tanstack/react-query'
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
} from '@tanstack/react-router'
import type { RouterHistory } from '@tanstack/react-router'
import * as z from 'zod/mini'

import { STATUSES } from '@/components/status'
import { agentQuery, agentsQuery } from '@/features/agents/queries'
import { meQuery, sessionQuery } from '@/features/session/queries'
import {
  recentTasksQuery,
  taskQuery,
  tasksQuery,
} from '@/features/tasks/queries'
import { asProblem } from '@/lib/api/problem'
import { parseSearch, stringifySearch } from '@/lib/search-params'

import { AppLayout } from './app-layout'
import { AppPending, MissingScreen, ScreenError } from './edge-screens'

const text = z.catch(z.optional(z.string()), undefined)
const id = z.catch(
  z.optional(z.coerce.number().check(z.int(), z.positive())),
  undefined,
)

/** Several values as they stand in the URL, or as a link gives them. */
const statuses = z.catch(
  z.optional(
    z.pipe(
      z.transform((value) =>
        typeof value === 'string' ? value.split(',') : value,
      ),
      z.array(z.enum(STATUSES)),
    ),
  ),
  undefined,
)

/** Begin to load what a screen will ask for. Its failure is the screen's to show. */
function warm(loading: Promise<unknown>) {
  loading.catch(() => undefined)
}

const returning = z.object({ redirect: text })

const rootRoute = createRootRouteWithContext<{ queryClient: QueryClient }>()({
  notFoundComponent: MissingScreen,
})

const signInRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/sign-in',
  validateSearch: returning,
  // A new server has nobody who could sign in.
  loader: async ({ context }) => {
    const session = await context.queryClient.query(sessionQuery())
    if (!session.has_users) throw redirect({ to: '/register' })
  },
  component: lazyRouteComponent(
    () => import('./session-screens'),
    'SignInScreen',
  ),
})

const registerRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/register',
  validateSearch: returning,
  loader: ({ context }) => context.queryClient.query(sessionQuery()),
  component: lazyRouteComponent(
    () => import('./session-screens'),
    'RegisterScreen',
  ),
})

/**
 * Everything that needs a session. Its loader runs beside those of the screens, so that
 * the first load asks for the user and for the screen's data at the same time.
 */
const appRoute = createRoute({
  getParentRoute: () => rootRoute,
  id: 'app',
  component: AppLayout,
  pendingComponent: AppPending,
  errorComponent: ScreenError,
  loader: async ({ context, location }) => {
    try {
      await context.queryClient.query({ ...meQuery(), staleTime: 'static' })
    } catch (error) {
      if (asProblem(error).status !== 401) throw error
      throw redirect({ to: '/sign-in', search: { redirect: location.href } })
    }
  },
})

const homeRoute = createRoute({
  getParentRoute: () => appRoute,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: '/tasks' })
  },
})

const agentsRoute = createRoute({
  getParentRoute: () => appRoute,
  path: '/agents',
  validateSearch: z.object({ search: text, ordering: text }),
  loaderDeps: ({ search }) => search,
  loader: ({ context, deps }) => {
    warm(context.queryClient.infiniteQuery(agentsQuery(deps)))
  },
  component: lazyRouteComponent(
    () => import('./agents-screen'),
    'AgentsScreen',
  ),
})

const agentRoute = createRoute({
  getParentRoute: () => appRoute,
  path: '/agents/$agentId',
  validateSearch: z.object({ task: id }),
  loaderDeps: ({ search }) => search,
  loader: ({ context, params, deps }) => {
    const agentId = Number(params.agentId)
    warm(context.queryClient.query(agentQuery(agentId)))
    warm(context.queryClient.query(recentTasksQuery(agentId)))
    if (deps.task) warm(context.queryClient.query(taskQuery(deps.task)))
  },
  component: lazyRouteComponent(() => import('./agent-screen'), 'AgentScreen'),
})

const tasksRoute = createRoute({
  getParentRoute: () => appRoute,
  path: '/tasks',
  validateSearch: z.object({ status: statuses, agent: id, search: text }),
  loaderDeps: ({ search }) => search,
  loader: ({ context, deps }) => {
    warm(context.queryClient.infiniteQuery(tasksQuery(deps)))
  },
  component: lazyRouteComponent(() => import('./tasks-screen'), 'TasksScreen'),
})

const taskRoute = createRoute({
  getParentRoute: () => appRoute,
  path: '/tasks/$taskId',
  loader: ({ context, params }) => {
    warm(context.queryClient.query(taskQuery(Number(params.taskId))))
  },
  component: lazyRouteComponent(() => import('./task-screen'), 'TaskScreen'),
})

const routeTree = rootRoute.addChildren([
  signInRoute,
  registerRoute,
  appRoute.addChildren([
    homeRoute,
    agentsRoute,
    agentRoute,
    tasksRoute,
    taskRoute,
  ]),
])

export function createAppRouter(
  queryClient: QueryClient,
  history?: RouterHistory,
) {
  return createRouter({
    routeTree,
    context: { queryClient },
    ...(history ? { history } : {}),
    parseSearch,
    stringifySearch,
    defaultPreload: 'intent',
    defaultPreloadStaleTime: 0,
    defaultPendingMs: 150,
    defaultPendingMinMs: 0,
    defaultErrorComponent: ScreenError,
    scrollRestoration: true,
  })
}

declare module '@tanstack/react-router' {
  // eslint-disable-next-line @typescript-eslint/consistent-type-definitions -- the router is registered by merging with its interface.
  interface Register {
    router: ReturnType<typeof createAppRouter>
  }
}
