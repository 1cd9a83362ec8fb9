import { createRoute, lazyRouteComponent } from '@tanstack/react-router'

import {
  catalogueQuery,
  httpToolsQuery,
  mcpServersQuery,
} from '@/features/tools/queries'

import { appRoute } from './root'
import { warm } from './warm'

const toolsRoute = createRoute({
  getParentRoute: () => appRoute,
  path: '/tools',
  loader: ({ context: { queryClient } }) => {
    warm(queryClient.infiniteQuery(httpToolsQuery()))
    warm(queryClient.infiniteQuery(mcpServersQuery()))
    warm(queryClient.query(catalogueQuery()))
  },
  component: lazyRouteComponent(() => import('../tools-screen'), 'ToolsScreen'),
})

export const toolRoutes = [toolsRoute] as const
