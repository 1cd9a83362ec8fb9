import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import * as z from 'zod/mini'

import { appRoute } from './root'
import { SETTINGS } from './settings-parts'

const settingsRoute = createRoute({
  getParentRoute: () => appRoute,
  path: '/settings',
  validateSearch: z.object({
    part: z.catch(z.optional(z.enum(SETTINGS)), undefined),
  }),
  component: lazyRouteComponent(
    () => import('../screens/settings-screen'),
    'SettingsScreen',
  ),
})

export const settingsRoutes = [settingsRoute] as const
