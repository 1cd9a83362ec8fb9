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
    'Agentarium is not responding. Check that it is running, then try again.',
}

/** The problem in what a request threw, or `unreachable` where there was no response. */
export function asProblem(error: unknown): Problem {
  const parsed = problemSchema.safeParse(error)
  return parsed.success ? parsed.data : unreachable
}

/** The problem for a response that contains none, as from a proxy or a crashed server. */
export function problemOfStatus(status: number): Problem {
  return status >= 502 && status <= 504
    ? { ...unreachable, status }
    : {
        status,
        code: 'error',
        detail: `The server returned an unexpected error (${status}).`,
      }
}
