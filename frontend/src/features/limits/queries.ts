import { api } from '@/lib/api/client'
import type { Schemas } from '@/lib/api/client'

export type Limits = Schemas['Limits']
export type Quota = Schemas['Quota']

export const limitsQuery = () => api.queryOptions('get', '/api/limits/')
