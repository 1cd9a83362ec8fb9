import { cn } from '@/lib/cn'

import { valueAt } from './plot'
import type { PlotData } from './plot'
import { FILLS } from './swatch'

type MarksProps = { data: PlotData; top: number }

/** A column for each point, with the series stacked. */
export function Bars({ data, top }: MarksProps) {
  return (
    <div className="absolute inset-0 flex">
      {data.points.map((point) => (
        <div
          key={point.key}
          className="flex min-w-0 flex-1 flex-col-reverse items-center"
        >
          {data.series.map((each) => {
            const value = valueAt(point, each) ?? 0
            return value > 0 ? (
              <div
                key={each.key}
                className={cn(
                  'w-[76%] max-w-8 shrink-0 border-t border-card first:border-t-0 last:rounded-t-[3px]',
                  FILLS[each.look],
                )}
                style={{ height: `${(value / top) * 100}%` }}
              />
            ) : null
          })}
        </div>
      ))}
    </div>
  )
}
