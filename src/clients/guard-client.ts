import type { ClientOptions, Fetch, Gatekeeper } from './client-options.ts'
import { guardFetch } from './guarded-fetch.ts'

/** A client of the family of OpenAI's and Anthropic's SDKs: it makes copies of itself with other options. */
interface CopyingClient {
  withOptions(options: { fetch: Fetch }): this
}

/** What such a client keeps to itself: the `fetch` that it was made with. */
interface WithFetch {
  readonly fetch?: Fetch
}

/** A copy of the client whose requests go through the gate. */
export function guardClient<T extends CopyingClient>(client: T, purser: Gatekeeper, options: ClientOptions): T {
  const send = (client as unknown as WithFetch).fetch ?? fetch
  return client.withOptions({ fetch: guardFetch(purser, options, send) })
}
