import { createRoute, redirect } from '@tanstack/react-router'

import { appRoute } from './root'

const homeRoute = createRoute({
  getParentRoute: () => appRoute,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: '/tasks' })
  },
})

export const homeRoutes = [homeRoute] as const
