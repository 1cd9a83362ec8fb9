import { useQueryClient } from '@tanstack/react-query'
import { CloudOffIcon } from 'lucide-react'
import { useEffect, useEffectEvent, useRef } from 'react'
import { toast } from 'sonner'

import { cn } from '@/lib/cn'
import { useStreamsAreRefused } from '@/lib/refused-streams'
import { useServerIsAway } from '@/lib/server-presence'

/**
 * Shows that the server does not respond, and reloads everything once it does again. Or
 * that it refuses live updates, and what to do.
 */
export function ServerBanner() {
  const isAway = useServerIsAway()
  const isRefused = useStreamsAreRefused()
  const wasAway = useRef(false)
  const queryClient = useQueryClient()

  const reload = useEffectEvent(() => {
    toast.success('Connection restored.')
    void queryClient.invalidateQueries()
  })
  useEffect(() => {
    if (wasAway.current && !isAway) reload()
    wasAway.current = isAway
  }, [isAway])

  return (
    <div
      role="status"
      className={cn(
        'pointer-events-none fixed inset-x-4 z-60',
        // It may stay for long, so it leaves the screen's title free.
        isAway ? 'top-17 md:top-3' : 'bottom-22 md:bottom-4',
      )}
    >
      {(isAway || isRefused) && (
        <p className="mx-auto flex w-fit items-center gap-2.5 rounded-3xl border border-waiting/40 bg-popover px-4 py-2 text-sm font-medium shadow-lg">
          <CloudOffIcon aria-hidden className="size-4 shrink-0 text-waiting" />
          {isAway
            ? 'Agentarium is not responding. Reconnecting…'
            : 'Too many live views are open. Close other tabs or programs; until then, this page updates every few seconds.'}
        </p>
      )}
    </div>
  )
}
