import type { LanguageModelV4, LanguageModelV4CallOptions, LanguageModelV4StreamPart } from '@ai-sdk/provider'
import type { OpenCall } from '../facade/calls/open-call.ts'
import { endingOfError } from '../facade/ending-of-error.ts'
import type { HeldCall } from '../facade/calls/settlement-desk.ts'
import { answerOf } from './ai-sdk-answer.ts'
import { bytesPerToken } from './arrived-events.ts'

interface Streamed {
  readonly provider: string
  readonly model: LanguageModelV4
  readonly params: LanguageModelV4CallOptions
  readonly extendEveryMs: number
}

/** What is known of a stream by its parts so far. */
interface SoFar {
  finish: Extract<LanguageModelV4StreamPart, { type: 'finish' }> | undefined
  metadata: Extract<LanguageModelV4StreamPart, { type: 'response-metadata' }> | undefined
  writtenBytes: number
  hasFailed: boolean
}

/** The parts of a stream as they are read: settled by its last one, or by what had arrived where it broke off or was left. */
export function observedParts(
  stream: ReadableStream<LanguageModelV4StreamPart>,
  open: OpenCall,
  streamed: Streamed,
): ReadableStream<LanguageModelV4StreamPart> {
  const reader = stream.getReader()
  const soFar: SoFar = { finish: undefined, metadata: undefined, writtenBytes: 0, hasFailed: false }
  let extendedAt = performance.now()
  let isOver = false
  const over = (as: 'ok' | 'cut' | 'aborted'): void => {
    if (isOver) return
    isOver = true
    if (soFar.finish !== undefined && !soFar.hasFailed) open.succeed(finished(soFar, soFar.finish, streamed))
    else open.end(as === 'ok' ? 'cut' : as, delivered(soFar, streamed))
  }
  return new ReadableStream<LanguageModelV4StreamPart>(
    {
      async pull(controller) {
        try {
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
          controller.enqueue(next.value)
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

function note(soFar: SoFar, part: LanguageModelV4StreamPart): void {
  if (part.type === 'finish') soFar.finish = part
  else if (part.type === 'response-metadata') soFar.metadata = part
  else if (part.type === 'error') soFar.hasFailed = true
  else if ('delta' in part) soFar.writtenBytes += Buffer.byteLength(part.delta)
}

function finished({ metadata }: SoFar, { usage, finishReason }: NonNullable<SoFar['finish']>, { provider, model }: Streamed): HeldCall {
  return answerOf({ usage, finishReason, ...(metadata !== undefined && { response: metadata }) }, provider, model)
}

/** What had arrived, estimated by its length; undefined where nothing had. */
function delivered({ metadata, writtenBytes }: SoFar, { provider, model, params }: Streamed): HeldCall | undefined {
  if (metadata === undefined && writtenBytes === 0) return undefined
  return {
    provider,
    model: metadata?.modelId ?? model.modelId,
    ...(metadata?.id !== undefined && { responseId: metadata.id }),
    usage: {
      inputTokens: Math.ceil(Buffer.byteLength(JSON.stringify([params.prompt, params.tools])) / bytesPerToken),
      outputTokens: Math.ceil(writtenBytes / bytesPerToken),
    },
  }
}
