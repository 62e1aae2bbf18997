import { asText, type Fields } from '../usage/readers/fields.ts'
import type { RequestSource } from '../usage/requests/call-request.ts'
import type { HeldCall } from '../facade/calls/settlement-desk.ts'
import { knownApis } from './known-apis.ts'
import { providerOfHost, regionOfHost } from './provider-of-host.ts'
import { fieldsOf, type SentRequest } from './sent-request.ts'

/** A request that costs money, as far as it is understood. */
export interface RecognisedCall {
  readonly provider: string
  readonly api: string
  readonly model: string | undefined
  /** The request's fields; empty where its body cannot be read. */
  readonly body: Fields
  /** What bounds it; undefined where nothing does, so that a hard budget refuses it. */
  readonly request: RequestSource | undefined
  /** Whether the answer's body need not be read. */
  readonly isToldByRequest: boolean
  /** What the call came to, by its answer or the events of a stream. */
  readonly toCall: (answer: unknown, headers: Headers) => HeldCall
}

/**
 * Tells from address and body which API a request is for; undefined where it is none that costs money.
 * @param named the provider, where the owner names it
 */
export function recogniseCall(sent: SentRequest, named: string | undefined): RecognisedCall | undefined {
  if (sent.method !== 'POST') return undefined
  const path = sent.url.pathname
  for (const known of knownApis) {
    const match = known.path.exec(path)
    if (match === null) continue
    const { api, answered, bounded, isToldByRequest = false } = known
    const body = fieldsOf(sent.body) ?? {}
    const inPath = match.groups?.['model']
    const model = modelIn(body, inPath) ?? known.defaultModel
    const provider = named ?? providerOfHost(sent.url)
    const source = bounded === undefined ? { api, body } : bounded(body, model)
    const region = regionOfHost(sent.url)
    return {
      provider,
      api,
      model,
      body,
      request:
        source === undefined || model === undefined
          ? undefined
          : {
              provider,
              ...source,
              // A body that names a model itself is read by that; a fine-tuned one is named by both.
              ...(inPath !== undefined && { model }),
              ...(region !== undefined && { regions: [region] }),
            },
      isToldByRequest,
      toCall: (answer, headers) => ({
        provider,
        api,
        body: answered === undefined ? answer : answered(answer, body, headers),
        ...(model !== undefined && { model }),
        ...(region !== undefined && { region }),
      }),
    }
  }
  return undefined
}

function modelIn(body: Fields, inPath: string | undefined): string | undefined {
  if (inPath !== undefined) return decodeURIComponent(inPath)
  return asText(body['model']) ?? asText(body['model_id'])
}
