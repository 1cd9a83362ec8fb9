import * as z from 'zod/mini'

import type { Schemas } from '@/lib/api/client'
import { readObject } from '@/lib/json'

import type { HttpTool, McpServer } from './queries'

export const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const
export const EFFECTS: Record<Schemas['EffectEnum'], string> = {
  read: 'Read-only: safe to repeat',
  idempotent: 'Idempotent: repeated with the same Idempotency-Key',
  write: 'Has side effects: never repeated without your decision',
}

const name = z
  .string()
  .check(
    z.trim(),
    z.regex(/^[A-Za-z0-9_-]{1,64}$/, 'Use up to 64 letters, digits, _ and -.'),
  )
const timeout = z
  .number('Enter a number of seconds.')
  .check(z.gte(1, 'At least one second.'))

/** A stored value is never shown. Left empty it is kept, which the API takes as `null`. */
const secret = z.object({ name: z.string().check(z.trim()), value: z.string() })
const secrets = { headers: z.array(secret), url_secrets: z.array(secret) }

const isObject = z.refine<string>(
  (text) => readObject(text) !== undefined,
  'Enter a JSON object.',
)

export const httpToolSchema = z.object({
  name,
  description: z.string(),
  method: z.enum(METHODS),
  url_template: z.string().check(z.trim(), z.minLength(1, 'Enter a URL.')),
  parameters: z.string().check(isObject),
  ...secrets,
  effect: z.enum(['read', 'idempotent', 'write']),
  needs_approval: z.nullable(z.boolean()),
  timeout,
})

export type HttpToolValues = z.infer<typeof httpToolSchema>

export const mcpServerSchema = z.object({
  name,
  description: z.string(),
  url: z.string().check(z.trim(), z.minLength(1, 'Enter a URL.')),
  ...secrets,
  timeout,
})

export type McpServerValues = z.infer<typeof mcpServerSchema>
export type SecretValues = z.infer<typeof secret>

const NEW_HTTP_TOOL = {
  name: '',
  description: '',
  method: 'GET',
  url_template: '',
  parameters: { type: 'object', properties: {}, required: [] },
  header_names: [],
  url_secret_names: [],
  effect: 'read',
  needs_approval: null,
  timeout: 30,
} satisfies Partial<HttpTool>

const NEW_MCP_SERVER = {
  name: '',
  description: '',
  url: '',
  header_names: [],
  url_secret_names: [],
  timeout: 30,
} satisfies Partial<McpServer>

const storedSecrets = (names: string[]) =>
  names.map((each) => ({ name: each, value: '' }))

export function httpToolValues(tool?: HttpTool): HttpToolValues {
  const from = tool ?? NEW_HTTP_TOOL
  return {
    name: from.name,
    description: from.description,
    method: from.method,
    url_template: from.url_template,
    parameters: JSON.stringify(from.parameters, null, 2),
    headers: storedSecrets(from.header_names),
    url_secrets: storedSecrets(from.url_secret_names),
    effect: from.effect,
    needs_approval: from.needs_approval,
    timeout: from.timeout,
  }
}

export function mcpServerValues(server?: McpServer): McpServerValues {
  const from = server ?? NEW_MCP_SERVER
  return {
    name: from.name,
    description: from.description,
    url: from.url,
    headers: storedSecrets(from.header_names),
    url_secrets: storedSecrets(from.url_secret_names),
    timeout: from.timeout,
  }
}

function secretsOf(values: SecretValues[], stored: string[]) {
  const named = values.filter((each) => each.name)
  return Object.fromEntries(
    named.map(({ name: key, value }) => [
      key,
      value === '' && stored.includes(key) ? null : value,
    ]),
  )
}

export const httpToolRequest = (
  { parameters, headers, url_secrets, ...values }: HttpToolValues,
  tool?: HttpTool,
): Schemas['HttpToolRequest'] => ({
  ...values,
  parameters: readObject(parameters),
  headers: secretsOf(headers, tool?.header_names ?? []),
  url_secrets: secretsOf(url_secrets, tool?.url_secret_names ?? []),
})

export const mcpServerRequest = (
  { headers, url_secrets, ...values }: McpServerValues,
  server?: Pick<McpServer, 'header_names' | 'url_secret_names'>,
): Schemas['McpServerRequest'] => ({
  ...values,
  headers: secretsOf(headers, server?.header_names ?? []),
  url_secrets: secretsOf(url_secrets, server?.url_secret_names ?? []),
})
