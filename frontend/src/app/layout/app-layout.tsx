import { Link, Outlet, useLocation } from '@tanstack/react-router'
import { SearchIcon } from 'lucide-react'
import { useEffect, useRef } from 'react'

import { Kbd } from '@/components/kbd'
import { Logo } from '@/components/logo'
import { Button } from '@/components/ui/button'

import { useOverlays } from '../commands/overlays'
import { COMMAND_KEY } from '../commands/shortcuts'
import { AccountMenu } from './account-menu'
import { BottomNavigation, SideNavigation } from './navigation'
import { useRunningIndicator } from './use-running-indicator'
import { useStatusUpdates } from './use-status-updates'

/** The frame of every screen: a sidebar, or bars above and below on a phone. */
export function AppLayout() {
  useStatusUpdates()
  useRunningIndicator()
  const { overlays, open } = useOverlays()
  const search = () => {
    open('palette')
  }
  return (
    <div className="min-h-dvh md:pl-58">
      <a
        href="#content"
        className="fixed top-2 left-2 z-50 -translate-y-20 rounded-lg bg-primary px-3 py-2 text-sm text-primary-foreground focus:translate-y-0"
      >
        Skip to content
      </a>
      <Sidebar onSearch={search} />
      <TopBar onSearch={search} />
      <Content />
      <BottomNavigation />
      {overlays}
    </div>
  )
}

/** When the screen changes, the focus moves to its start, as after a page load. */
function Content() {
  const main = useRef<HTMLElement>(null)
  const { pathname } = useLocation()
  const shown = useRef(pathname)

  useEffect(() => {
    if (shown.current !== pathname) {
      shown.current = pathname
      main.current?.focus({ preventScroll: true })
    }
  }, [pathname])

  return (
    <main
      ref={main}
      id="content"
      tabIndex={-1}
      className="pb-20 outline-none focus-visible:outline-none md:pb-0"
    >
      <Outlet />
    </main>
  )
}

type BarProps = { onSearch: () => void }

function Sidebar({ onSearch }: BarProps) {
  return (
    <header className="fixed inset-y-0 left-0 hidden w-58 flex-col border-r bg-sidebar px-3 py-4 md:flex">
      <Link to="/" className="mb-4 rounded-lg px-2 py-1">
        <Logo />
      </Link>
      <button
        type="button"
        className="mb-4 flex h-9 items-center gap-2.5 rounded-lg border bg-card px-2.5 text-sm text-muted-foreground shadow-xs hover:text-foreground"
        onClick={onSearch}
      >
        <SearchIcon aria-hidden className="size-4" />
        <span className="flex-1 text-left">Search</span>
        <span aria-hidden className="flex gap-1">
          <Kbd>{COMMAND_KEY}</Kbd>
          <Kbd>K</Kbd>
        </span>
      </button>
      <SideNavigation />
      <AccountMenu isWide />
    </header>
  )
}

function TopBar({ onSearch }: BarProps) {
  return (
    <header className="sticky top-0 z-30 flex h-14 items-center gap-2 border-b bg-background/90 px-4 backdrop-blur md:hidden">
      <Link to="/" className="hit-area mr-auto rounded-lg">
        <Logo />
      </Link>
      <Button
        variant="ghost"
        size="icon"
        aria-label="Search everywhere"
        className="text-muted-foreground"
        onClick={onSearch}
      >
        <SearchIcon />
      </Button>
      <AccountMenu />
    </header>
  )
}
