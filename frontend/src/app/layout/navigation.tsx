import { useQuery } from '@tanstack/react-query'
import { Link, linkOptions } from '@tanstack/react-router'
import {
  BotIcon,
  HouseIcon,
  InboxIcon,
  SettingsIcon,
  WrenchIcon,
} from 'lucide-react'

import { approvalsQuery } from '@/features/approvals/queries'
import { cn } from '@/lib/cn'

/** The screens of the main navigation, in the order in which they are shown. */
export const DESTINATIONS = [
  {
    link: linkOptions({ to: '/' }),
    label: 'Home',
    icon: HouseIcon,
    /** The key that goes there after `g`. */
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
  {
    link: linkOptions({ to: '/tools' }),
    label: 'Tools',
    icon: WrenchIcon,
    key: 'o',
  },
  {
    link: linkOptions({ to: '/settings' }),
    label: 'Settings',
    icon: SettingsIcon,
    key: 's',
  },
]

/** Every address starts with Home's, so that one must match exactly. */
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
              {link.to === '/' && <WaitingBadge className="ml-auto" />}
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
              <span className="relative">
                <Icon aria-hidden className="size-5" />
                {link.to === '/' && (
                  <WaitingBadge className="absolute -top-1.5 left-3" />
                )}
              </span>
              {label}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  )
}

/** The number of decisions that wait for the user. */
function WaitingBadge({ className }: { className: string }) {
  const { data } = useQuery(approvalsQuery())
  if (!data?.count) return null
  return (
    <span
      className={cn(
        'grid h-4.5 min-w-4.5 place-items-center rounded-full bg-waiting px-1 text-[0.6875rem] leading-none font-semibold text-background tabular',
        className,
      )}
    >
      <span aria-hidden>{data.count > 99 ? '99+' : data.count}</span>
      <span className="sr-only">{data.count} waiting for you</span>
    </span>
  )
}
