import { useEffect } from 'react'

const PRODUCT = 'Agentarium'

let screen = ''
let running = 0

function show() {
  const name = screen ? `${screen} · ${PRODUCT}` : PRODUCT
  document.title = running > 0 ? `(${running}) ${name}` : name
}

/** The title of the browser's tab while this screen is shown. */
export function useTitle(title: string) {
  useEffect(() => {
    screen = title
    show()
  }, [title])
}

/** A count shown before every title, unless it is 0. */
export function useTitleCount(count: number) {
  useEffect(() => {
    running = count
    show()
    return () => {
      running = 0
      show()
    }
  }, [count])
}
