import type { GoogleGenAI } from '@google/genai'
import type { ClientOptions, Fetch, Gatekeeper } from './client-options.ts'
import { guardFetch } from './guarded-fetch.ts'

export type { ClientOptions } from './client-options.ts'
export { denialOf } from './unsent-response.ts'

/** Where a client of this SDK keeps how it sends. */
interface WithOptions {
  readonly apiClient: { readonly clientOptions: { httpOptions?: { fetch?: Fetch } } }
}

/**
 * The same client, whose calls are from now on bounded, held and booked: this SDK has no way to copy a client with other
 * options, so it is changed itself. A call that a budget refuses throws `CallDenied`, and nothing is sent; see `denialOf`.
 * @example
 * const ai = wrap(new GoogleGenAI({ apiKey }), purser, { labels: { service: 'gemini' } })
 */
export function wrap<T extends GoogleGenAI>(client: T, purser: Gatekeeper, options: ClientOptions = {}): T {
  const { clientOptions } = (client as unknown as WithOptions).apiClient
  const send = clientOptions.httpOptions?.fetch ?? fetch
  clientOptions.httpOptions = { ...clientOptions.httpOptions, fetch: guardFetch(purser, options, send) }
  return client
}
