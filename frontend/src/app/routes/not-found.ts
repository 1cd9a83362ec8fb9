import { createRoute } from '@tanstack/react-router'

import { NotFoundScreen } from '../screens/fallback-screens'
import { appRoute } from './root'

/** Every other address, shown with the navigation next to it. */
export const notFoundRoute = createRoute({
  getParentRoute: () => appRoute,
  path: '$',
  component: NotFoundScreen,
})
