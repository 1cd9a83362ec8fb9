import { useState } from 'react'
import { toast } from 'sonner'

import { asProblem } from '@/lib/api/problem'

import {
  useCreateMcpServer,
  useRefreshMcpServer,
  useUpdateMcpServer,
} from '../mutations'
import type { McpServer } from '../queries'
import { toastWarnings } from '../toast-warnings'
import { mcpServerRequest } from '../tool-schema'
import type { McpServerValues } from '../tool-schema'
import { toolsLoaded } from './tools-loaded'

/**
 * Store a server, then try it. It is kept if it cannot be used: `failure` says why, and
 * saving again changes what was `saved`.
 */
export function useSaveServer(server: McpServer | undefined) {
  const [saved, setSaved] = useState<Saved | undefined>(server)
  const [failure, setFailure] = useState('')
  const createServer = useCreateMcpServer()
  const updateServer = useUpdateMcpServer()
  const refreshServer = useRefreshMcpServer()

  const store = async (values: McpServerValues) => {
    const body = mcpServerRequest(values, saved)
    const stored = saved
      ? await updateServer.mutateAsync({
          params: { path: { id: saved.id } },
          body,
        })
      : await createServer.mutateAsync({ body })
    toastWarnings(stored)
    setSaved(stored)
    return stored
  }

  /** Returns whether the server can be used, or need not be tried. */
  const save = async (values: McpServerValues) => {
    const isTried = !saved || !!failure || isReachedAnew(values, saved)
    const { id } = await store(values)
    if (!isTried) {
      toast.success('Changes saved.')
      return true
    }
    try {
      const params = { path: { id } }
      toast.success(toolsLoaded(await refreshServer.mutateAsync({ params })))
    } catch (error) {
      setFailure(asProblem(error).detail)
      return false
    }
    return true
  }

  return { save, saved, failure }
}

type Saved = Pick<
  McpServer,
  'id' | 'url' | 'header_names' | 'url_secret_names' | 'last_error'
>

const isReachedAnew = (values: McpServerValues, saved: Saved) =>
  saved.last_error !== '' ||
  values.url !== saved.url ||
  [...values.headers, ...values.url_secrets].some(({ value }) => value !== '')
