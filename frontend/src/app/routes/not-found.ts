import { createRoute } from '@tanstack/react-router'

import { MissingScreen } from '../screens/fallback-screens'
import { appRoute } from './root'

/** Whatever no other route is called: said with the way out beside it. */
export const missingRoute = createRoute({
  getParentRoute: () => appRoute,
  path: '$',
  component: MissingScreen,
})
