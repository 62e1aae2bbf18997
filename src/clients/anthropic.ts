import type { Anthropic } from '@anthropic-ai/sdk'
import type { ClientOptions, Gatekeeper } from './client-options.ts'
import { guardClient } from './guard-client.ts'

export type { ClientOptions } from './client-options.ts'
export { denialOf } from '../facade/calls/call-denied.ts'

/**
 * A client of the same type whose calls are bounded, held and booked. The one that is given stays as it was. A call that a
 * budget refuses throws `CallDenied`, and nothing is sent; see `denialOf`.
 * @example
 * const anthropic = wrap(new Anthropic(), purser, { labels: { role: 'director' } })
 */
export function wrap<T extends Anthropic>(client: T, purser: Gatekeeper, options: ClientOptions = {}): T {
  return guardClient(client, purser, options)
}
