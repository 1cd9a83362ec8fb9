import * as z from 'zod/mini'

const fieldError = z.object({ code: z.string(), detail: z.string() })

const problemSchema = z.object({
  status: z.number(),
  code: z.string(),
  detail: z.string(),
  errors: z.optional(z.record(z.string(), z.array(fieldError))),
})

/** A failure of the API, as RFC 9457 problem details. */
export type Problem = z.infer<typeof problemSchema>

const unreachable: Problem = {
  status: 0,
  code: 'unreachable',
  detail:
    'Agentarium does not answer. Check that it is running, then try again.',
}

/** The problem in whatever a request threw; without an answer at all, a problem says so. */
export function asProblem(error: unknown): Problem {
  const parsed = problemSchema.safeParse(error)
  return parsed.success ? parsed.data : unreachable
}

/** What a proxy or a crashed server answered with something that is no problem. */
export function problemOfStatus(status: number): Problem {
  return status >= 502 && status <= 504
    ? { ...unreachable, status }
    : {
        status,
        code: 'error',
        detail: `The server answered with an unexpected error (${status}).`,
      }
}
