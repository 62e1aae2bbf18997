import { knownMaxOutput } from '../usage/requests/output-limits.ts'
import type { Sent } from './arrived.ts'
import { type Fields, fieldsOf } from './fields.ts'

/** Where requests of an API limit the answer: within a field, where it is not the body itself; the last is set where none is. */
const limits: Readonly<Record<string, { readonly within?: string; readonly names: readonly string[] }>> = {
  chat: { names: ['max_tokens', 'max_completion_tokens'] },
  completions: { names: ['max_tokens'] },
  responses: { names: ['max_output_tokens'] },
  messages: { names: ['max_tokens'] },
  generateContent: { within: 'generationConfig', names: ['maxOutputTokens'] },
  converse: { within: 'inferenceConfig', names: ['maxTokens'] },
}

/** The body with an answer of at most so many tokens; the very same where the request allows no more. */
export function shortenAnswer({ api, provider, model }: Sent, body: Fields, tokens: number): Fields {
  const limit = Object.hasOwn(limits, api) ? limits[api] : undefined
  if (limit === undefined) return body
  const { within, names } = limit
  const settings = within === undefined ? body : (fieldsOf(body[within]) ?? {})
  const given = names.filter((name) => typeof settings[name] === 'number')
  const allowed = given.map((name) => Number(settings[name]))
  const longest = given.length > 0 ? Math.max(...allowed) : (knownMaxOutput(model ?? '') ?? Number.POSITIVE_INFINITY)
  if (longest <= tokens) return body
  // Other servers that speak OpenAI's API know the older of the two fields.
  const missing = provider === 'openai' || provider === 'azure' ? names.at(-1) : names[0]
  const set = Object.fromEntries((given.length > 0 ? given : [missing]).map((name) => [name, tokens]))
  return within === undefined ? { ...body, ...set } : { ...body, [within]: { ...settings, ...set } }
}
