import { toast } from 'sonner'

import { asProblem } from './api/problem'

/** Show why a request failed, in the server's own sentence. */
export const toastProblem = (error: unknown) =>
  toast.error(asProblem(error).detail)
