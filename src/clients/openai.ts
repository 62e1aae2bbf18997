import type { OpenAI } from 'openai'
import type { ClientOptions, Fetch, Gatekeeper } from './client-options.ts'
import { guardFetch } from './guarded-fetch.ts'

export type { ClientOptions } from './client-options.ts'
export { denialOf } from '../facade/calls/call-denied.ts'

/** What a client of this family keeps to itself: the `fetch` that it was made with. */
interface WithFetch {
  readonly fetch?: Fetch
}

/**
 * A client of the same type whose calls are bounded, held and booked. The one that is given stays as it was. A call that a
 * budget refuses throws `CallDenied`, and nothing is sent; see `denialOf`.
 * @example
 * const openai = wrap(new OpenAI(), purser, { labels: { agent: 'clarifier' } })
 */
export function wrap<T extends OpenAI>(client: T, purser: Gatekeeper, options: ClientOptions = {}): T {
  const send = (client as unknown as WithFetch).fetch ?? fetch
  return client.withOptions({ fetch: guardFetch(purser, options, send) })
}
