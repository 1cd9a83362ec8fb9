import { useEffect, useEffectEvent, useState } from 'react'

/** Closer to the end than this, in pixels, the page follows it. */
const NEAR = 96

const distanceToEnd = ({ scrollHeight, scrollTop, clientHeight }: Element) =>
  scrollHeight - scrollTop - clientHeight

function scrollToEnd() {
  const page = document.documentElement
  page.scrollTop = page.scrollHeight
}

/**
 * Keep the end of the page in view as it grows, until the reader scrolls up.
 * Scrolling to the end, or `follow`, resumes it.
 */
export function useFollowScroll(content: string, isGrowing: boolean) {
  const [isFollowing, setFollowing] = useState(
    () => distanceToEnd(document.documentElement) < NEAR,
  )

  useEffect(() => {
    if (!isGrowing) return undefined
    let lastTop = document.documentElement.scrollTop
    // Growing content moves the end away; only a reader moves the page up.
    const look = () => {
      const page = document.documentElement
      if (distanceToEnd(page) < NEAR) setFollowing(true)
      else if (page.scrollTop < lastTop) setFollowing(false)
      lastTop = page.scrollTop
    }
    globalThis.addEventListener('scroll', look, { passive: true })
    return () => {
      globalThis.removeEventListener('scroll', look)
    }
  }, [isGrowing])

  const keepUp = useEffectEvent(() => {
    if (isGrowing && isFollowing) scrollToEnd()
  })
  useEffect(() => {
    keepUp()
  }, [content])

  return {
    isBehind: isGrowing && !isFollowing,
    follow: () => {
      setFollowing(true)
      scrollToEnd()
    },
  }
}
