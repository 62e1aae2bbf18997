import type { GoogleGenAI, GoogleGenAIOptions } from '@google/genai'
import type { ClientOptions, Fetch, Gatekeeper } from './client-options.ts'
import { guardFetch } from './guarded-fetch.ts'
import { patientFetch } from './patient-fetch.ts'
import { unsentResponse } from './unsent-response.ts'

export type { ClientOptions } from './client-options.ts'
export { denialOf } from '../facade/calls/call-denied.ts'

/** What a client was made of; it keeps that to itself, and has no way of its own to be copied. */
interface Parts extends Pick<GoogleGenAIOptions, 'vertexai' | 'apiKey' | 'project' | 'location' | 'apiVersion' | 'httpOptions'> {
  readonly apiClient: { readonly clientOptions: { auth: unknown } }
  live: unknown
}

/**
 * A client of the same type whose calls are bounded, held and booked, for the Gemini API or Vertex. It is made anew of what
 * the given one was made of, with the credentials of that one, which stays as it was. A call that a budget refuses throws
 * `CallDenied`, and nothing is sent; see `denialOf`. The sockets of the live API are not seen.
 * @example
 * const ai = wrap(new GoogleGenAI({ apiKey }), purser, { labels: { service: 'gemini' } })
 */
export function wrap<T extends GoogleGenAI>(client: T, purser: Gatekeeper, options: ClientOptions = {}): T {
  const parts = client as unknown as Parts
  const { vertexai, apiKey, project, location, apiVersion, httpOptions } = parts
  const send: Fetch = httpOptions?.fetch ?? patientFetch
  const guarded = guardFetch(purser, options, send, httpOptions?.retryOptions === undefined ? unsentResponse : unsentToRetries)
  const made = new (client.constructor as new (options: GoogleGenAIOptions) => T)({
    ...(vertexai !== undefined && { vertexai }),
    ...(apiKey !== undefined && { apiKey }),
    ...(project !== undefined && { project }),
    ...(location !== undefined && { location }),
    ...(apiVersion !== undefined && { apiVersion }),
    httpOptions: { ...httpOptions, fetch: guarded },
  })
  const copy = made as unknown as Parts
  copy.apiClient.clientOptions.auth = parts.apiClient.clientOptions.auth
  copy.live = parts.live
  return made
}

/** The retries of this SDK ask first whether an answer is fine, and try again on whatever that throws. */
function unsentToRetries(reason: Error): Response {
  const unsent = unsentResponse(reason)
  let isAsked = false
  return new Proxy(unsent, {
    get: (response, name) => {
      if (name !== 'ok' || isAsked) return Reflect.get(response, name) as unknown
      isAsked = true
      return true
    },
  })
}
