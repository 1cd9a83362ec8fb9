import {
  createRoute,
  lazyRouteComponent,
  redirect,
} from '@tanstack/react-router'
import * as z from 'zod/mini'

import { sessionQuery } from '@/features/session/queries'

import { rootRoute } from './root'
import { text } from './search'

const returning = z.object({ redirect: text })

const signInRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/sign-in',
  validateSearch: returning,
  // A new server has no accounts to sign in with.
  loader: async ({ context }) => {
    const session = await context.queryClient.query(sessionQuery())
    if (!session.has_users) throw redirect({ to: '/register' })
  },
  component: lazyRouteComponent(
    () => import('../screens/session-screens'),
    'SignInScreen',
  ),
})

const registerRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/register',
  validateSearch: returning,
  loader: ({ context }) => context.queryClient.query(sessionQuery()),
  component: lazyRouteComponent(
    () => import('../screens/session-screens'),
    'RegisterScreen',
  ),
})

export const sessionRoutes = [signInRoute, registerRoute] as const
