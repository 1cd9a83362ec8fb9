import lighthouse, { defaultConfig, desktopConfig } from 'lighthouse'
import type { Config, Result, Trace, TraceEvent } from 'lighthouse'
import TraceGatherer from 'lighthouse/core/gather/gatherers/trace.js'

const CATEGORIES = ['accessibility', 'best-practices', 'performance'] as const

/**
 * A trace that measures the processor time of each thread instead of wall-clock time.
 *
 * On a busy machine a page waits for a processor, which would count as slowness of the
 * page: with a load of four per processor its score falls by a third.
 */
class OwnTimeTrace extends TraceGatherer {
  override getArtifact(): Trace {
    const trace = super.getArtifact()
    return { ...trace, traceEvents: inOwnTime(trace.traceEvents) }
  }
}

/** With the clock of its thread, which stops while another thread has the processor. */
type TimedEvent = TraceEvent & { tts?: number; tdur?: number }

function inOwnTime(events: TimedEvent[]) {
  /** The current task of each thread. Events within it are moved with it. */
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

/** An instant event has no duration. */
const lengthOf = ({ dur }: { dur?: number }) => dur ?? 0

/** Lighthouse's desktop profile: 10 Mbit/s and 40 ms, simulated from the recording. */
const config: Config = {
  ...defaultConfig,
  settings: { ...desktopConfig.settings, onlyCategories: [...CATEGORIES] },
  artifacts: (defaultConfig.artifacts ?? []).map((artifact) =>
    artifact.id === 'Trace'
      ? { ...artifact, gatherer: { instance: new OwnTimeTrace() } }
      : artifact,
  ),
}

/** The scores of a screen, of 100, in the browser whose debugging port is `port`. */
export async function scoresOf(url: string, port: number) {
  const found = await lighthouse(url, { port, logLevel: 'error' }, config)
  if (!found) throw new Error(`Lighthouse returned nothing for ${url}.`)
  const scores = CATEGORIES.map((name) => {
    const { score } = found.lhr.categories[name] ?? {}
    return [name, Math.round(100 * (score ?? 0))] as const
  })
  return { scores: Object.fromEntries(scores), losses: lossesOf(found.lhr) }
}

/** The audits that lowered a score. */
function lossesOf({ categories, audits }: Result) {
  return Object.values(categories)
    .flatMap(({ auditRefs }) => auditRefs)
    .filter(({ weight }) => weight > 0)
    .map(({ id }) => audits[id])
    .filter((audit) => audit?.score !== null && (audit?.score ?? 0) < 1)
    .map((audit) => `${audit?.id}: ${audit?.displayValue ?? audit?.title}`)
}
