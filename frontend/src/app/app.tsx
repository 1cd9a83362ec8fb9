import { QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import type { RouterHistory } from '@tanstack/react-router'
import { useState } from 'react'

import { Toaster } from '@/components/ui/toaster'

import { ServerBanner } from './layout/server-banner'
import { createQueryClient } from './query-client'
import { createAppRouter } from './router'

function createApp(history: RouterHistory | undefined) {
  const queryClient = createQueryClient(() => {
    const { pathname, href } = router.state.location
    if (pathname === '/sign-in' || pathname === '/register') return
    queryClient.clear()
    void router.navigate({ to: '/sign-in', search: { redirect: href } })
  })
  const router = createAppRouter(queryClient, history)
  return { queryClient, router }
}

/** The whole page. Tests pass a history of their own. */
export function App({ history }: { history?: RouterHistory }) {
  const [{ queryClient, router }] = useState(() => createApp(history))
  return (
    <QueryClientProvider client={queryClient}>
      <RouterProvider router={router} />
      <ServerBanner />
      <Toaster />
    </QueryClientProvider>
  )
}
