import { TriangleAlertIcon } from 'lucide-react'

import { RelativeTime } from '@/components/times'
import { UntrustedName } from '@/components/untrusted-text'
import { formatCount } from '@/lib/format'

import type { McpServer } from '../queries'

/** Why a server, or some of its tools, cannot be used. */
export const ServerProblems = ({ server }: { server: McpServer }) => (
  <>
    {server.last_error && (
      <div className="mt-2 flex items-start gap-2 text-sm text-destructive">
        <TriangleAlertIcon aria-hidden className="mt-0.5 size-4 shrink-0" />
        <p className="min-w-0 wrap-anywhere">
          {server.last_error}
          {server.last_error_at && (
            <span className="text-muted-foreground">
              {' '}
              Tried <RelativeTime time={server.last_error_at} />.
            </span>
          )}
        </p>
      </div>
    )}
    {server.omitted_tools.length > 0 && <OmittedTools server={server} />}
  </>
)

const OmittedTools = ({ server }: { server: McpServer }) => (
  <details className="mt-2 text-xs">
    <summary className="w-fit cursor-pointer rounded-sm text-waiting hover:underline">
      {formatCount(server.omitted_tools.length, 'tool')} left out
    </summary>
    <ul
      aria-label={`Tools of ${server.name} left out`}
      className="mt-2 space-y-1"
    >
      {server.omitted_tools.map(({ name, reason }) => (
        <li key={`${name} ${reason}`} className="wrap-anywhere">
          <code className="font-mono">
            <UntrustedName>{name}</UntrustedName>
          </code>
          <span className="text-muted-foreground">: {reason}</span>
        </li>
      ))}
    </ul>
  </details>
)
