import { cn } from '@/lib/cn'

import { valueAt } from './plot'
import type { PlotData, Series } from './plot'
import { STROKES } from './swatch'

type Place = { key: string; x: number; y: number }

/** The places of a series in percent, split wherever a value is missing. */
function stretchesOf({ points }: PlotData, series: Series, top: number) {
  const stretches: Place[][] = [[]]
  points.forEach((point, index) => {
    const value = valueAt(point, series)
    if (value === null) {
      stretches.push([])
      return
    }
    const x = ((index + 0.5) / points.length) * 100
    stretches.at(-1)?.push({ key: point.key, x, y: 100 - (value / top) * 100 })
  })
  return stretches.filter((stretch) => stretch.length > 0)
}

const pathOf = (stretch: Place[]) =>
  stretch.map(({ x, y }, index) => `${index ? 'L' : 'M'}${x} ${y}`).join('')

/** A line for each series, and a dot for each value without neighbours. */
export function Lines({ data, top }: { data: PlotData; top: number }) {
  return data.series.map((each) => {
    const { line, dot } = STROKES[each.look]
    const stretches = stretchesOf(data, each, top)
    return (
      <div key={each.key} className="absolute inset-0">
        <svg
          viewBox="0 0 100 100"
          preserveAspectRatio="none"
          className="size-full overflow-visible"
        >
          {stretches.map((stretch) => (
            <path
              key={stretch[0]?.key}
              d={pathOf(stretch)}
              className={cn('fill-none stroke-2', line)}
              strokeLinejoin="round"
              vectorEffect="non-scaling-stroke"
            />
          ))}
        </svg>
        {stretches
          .filter((stretch) => stretch.length === 1 || data.points.length <= 31)
          .flat()
          .map(({ key, x, y }) => (
            <span
              key={key}
              className={cn(
                'absolute size-1.5 -translate-1/2 rounded-full',
                dot,
              )}
              style={{ left: `${x}%`, top: `${y}%` }}
            />
          ))}
      </div>
    )
  })
}
