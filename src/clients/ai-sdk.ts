import type { LanguageModelV4, LanguageModelV4CallOptions, LanguageModelV4Middleware } from '@ai-sdk/provider'
import { hash } from 'node:crypto'
import { CallDenied } from '../facade/calls/call-denied.ts'
import type { OpenCall } from '../facade/calls/open-call.ts'
import { defaultTtlMs } from '../facade/hold-request.ts'
import { contextLabels, contextServes } from '../facade/label-context.ts'
import { knownMaxOutput } from '../usage/requests/output-limits.ts'
import { answerOf, apiBehind } from './ai-sdk-answer.ts'
import { observedParts } from './ai-sdk-parts.ts'
import { type Attempt, Attempts } from './attempts.ts'
import { type ClientOptions, type Gatekeeper, startOf } from './client-options.ts'

export type { ClientOptions } from './client-options.ts'
export { denialOf } from '../facade/calls/call-denied.ts'

/** On parameters of a call that is held already, also by another copy of the package. */
const guarded = Symbol.for('purser.guarded')

/** A call that holds money, between its parameters and its answer. */
interface Opened {
  readonly open: OpenCall
  readonly provider: string
  readonly key: string
  readonly attempt: Attempt
  /** Whether the caller asked for the provider's own events. */
  readonly wantsRaw: boolean
}

/**
 * Middleware for models of the AI SDK: each call of a model is bounded, held and booked. A call that a budget refuses
 * throws `CallDenied`, and nothing is sent; see `denialOf`. Where a model has the middleware twice, the outer one books.
 * @example
 * const model = wrapLanguageModel({ model: openai('gpt-4o'), middleware: purserMiddleware(purser, { labels: { stage: 'draft' } }) })
 */
export function purserMiddleware(purser: Gatekeeper, options: ClientOptions = {}): LanguageModelV4Middleware {
  const attempts = new Attempts()
  // The parameters of a call are made here and handed to the wrapper of the same call.
  const opened = new WeakMap<LanguageModelV4CallOptions, Opened>()
  const begun = (params: LanguageModelV4CallOptions): Opened | undefined => {
    const known = opened.get(params)
    if (known === undefined && !isGuarded(params))
      throw new TypeError('The middleware of purser was given parameters that it has not seen before.')
    return known
  }
  return {
    specificationVersion: 'v4',
    transformParams: async ({ type, params, model }) => {
      if (isGuarded(params)) return { ...params }
      const begins = await openCall(purser, attempts, { params, model, options })
      const sent = paramsToSend(params, begins.open, {
        modelId: model.modelId,
        isShrunk: options.shrink === true,
        asksForRaw: type === 'stream' && apiBehind(model) !== undefined,
      })
      opened.set(sent, begins)
      return sent
    },
    wrapGenerate: async ({ doGenerate, params, model }) => {
      const begins = begun(params)
      if (begins === undefined) return doGenerate()
      const { open, provider, key, attempt } = begins
      try {
        const result = await doGenerate()
        open.succeed(answerOf(result, provider, model))
        return result
      } catch (error) {
        open.end({ error })
        attempts.failed(key, attempt)
        throw error
      }
    },
    wrapStream: async ({ doStream, params, model }) => {
      const begins = begun(params)
      if (begins === undefined) return doStream()
      const { open, provider, key, attempt, wantsRaw } = begins
      const extendEveryMs = (options.ttlMs ?? defaultTtlMs) / 3
      try {
        const result = await doStream()
        const stream = observedParts(result.stream, open, { provider, model, params, extendEveryMs, wantsRaw })
        return { ...result, stream }
      } catch (error) {
        open.end({ error })
        attempts.failed(key, attempt)
        throw error
      }
    },
  }
}

function isGuarded(params: LanguageModelV4CallOptions): boolean {
  return Object.hasOwn(params, guarded)
}

interface Asked {
  readonly params: LanguageModelV4CallOptions
  readonly model: LanguageModelV4
  readonly options: ClientOptions
}

async function openCall(purser: Gatekeeper, attempts: Attempts, { params, model, options }: Asked): Promise<Opened> {
  // Providers of the SDK are named like `openai.chat` and `anthropic.messages`.
  const provider = options.provider ?? model.provider.split('.')[0] ?? model.provider
  const labels = { ...options.labels, ...contextLabels() }
  const { abortSignal: _signal, headers: _headers, ...body } = params
  const key = hash('sha256', JSON.stringify([model.provider, model.modelId, labels, contextServes(), body]))
  const attempt = attempts.next(key, undefined)
  const request = { provider, api: 'ai-sdk', body, model: model.modelId }
  const open = await purser.calls.open({ ...startOf(options), labels, ...attempt, request })
  if (!open.granted) throw new CallDenied(open)
  return { open, provider, key, attempt, wantsRaw: params.includeRawChunks === true }
}

function paramsToSend(
  params: LanguageModelV4CallOptions,
  { hold, signal, maxOutputTokens }: OpenCall,
  { modelId, isShrunk, asksForRaw }: { readonly modelId: string; readonly isShrunk: boolean; readonly asksForRaw: boolean },
): LanguageModelV4CallOptions {
  const own = params.abortSignal
  const longest = params.maxOutputTokens ?? knownMaxOutput(modelId) ?? Number.POSITIVE_INFINITY
  const marked = { ...params, [guarded]: true }
  return {
    ...marked,
    ...(signal !== undefined && { abortSignal: own === undefined ? signal : AbortSignal.any([own, signal]) }),
    ...(isShrunk && maxOutputTokens !== undefined && maxOutputTokens < longest && { maxOutputTokens }),
    ...(asksForRaw && hold !== null && { includeRawChunks: true }),
  }
}
