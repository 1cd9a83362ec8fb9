import { useQuery } from '@tanstack/react-query'
import { useEffect } from 'react'

import plainIcon from '@/favicon.svg'
import runningIcon from '@/favicon-running.svg'
import { liveTasksQuery } from '@/features/tasks/queries'
import { useTitleCount } from '@/lib/use-title'

function setIcon(href: string) {
  const link = document.querySelector<HTMLLinkElement>('link[rel="icon"]')
  if (link) link.href = href
}

/** The title and the icon of the browser's tab show how many tasks are running. */
export function useRunningIndicator() {
  const { data } = useQuery(liveTasksQuery())
  const count = data?.count ?? 0
  useTitleCount(count)

  useEffect(() => {
    setIcon(count > 0 ? runningIcon : plainIcon)
    return () => {
      setIcon(plainIcon)
    }
  }, [count])
}
