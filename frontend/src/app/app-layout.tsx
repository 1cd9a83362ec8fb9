import { Link, Outlet, useLocation } from '@tanstack/react-router'
import { useEffect, useRef } from 'react'

import { Logo } from '@/components/logo'
import { useTaskChanges } from '@/features/tasks/use-task-changes'

import { AccountMenu } from './account-menu'
import { BottomNavigation, SideNavigation } from './navigation'

/** The frame of every screen: a sidebar, or bars above and below on a phone. */
export function AppLayout() {
  useTaskChanges()
  return (
    <div className="min-h-dvh md:pl-58">
      <a
        href="#content"
        className="fixed top-2 left-2 z-50 -translate-y-20 rounded-lg bg-primary px-3 py-2 text-sm text-primary-foreground focus:translate-y-0"
      >
        Skip to the content
      </a>
      <Sidebar />
      <TopBar />
      <Content />
      <BottomNavigation />
    </div>
  )
}

/** After a change of screen the focus is at its beginning, as after a page load. */
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

function Sidebar() {
  return (
    <header className="fixed inset-y-0 left-0 hidden w-58 flex-col border-r bg-sidebar px-3 py-4 md:flex">
      <Link to="/" className="mb-6 rounded-lg px-2 py-1">
        <Logo />
      </Link>
      <SideNavigation />
      <AccountMenu isWide />
    </header>
  )
}

function TopBar() {
  return (
    <header className="sticky top-0 z-30 flex h-14 items-center justify-between border-b bg-background/90 px-4 backdrop-blur md:hidden">
      <Link to="/" className="rounded-lg">
        <Logo />
      </Link>
      <AccountMenu />
    </header>
  )
}
