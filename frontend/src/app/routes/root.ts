import type { QueryClient } from '@tanstack/react-query'
import {
  createRootRouteWithContext,
  createRoute,
  redirect,
} from '@tanstack/react-router'

import { meQuery } from '@/features/session/queries'
import { asProblem } from '@/lib/api/problem'

import { AppLayout } from '../layout/app-layout'
import {
  AppPending,
  NotFoundScreen,
  ScreenError,
} from '../screens/fallback-screens'

export const rootRoute = createRootRouteWithContext<{
  queryClient: QueryClient
}>()({ notFoundComponent: NotFoundScreen })

/**
 * Everything that needs a session. Its loader runs concurrently with that of the screen, so
 * that the first load requests the user and the screen's data at the same time.
 */
export const appRoute = createRoute({
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
