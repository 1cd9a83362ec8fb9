import { Link, linkOptions } from '@tanstack/react-router'
import { BotIcon, HouseIcon, InboxIcon } from 'lucide-react'

/** The screens that are one step away from everywhere, in the order they are shown. */
export const DESTINATIONS = [
  {
    link: linkOptions({ to: '/' }),
    label: 'Home',
    icon: HouseIcon,
    /** After `g`, the key that leads there. */
    key: 'h',
  },
  {
    link: linkOptions({ to: '/tasks' }),
    label: 'Tasks',
    icon: InboxIcon,
    key: 't',
  },
  {
    link: linkOptions({ to: '/agents' }),
    label: 'Agents',
    icon: BotIcon,
    key: 'a',
  },
]

/** Home is a part of every address; only its own address means it. */
const activeOptions = (to: string) => ({ exact: to === '/' })

export function SideNavigation() {
  return (
    <nav aria-label="Main" className="flex-1">
      <ul className="space-y-0.5">
        {DESTINATIONS.map(({ link, label, icon: Icon }) => (
          <li key={link.to}>
            <Link
              {...link}
              activeOptions={activeOptions(link.to)}
              className="flex h-9 items-center gap-2.5 rounded-lg px-2.5 text-sm font-medium text-muted-foreground transition-colors hover:bg-accent hover:text-foreground aria-[current=page]:bg-accent aria-[current=page]:text-foreground [&[aria-current=page]_svg]:text-brand"
            >
              <Icon aria-hidden className="size-4.5" />
              {label}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  )
}

export function BottomNavigation() {
  return (
    <nav
      aria-label="Main"
      className="fixed inset-x-0 bottom-0 z-30 border-t bg-background/95 pb-[env(safe-area-inset-bottom)] backdrop-blur md:hidden"
    >
      <ul className="flex">
        {DESTINATIONS.map(({ link, label, icon: Icon }) => (
          <li key={link.to} className="flex-1">
            <Link
              {...link}
              activeOptions={activeOptions(link.to)}
              className="flex h-15 flex-col items-center justify-center gap-1 text-xs font-medium text-muted-foreground aria-[current=page]:text-foreground [&[aria-current=page]_svg]:text-brand"
            >
              <Icon aria-hidden className="size-5" />
              {label}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  )
}
