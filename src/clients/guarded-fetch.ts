import { hash } from 'node:crypto'
import { endingOfStatus } from '../budgets/endings.ts'
import { PurserError } from '../errors.ts'
import { CallDenied } from '../facade/calls/call-denied.ts'
import type { CallStart, OpenCall } from '../facade/calls/open-call.ts'
import { defaultTtlMs } from '../facade/hold-request.ts'
import { contextLabels } from '../facade/label-context.ts'
import { apiOfUrl } from './api-of-url.ts'
import { type Arrived, ArrivedFile, ArrivedJson, modelOf, type Sent } from './arrived.ts'
import { ArrivedEvents } from './arrived-events.ts'
import { Attempts } from './attempts.ts'
import { type ClientOptions, type Fetch, type Gatekeeper, startOf } from './client-options.ts'
import { observedResponse } from './observed-response.ts'
import { providerOfHost, regionOfHost } from './provider-of-host.ts'
import { askForUsage, hidesUsage, readBody, shorten } from './request-body.ts'
import { unsentResponse } from './unsent-response.ts'

/**
 * A `fetch` under a provider's client: every request that generates something is bounded, held and booked; every other
 * one passes untouched. So the client stays as it is, and each of its tries is an attempt with a hold of its own.
 */
export function guardFetch(gate: Gatekeeper, options: ClientOptions, send: Fetch): Fetch {
  const attempts = new Attempts()
  return async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input)
    const route = apiOfUrl(url, init?.method ?? (input instanceof Request ? input.method : 'GET'))
    if (route === undefined || init === undefined) return send(input, init)
    const body = readBody(init.body)
    const provider = options.provider ?? providerOfHost(url)
    const sent: Sent = { provider, api: route.api, model: modelOf(route.model, body), body }
    const labels = { ...options.labels, ...contextLabels() }
    const key = hash('sha256', JSON.stringify([url.href, labels, typeof init.body === 'string' ? init.body : body]))
    const attempt = attempts.next(key, retriesOf(init.headers))
    let open: Awaited<ReturnType<typeof openCall>>
    try {
      open = await openCall(gate, sent, { ...startOf(options), labels, ...attempt }, regionOfHost(url))
    } catch (error) {
      return unsentResponse(error instanceof Error ? error : new Error(String(error)))
    }
    if (!open.granted) return unsentResponse(new CallDenied(open))
    if (open.hold === null) return send(input, init)
    return sendHeld(open, sent, { input, init, send, ttlMs: options.ttlMs ?? defaultTtlMs, onFailure: () => attempts.failed(key, attempt) })
  }
}

interface Sending {
  readonly input: Parameters<Fetch>[0]
  readonly init: RequestInit
  readonly send: Fetch
  readonly ttlMs: number
  /** Told where the client may try again. */
  readonly onFailure: () => void
}

async function sendHeld(open: OpenCall, sent: Sent, { input, init, send, ttlMs, onFailure }: Sending): Promise<Response> {
  const asksForUsage = sent.body !== undefined && hidesUsage({ ...sent, body: sent.body })
  let response: Response
  try {
    response = await send(input, toSend(open, sent, init, asksForUsage))
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
  return observedResponse(response, open, arrivedOf(response, sent, asksForUsage), ttlMs / 3)
}

function toSend(open: OpenCall, { api, body }: Sent, init: RequestInit, asksForUsage: boolean): RequestInit {
  const { maxOutputTokens, signal } = open
  let changed = body
  if (changed !== undefined && maxOutputTokens !== undefined) changed = shorten(api, changed, maxOutputTokens)
  if (changed !== undefined && asksForUsage) changed = askForUsage(changed)
  const own = init.signal ?? undefined
  return {
    ...init,
    ...(changed !== body && typeof init.body === 'string' && { body: JSON.stringify(changed), headers: withoutLength(init.headers) }),
    ...(signal !== undefined && { signal: own === undefined ? signal : AbortSignal.any([own, signal]) }),
  }
}

/** A body that was changed has another length. */
function withoutLength(given: RequestInit['headers']): Headers {
  const headers = new Headers(given)
  headers.delete('content-length')
  return headers
}

function arrivedOf({ headers }: Response, sent: Sent, hidden: boolean): Arrived {
  const type = headers.get('content-type') ?? ''
  if (type.includes('text/event-stream')) return new ArrivedEvents(sent, hidden)
  return type.includes('json') ? new ArrivedJson(sent) : new ArrivedFile(sent, headers)
}

/** Bounds the request where a reader knows it; what none knows is left to what budgets say of unbounded calls. */
async function openCall(gate: Gatekeeper, { provider, api, model, body }: Sent, start: CallStart, region: string | undefined) {
  const request = {
    provider,
    api,
    body: body ?? {},
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
