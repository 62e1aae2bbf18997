import type { LanguageModelV4, LanguageModelV4CallOptions, LanguageModelV4StreamPart } from '@ai-sdk/provider'
import type { OpenCall } from '../facade/calls/open-call.ts'
import { endingOfError } from '../facade/ending-of-error.ts'
import type { HeldCall } from '../facade/calls/settlement-desk.ts'
import { answerOf, apiBehind } from './ai-sdk-answer.ts'
import { ArrivedEvents } from './arrived-events.ts'
import { promptTokens, tokensOfBytes } from './prompt-tokens.ts'

interface Streamed {
  readonly provider: string
  readonly model: LanguageModelV4
  readonly params: LanguageModelV4CallOptions
  readonly extendEveryMs: number
  /** Whether the caller asked for the provider's own events, which are read here in any case. */
  readonly wantsRaw: boolean
}

/** What is known of a stream by its parts so far. */
interface SoFar {
  finish: Extract<LanguageModelV4StreamPart, { type: 'finish' }> | undefined
  metadata: Extract<LanguageModelV4StreamPart, { type: 'response-metadata' }> | undefined
  writtenBytes: number
  hasFailed: boolean
  /** The provider's own events, which tell more than the parts: service tiers, searches, how long caches live. */
  readonly events: ArrivedEvents | undefined
}

/** The parts of a stream as they are read: settled by its last one, or by what had arrived where it broke off or was left. */
export function observedParts(
  stream: ReadableStream<LanguageModelV4StreamPart>,
  open: OpenCall,
  streamed: Streamed,
): ReadableStream<LanguageModelV4StreamPart> {
  const reader = stream.getReader()
  const soFar: SoFar = { finish: undefined, metadata: undefined, writtenBytes: 0, hasFailed: false, events: eventsOf(streamed) }
  let extendedAt = performance.now()
  let isOver = false
  const over = (as: 'ok' | 'cut' | 'aborted'): void => {
    if (isOver) return
    isOver = true
    if (soFar.events?.isWhole() === true) open.succeed(soFar.events.call())
    else if (soFar.finish !== undefined && !soFar.hasFailed) open.succeed(finished(soFar, soFar.finish, streamed))
    else open.end(as === 'ok' ? 'cut' : as, delivered(soFar, streamed))
  }
  return new ReadableStream<LanguageModelV4StreamPart>(
    {
      async pull(controller) {
        try {
          for (;;) {
            const next = await reader.read()
            if (next.done) {
              over('ok')
              controller.close()
              return
            }
            note(soFar, next.value)
            if (performance.now() - extendedAt > streamed.extendEveryMs) {
              extendedAt = performance.now()
              open.extend()
            }
            if (next.value.type === 'raw' && !streamed.wantsRaw) continue
            controller.enqueue(next.value)
            return
          }
        } catch (error) {
          over(endingOfError(error) === 'aborted' ? 'aborted' : 'cut')
          controller.error(error)
        }
      },
      async cancel(reason) {
        over('aborted')
        await reader.cancel(reason)
      },
    },
    { highWaterMark: 0 },
  )
}

const encoder = new TextEncoder()

function eventsOf({ provider, model }: Streamed): ArrivedEvents | undefined {
  const api = apiBehind(model)
  return api === undefined ? undefined : new ArrivedEvents({ provider, api, model: model.modelId, body: undefined }, new Headers(), false)
}

function note(soFar: SoFar, part: LanguageModelV4StreamPart): void {
  if (part.type === 'finish') soFar.finish = part
  else if (part.type === 'response-metadata') soFar.metadata = part
  else if (part.type === 'error') soFar.hasFailed = true
  else if (part.type === 'raw') soFar.events?.add(encoder.encode(`data: ${JSON.stringify(part.rawValue)}\n\n`))
  else if ('delta' in part) soFar.writtenBytes += Buffer.byteLength(part.delta)
}

function finished({ metadata }: SoFar, { usage, finishReason }: NonNullable<SoFar['finish']>, { provider, model }: Streamed): HeldCall {
  return answerOf({ usage, finishReason, ...(metadata !== undefined && { response: metadata }) }, provider, model)
}

/** What had arrived, estimated by its length; undefined where nothing had. */
function delivered({ metadata, writtenBytes }: SoFar, { provider, model, params }: Streamed): HeldCall | undefined {
  if (metadata === undefined && writtenBytes === 0) return undefined
  const { abortSignal: _signal, headers: _headers, ...body } = params
  const inputTokens = promptTokens({ provider, api: 'ai-sdk', body, model: model.modelId })
  if (inputTokens === undefined) return undefined
  return {
    provider,
    model: metadata?.modelId ?? model.modelId,
    ...(metadata?.id !== undefined && { responseId: metadata.id }),
    usage: { inputTokens, outputTokens: tokensOfBytes(writtenBytes) },
  }
}
