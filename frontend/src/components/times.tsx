import { formatDuration, formatExact, formatRelative } from '@/lib/format'
import { useFastNow, useNow } from '@/lib/use-now'

type RelativeTimeProps = { time: string; className?: string }

/** How long ago, with the exact time on hover. */
export function RelativeTime({ time, className }: RelativeTimeProps) {
  const now = useNow()
  return (
    <time dateTime={time} title={formatExact(time)} className={className}>
      {formatRelative(time, now)}
    </time>
  )
}

function GrowingDuration({ since }: { since: string }) {
  const now = useFastNow()
  return formatDuration(now - Date.parse(since), true)
}

type DurationProps = { from: string; to: string | null }

/** The time from start to end, which grows while there is no end. */
export function Duration({ from, to }: DurationProps) {
  return (
    <span className="tabular">
      {to ? (
        formatDuration(Date.parse(to) - Date.parse(from))
      ) : (
        <GrowingDuration since={from} />
      )}
    </span>
  )
}
