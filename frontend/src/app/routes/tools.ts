import { createRoute, lazyRouteComponent } from '@tanstack/react-router'

import {
  catalogueQuery,
  httpToolsQuery,
  mcpServersQuery,
} from '@/features/tools/queries'

import { warm } from './preload'
import { appRoute } from './root'

const toolsRoute = createRoute({
  getParentRoute: () => appRoute,
  path: '/tools',
  loader: ({ context: { queryClient } }) => {
    warm(queryClient.infiniteQuery(httpToolsQuery()))
    warm(queryClient.infiniteQuery(mcpServersQuery()))
    warm(queryClient.query(catalogueQuery()))
  },
  component: lazyRouteComponent(
    () => import('../screens/tools-screen'),
    'ToolsScreen',
  ),
})

export const toolRoutes = [toolsRoute] as const
