import type { UsageReader } from '../reader.ts'
import { lastOf, toEvents } from './events.ts'
import { asFields, asText, type Fields, firstText, unreadable } from './fields.ts'
import { addOutput, addPrompt } from './token-buckets.ts'
import { UsageDraft } from './usage-draft.ts'

const knownFields = new Set([
  'inputTokens',
  'inputTokenDetails',
  'outputTokens',
  'outputTokenDetails',
  'totalTokens',
  'cachedInputTokens',
  'reasoningTokens',
  'promptTokens',
  'completionTokens',
  'tokens',
  // The provider's own usage, which the other fields sum up.
  'raw',
  // What a caller may put beside a bare usage object.
  'model',
  'modelId',
  'finishReason',
  'response',
])

/**
 * The usage object of the AI SDK, of a model call (`usage`, `totalUsage`) or an embedding. From version 6 on the input
 * is a total with its cached parts in `inputTokenDetails`; version 5 has `cachedInputTokens` only; the model interface
 * below it nests the same numbers (`inputTokens.total`).
 */
export const aiSdkUsage: UsageReader = {
  providers: ['ai-sdk', '*'],
  apis: ['usage', 'ai-sdk'],
  inputTotalIncludesCache: true,
  source: 'https://ai-sdk.dev/docs/reference/ai-sdk-core/generate-text#usage',
  read: (body) => {
    const events = toEvents(body)
    const usage = lastOf(events, usageOf)
    if (usage === undefined) throw unreadable('AI SDK', 'it has neither "inputTokens" nor "outputTokens", nor a "usage" with them')
    const draft = new UsageDraft()
    if (usage['tokens'] !== undefined) draft.add('inputTokens', draft.count(usage, 'tokens', 'usage.'))
    else addUsage(draft, usage)
    draft.reportUnknown(usage, knownFields, 'usage.')
    const response = lastOf(events, (event) => asFields(event['response']))
    return draft.toReading({
      model: firstText(response, ['modelId', 'model']) ?? lastOf(events, (event) => firstText(event, ['modelId', 'model'])),
      responseId: asText(response?.['id']),
      stopReason: lastOf(events, (event) => firstText(event, ['finishReason']) ?? asText(asFields(event['finishReason'])?.['unified'])),
    })
  },
}

function usageOf(event: Fields): Fields | undefined {
  const usage = asFields(event['totalUsage']) ?? asFields(event['usage']) ?? event
  return ['inputTokens', 'outputTokens', 'promptTokens', 'tokens'].some((name) => usage[name] !== undefined) ? usage : undefined
}

function addUsage(draft: UsageDraft, usage: Fields): void {
  const input = readInput(draft, usage)
  const output = readOutput(draft, usage)
  addPrompt(draft, { label: 'usage.inputTokens', audio: 0, image: 0, video: 0, ...input })
  addOutput(draft, { label: 'usage.outputTokens', audio: 0, image: 0, ...output })
  const total = draft.count(usage, 'totalTokens', 'usage.')
  const said = draft.count(
    asFields(usage['inputTokens']) ?? usage,
    asFields(usage['inputTokens']) === undefined ? inputName(usage) : 'total',
  )
  if (total !== 0 && total !== said + output.total) {
    draft.warn('sum-mismatch', `usage.totalTokens is ${total}, but input and output sum to ${said + output.total}.`)
  }
}

function inputName(usage: Fields): string {
  return usage['inputTokens'] === undefined ? 'promptTokens' : 'inputTokens'
}

function readInput(draft: UsageDraft, usage: Fields): { total: number; cached: number; cacheWrite: number } {
  const nested = asFields(usage['inputTokens'])
  if (nested !== undefined) {
    const where = 'usage.inputTokens.'
    const cached = draft.count(nested, 'cacheRead', where)
    return { total: draft.required(nested, 'total', where), cached, cacheWrite: draft.count(nested, 'cacheWrite', where) }
  }
  const total = draft.required(usage, inputName(usage), 'usage.')
  const details = draft.part(usage, ['inputTokenDetails'], 'usage.')
  const where = 'usage.inputTokenDetails.'
  if (details?.['cacheReadTokens'] !== undefined || details?.['cacheWriteTokens'] !== undefined) {
    const cached = draft.count(details, 'cacheReadTokens', where)
    const cacheWrite = draft.count(details, 'cacheWriteTokens', where)
    const fresh = draft.count(details, 'noCacheTokens', where)
    if (details['noCacheTokens'] != null && fresh + cached + cacheWrite !== total) {
      draft.warn('sum-mismatch', `usage.inputTokens is ${total}, but its details sum to ${fresh + cached + cacheWrite}.`)
    }
    return { total, cached, cacheWrite }
  }
  return withoutDetails(draft, usage, total)
}

/** Version 5 handed each provider's own total through: Anthropic's leaves the cached tokens out, others include them. */
function withoutDetails(draft: UsageDraft, usage: Fields, total: number): { total: number; cached: number; cacheWrite: number } {
  const cached = draft.count(usage, 'cachedInputTokens', 'usage.')
  if (cached === 0) return { total, cached, cacheWrite: 0 }
  const excluded = cached > total
  draft.warn(
    'assumed',
    `usage.inputTokens (${total}) is taken ${excluded ? 'without' : 'with'} the ${cached} cached tokens, as it does not say.`,
  )
  return { total: excluded ? total + cached : total, cached, cacheWrite: 0 }
}

function readOutput(draft: UsageDraft, usage: Fields): { total: number; reasoning: number } {
  const nested = asFields(usage['outputTokens'])
  if (nested !== undefined) {
    const where = 'usage.outputTokens.'
    return { total: draft.required(nested, 'total', where), reasoning: draft.count(nested, 'reasoning', where) }
  }
  const total = draft.required(
    usage,
    usage['outputTokens'] === undefined && usage['completionTokens'] !== undefined ? 'completionTokens' : 'outputTokens',
    'usage.',
  )
  const details = draft.part(usage, ['outputTokenDetails'], 'usage.')
  const reasoning = draft.count(details, 'reasoningTokens', 'usage.outputTokenDetails.') || draft.count(usage, 'reasoningTokens', 'usage.')
  return { total, reasoning }
}
