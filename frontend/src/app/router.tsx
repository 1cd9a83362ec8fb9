import type { QueryClient } from '@tanstack/react-query'
import { createRouter } from '@tanstack/react-router'
import type { RouterHistory } from '@tanstack/react-router'

import { parseSearch, stringifySearch } from '@/lib/search-params'

import { agentRoutes } from './routes/agents'
import { homeRoutes } from './routes/home'
import { notFoundRoute } from './routes/not-found'
import { appRoute, rootRoute } from './routes/root'
import { sessionRoutes } from './routes/session'
import { settingsRoutes } from './routes/settings'
import { taskRoutes } from './routes/tasks'
import { toolRoutes } from './routes/tools'
import { ScreenError } from './screens/fallback-screens'

const routeTree = rootRoute.addChildren([
  ...sessionRoutes,
  appRoute.addChildren([
    ...homeRoutes,
    ...taskRoutes,
    ...agentRoutes,
    ...toolRoutes,
    ...settingsRoutes,
    notFoundRoute,
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
