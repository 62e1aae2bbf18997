import { hash } from 'node:crypto'
import { endingOfStatus } from '../budgets/endings.ts'
import { PurserError } from '../errors.ts'
import { CallDenied } from '../facade/calls/call-denied.ts'
import type { CallStart, OpenCall } from '../facade/calls/open-call.ts'
import { defaultTtlMs } from '../facade/hold-request.ts'
import { contextLabels, contextServes } from '../facade/label-context.ts'
import { apiOfUrl } from './api-of-url.ts'
import { modelOf, type Sent } from './arrived.ts'
import { arrivedOf, type AskedFor } from './arrived-by-look.ts'
import { Attempts } from './attempts.ts'
import { type ClientOptions, type Fetch, type Gatekeeper, startOf } from './client-options.ts'
import type { Fields } from './fields.ts'
import { boundedAs } from './media-apis.ts'
import { observedResponse } from './observed-response.ts'
import { providerOfHost, regionOfHost } from './provider-of-host.ts'
import { askForUsage, asksForStream, leavesUsageOut, readBody } from './request-body.ts'
import { shortenAnswer } from './shorten-answer.ts'
import { unsentResponse } from './unsent-response.ts'

/** On a guarded `fetch`: the one beneath it. Two copies of the package know it. */
const guarded = Symbol.for('purser.guarded')

/**
 * A `fetch` under a provider's client: every request that generates something is bounded, held and booked; every other
 * one passes untouched. So the client stays as it is, and each of its tries is an attempt with a hold of its own.
 * Of a client that was wrapped before, the one beneath is taken: a call is booked once, as the last wrapping says.
 * @param refuse what the client gets where nothing is sent
 */
export function guardFetch(gate: Gatekeeper, options: ClientOptions, beneath: GuardedFetch, refuse = unsentResponse): Fetch {
  const send = beneath[guarded] ?? beneath
  const attempts = new Attempts()
  const guard: Fetch = async (input, init) => {
    const asked = input instanceof Request ? input : undefined
    const url = new URL(asked?.url ?? String(input))
    const route = apiOfUrl(url, init?.method ?? asked?.method ?? 'GET')
    if (route === undefined) return send(input, init)
    const given = init?.body ?? (asked === undefined ? undefined : await asked.clone().text())
    const body = readBody(given)
    const headers = init?.headers ?? asked?.headers
    const provider = options.provider ?? providerOfHost(url)
    const sent: Sent = { provider, api: route.api, model: modelOf(route.api, route.model, body), body }
    const labels = { ...options.labels, ...contextLabels() }
    const key = hash('sha256', JSON.stringify([url.href, labels, contextServes(), typeof given === 'string' ? given : body]))
    const attempt = attempts.next(key, retriesOf(headers))
    let open: Awaited<ReturnType<typeof openCall>>
    try {
      open = await openCall(gate, sent, { ...startOf(options), labels, ...attempt }, regionOfHost(url))
    } catch (error) {
      return refuse(error instanceof Error ? error : new Error(String(error)))
    }
    if (!open.granted) return refuse(new CallDenied(open))
    if (open.hold === null) return send(input, init)
    const signal = signalOf(open, init?.signal ?? asked?.signal)
    const changed = changedBody(open, sent, { text: given, isShrunk: options.shrink === true })
    return sendHeld(open, sent, {
      send: () => send(input, { ...init, ...(signal !== undefined && { signal }), ...withBody(changed.body, headers) }),
      signal,
      asked: { isStreamed: asksForStream(url, body), hidesUsage: changed.asksForUsage },
      ttlMs: options.ttlMs ?? defaultTtlMs,
      onFailure: () => attempts.failed(key, attempt),
    })
  }
  return Object.assign(guard, { [guarded]: send })
}

interface GuardedFetch extends Fetch {
  readonly [guarded]?: Fetch
}

interface Sending {
  readonly send: () => Promise<Response>
  readonly signal: AbortSignal | undefined
  readonly asked: AskedFor
  readonly ttlMs: number
  /** Told where the client may try again. */
  readonly onFailure: () => void
}

async function sendHeld(open: OpenCall, sent: Sent, { send, signal, asked, ttlMs, onFailure }: Sending): Promise<Response> {
  if (signal?.aborted === true) {
    // The client gave up while the gate was asked.
    open.end('refused')
    throw signal.reason
  }
  let response: Response
  try {
    response = await send()
  } catch (error) {
    open.end({ error })
    onFailure()
    throw error
  }
  if (!response.ok) {
    open.end(response.status < 400 ? 'rejected' : endingOfStatus(response.status))
    onFailure()
    return response
  }
  return observedResponse(response, open, arrivedOf(response, sent, asked), ttlMs / 3)
}

function signalOf({ signal }: OpenCall, own: AbortSignal | null | undefined): AbortSignal | undefined {
  if (signal === undefined) return own ?? undefined
  return own === undefined || own === null ? signal : AbortSignal.any([own, signal])
}

/** The request as it goes out, where it is another one than the client's: with a shorter answer, or asking for usage. */
function changedBody(
  { maxOutputTokens }: OpenCall,
  sent: Sent,
  { text, isShrunk }: { readonly text: unknown; readonly isShrunk: boolean },
): { readonly body: Fields | undefined; readonly asksForUsage: boolean } {
  const { body } = sent
  if (typeof text !== 'string' || body === undefined) return { body: undefined, asksForUsage: false }
  const asksForUsage = leavesUsageOut({ ...sent, body })
  const shortened = isShrunk && maxOutputTokens !== undefined ? shortenAnswer(sent, body, maxOutputTokens) : body
  const changed = asksForUsage ? askForUsage(shortened) : shortened
  return { body: changed === body ? undefined : changed, asksForUsage }
}

/** A body that was changed has another length. */
function withBody(body: Fields | undefined, given: RequestInit['headers']): RequestInit {
  if (body === undefined) return {}
  const headers = new Headers(given)
  headers.delete('content-length')
  return { body: JSON.stringify(body), headers }
}

/** Bounds the request where a reader knows it; what none knows is left to what budgets say of unbounded calls. */
async function openCall(gate: Gatekeeper, sent: Sent, start: CallStart, region: string | undefined) {
  const { provider, model } = sent
  const request = {
    provider,
    ...boundedAs(sent),
    ...(model !== undefined && { model }),
    ...(region !== undefined && { regions: [region] }),
  }
  try {
    return await gate.calls.open({ ...start, request })
  } catch (error) {
    if (!(error instanceof PurserError) || (error.code !== 'PURSER_UNKNOWN_READER' && error.code !== 'PURSER_BAD_RECORD')) throw error
    const { shrink: _shrink, ...rest } = start
    return gate.calls.open({ ...rest, provider, ...(model !== undefined && { model }) })
  }
}

/** How often a client of OpenAI's or Anthropic's family says that it has tried before. */
function retriesOf(headers: RequestInit['headers']): number | undefined {
  const count = new Headers(headers).get('x-stainless-retry-count')
  return count === null ? undefined : Number(count)
}
