import { useEffect } from 'react'

/** The title of the browser's tab while this screen is shown. */
export function useTitle(title: string) {
  useEffect(() => {
    document.title = `${title} · Agentarium`
  }, [title])
}
