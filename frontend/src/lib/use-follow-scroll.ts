import { useEffect, useRef } from 'react'

/** Closer to the end than this, in pixels, the reader is following. */
const NEAR = 96

function distanceToEnd({ scrollHeight, scrollTop, clientHeight }: Element) {
  return scrollHeight - scrollTop - clientHeight
}

/** Keep the end of the page in sight as it grows, until the reader scrolls up. */
export function useFollowScroll(content: string, isGrowing: boolean) {
  const isFollowing = useRef(true)

  useEffect(() => {
    if (!isGrowing) return undefined
    const page = document.documentElement
    const look = () => {
      isFollowing.current = distanceToEnd(page) < NEAR
    }
    look()
    globalThis.addEventListener('scroll', look, { passive: true })
    return () => {
      globalThis.removeEventListener('scroll', look)
    }
  }, [isGrowing])

  useEffect(() => {
    if (!isGrowing || !isFollowing.current) return
    const page = document.documentElement
    page.scrollTop = page.scrollHeight
  }, [content, isGrowing])
}
