import { createRoute, lazyRouteComponent } from '@tanstack/react-router'

import {
  builtInToolsQuery,
  httpToolsQuery,
  mcpServersQuery,
} from '@/features/tools/queries'

import { preload } from './preload'
import { appRoute } from './root'

const toolsRoute = createRoute({
  getParentRoute: () => appRoute,
  path: '/tools',
  loader: ({ context: { queryClient } }) => {
    preload(queryClient.infiniteQuery(httpToolsQuery()))
    preload(queryClient.infiniteQuery(mcpServersQuery()))
    preload(queryClient.query(builtInToolsQuery()))
  },
  component: lazyRouteComponent(
    () => import('../screens/tools-screen'),
    'ToolsScreen',
  ),
})

export const toolRoutes = [toolsRoute] as const
