import type { ElevenLabsClient } from '@elevenlabs/elevenlabs-js'
import type { ClientOptions, Fetch, Gatekeeper } from './client-options.ts'
import { guardFetch } from './guarded-fetch.ts'

export type { ClientOptions } from './client-options.ts'
export { denialOf } from '../facade/calls/call-denied.ts'

type Options = Readonly<Record<string, unknown>> & { readonly fetch?: Fetch }

/**
 * A client of the same type whose calls are bounded, held and booked. The one that is given stays as it was. A call that a
 * budget refuses throws an error of the SDK that `CallDenied` caused, and nothing is sent; see `denialOf`.
 * @example
 * const voice = wrap(new ElevenLabsClient(), purser, { labels: { service: 'elevenlabs' } })
 */
export function wrap<T extends ElevenLabsClient>(client: T, purser: Gatekeeper, options: ClientOptions = {}): T {
  const { _options: given } = client as unknown as { readonly _options: Options }
  const Client = client.constructor as new (options: Options) => T
  return new Client({ ...given, fetch: guardFetch(purser, options, given.fetch ?? fetch) })
}
