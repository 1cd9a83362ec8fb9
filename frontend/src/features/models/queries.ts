import { api } from '@/lib/api/client'
import type { Schemas } from '@/lib/api/client'

export type Model = Schemas['Model']
export type Provider = Schemas['Provider']

export const modelsQuery = () =>
  api.queryOptions('get', '/api/models/', undefined, { staleTime: 60_000 })

export const providersQuery = () =>
  api.queryOptions('get', '/api/providers/', undefined, { staleTime: 60_000 })
