import { useState } from 'react'
import type { PointerEvent } from 'react'

import { cn } from '@/lib/cn'

import { Bars } from './bars'
import { Lines } from './lines'
import { shownAt, valueAt } from './plot'
import type { Point, PlotData } from './plot'
import { ticksOf } from './scale'
import { Swatch } from './swatch'

type Kind = 'bars' | 'lines'

type PlotAreaProps = { data: PlotData; kind: Kind; summary: string }

function highest({ points, series }: PlotData, kind: Kind) {
  const heights = points.map((point) => {
    const values = series.map((each) => valueAt(point, each) ?? 0)
    return kind === 'bars'
      ? values.reduce((sum, value) => sum + value, 0)
      : Math.max(...values)
  })
  return Math.max(0, ...heights)
}

/** The chart itself. The table shows the same values as text. */
export function PlotArea({ data, kind, summary }: PlotAreaProps) {
  const [shown, setShown] = useState<number>()
  const ticks = ticksOf(highest(data, kind), data.unit)
  const top = ticks.at(-1) ?? 1
  const point = shown === undefined ? undefined : data.points[shown]

  const look = (event: PointerEvent<HTMLDivElement>) => {
    const { left, width } = event.currentTarget.getBoundingClientRect()
    const place = (event.clientX - left) / width
    setShown(Math.floor(place * data.points.length))
  }

  return (
    <div role="img" aria-label={summary} className="flex gap-2">
      <Axis ticks={ticks} format={data.format} />
      <div className="min-w-0 flex-1">
        <div
          className="relative h-44 touch-pan-y"
          onPointerMove={look}
          onPointerDown={look}
          onPointerLeave={() => {
            setShown(undefined)
          }}
        >
          <Grid ticks={ticks} />
          {shown !== undefined && (
            <Cursor index={shown} of={data.points.length} />
          )}
          {kind === 'bars' ? (
            <Bars data={data} top={top} />
          ) : (
            <Lines data={data} top={top} />
          )}
          {point && shown !== undefined && (
            <Tip data={data} kind={kind} point={point} index={shown} />
          )}
        </div>
        <TimeLabels points={data.points} />
      </div>
    </div>
  )
}

function Axis({
  ticks,
  format,
}: {
  ticks: number[]
  format: PlotData['format']
}) {
  return (
    <div className="flex h-44 min-w-11 shrink-0 flex-col-reverse justify-between text-right text-[0.6875rem] whitespace-nowrap text-muted-foreground tabular">
      {ticks.map((tick) => (
        <span key={tick} className="-my-2 leading-4">
          {tick === 0 ? '0' : format(tick)}
        </span>
      ))}
    </div>
  )
}

function Grid({ ticks }: { ticks: number[] }) {
  return (
    <div className="absolute inset-0 flex flex-col-reverse justify-between">
      {ticks.map((tick) => (
        <span
          key={tick}
          className={cn('border-t', tick > 0 && 'border-dashed opacity-70')}
        />
      ))}
    </div>
  )
}

function Cursor({ index, of }: { index: number; of: number }) {
  const width = 100 / of
  return (
    <div
      className="absolute inset-y-0 bg-muted"
      style={{ left: `${index * width}%`, width: `${width}%` }}
    />
  )
}

type TipProps = { data: PlotData; kind: Kind; point: Point; index: number }

function Tip({ data, kind, point, index }: TipProps) {
  const isRight = index >= data.points.length / 2
  const place = ((index + (isRight ? 0 : 1)) / data.points.length) * 100
  return (
    <div
      className={cn(
        'pointer-events-none absolute top-0 z-10 min-w-32 rounded-lg border bg-popover px-3 py-2 text-xs shadow-lg',
        isRight ? 'mr-1.5' : 'ml-1.5',
      )}
      style={isRight ? { right: `${100 - place}%` } : { left: `${place}%` }}
    >
      <p className="mb-1 font-medium whitespace-nowrap">{point.title}</p>
      {data.series.map((each) => (
        <p key={each.key} className="flex items-center gap-2">
          <Swatch look={each.look} kind={kind} />
          <span className="flex-1 text-muted-foreground">{each.label}</span>
          <span className="tabular">{shownAt(data, point, each)}</span>
        </p>
      ))}
    </div>
  )
}

const MAX_LABELS = 6

/** As many labels as fit. */
function TimeLabels({ points }: { points: Point[] }) {
  const every = Math.ceil(points.length / MAX_LABELS)
  return (
    <div className="mt-1.5 flex h-4 text-[0.6875rem] text-muted-foreground tabular">
      {points.map(({ key, label }, index) => (
        <span key={key} className="relative flex-1">
          {index % every === 0 && (
            <span className="absolute left-1/2 -translate-x-1/2 whitespace-nowrap">
              {label}
            </span>
          )}
        </span>
      ))}
    </div>
  )
}
