import lighthouse, { defaultConfig, desktopConfig } from 'lighthouse'
import type { Config, Result, Trace, TraceEvent } from 'lighthouse'
import TraceGatherer from 'lighthouse/core/gather/gatherers/trace.js'

const CATEGORIES = ['accessibility', 'best-practices', 'performance'] as const

/**
 * A trace in which each thing took as long as its thread had a processor.
 *
 * A busy machine makes a page wait for a turn, which would be counted as slowness of
 * the page: with a load of four for each processor its score falls by a third.
 */
class OwnTimeTrace extends TraceGatherer {
  override getArtifact(): Trace {
    const trace = super.getArtifact()
    return { ...trace, traceEvents: inOwnTime(trace.traceEvents) }
  }
}

/** With the clock of its thread, which stands while another has the processor. */
type TimedEvent = TraceEvent & { tts?: number; tdur?: number }

function inOwnTime(events: TimedEvent[]) {
  /** Of each thread, the task that runs: what happens in it is moved with it. */
  const tasks = new Map<string, TimedEvent>()
  const fromOutside = events.toSorted(
    (a, b) => a.ts - b.ts || lengthOf(b) - lengthOf(a),
  )
  return fromOutside.map((event) => {
    if (event.tts === undefined) return event
    const thread = `${event.pid}:${event.tid}`
    const { tdur } = event
    const own = tdur === undefined ? event : { ...event, dur: tdur }
    const task = tasks.get(thread)
    if (task?.tts !== undefined && event.ts < task.ts + lengthOf(task)) {
      return { ...own, ts: task.ts + event.tts - task.tts }
    }
    if (lengthOf(event) > 0) tasks.set(thread, event)
    return own
  })
}

/** A mark in time has no length, and says so by leaving it out. */
const lengthOf = ({ dur }: { dur?: number }) => dur ?? 0

/** Lighthouse's desktop: 10 Mbit/s and 40 ms away, simulated from what was recorded. */
const config: Config = {
  ...defaultConfig,
  settings: { ...desktopConfig.settings, onlyCategories: [...CATEGORIES] },
  artifacts: (defaultConfig.artifacts ?? []).map((artifact) =>
    artifact.id === 'Trace'
      ? { ...artifact, gatherer: { instance: new OwnTimeTrace() } }
      : artifact,
  ),
}

/** What a screen is given, of 100, in the browser that is open for tools at `port`. */
export async function scoresOf(url: string, port: number) {
  const found = await lighthouse(url, { port, logLevel: 'error' }, config)
  if (!found) throw new Error(`Lighthouse says nothing of ${url}.`)
  const scores = CATEGORIES.map((name) => {
    const { score } = found.lhr.categories[name] ?? {}
    return [name, Math.round(100 * (score ?? 0))] as const
  })
  return { scores: Object.fromEntries(scores), losses: lossesOf(found.lhr) }
}

/** What took points away. */
function lossesOf({ categories, audits }: Result) {
  return Object.values(categories)
    .flatMap(({ auditRefs }) => auditRefs)
    .filter(({ weight }) => weight > 0)
    .map(({ id }) => audits[id])
    .filter((audit) => audit?.score !== null && (audit?.score ?? 0) < 1)
    .map((audit) => `${audit?.id}: ${audit?.displayValue ?? audit?.title}`)
}
