import type { OpenAI } from 'openai'
import type { ClientOptions, Gatekeeper } from './client-options.ts'
import { guardClient } from './guard-client.ts'

export type { ClientOptions } from './client-options.ts'
export { denialOf } from '../facade/calls/call-denied.ts'

/**
 * A client of the same type whose calls are bounded, held and booked. The one that is given stays as it was. A call that a
 * budget refuses throws `CallDenied`, and nothing is sent; see `denialOf`.
 * @example
 * const openai = wrap(new OpenAI(), purser, { labels: { agent: 'clarifier' } })
 */
export function wrap<T extends OpenAI>(client: T, purser: Gatekeeper, options: ClientOptions = {}): T {
  return guardClient(client, purser, options)
}
