import type { UsageReader } from '../reader.ts'
import { lastOf, toEvents } from './events.ts'
import { asFields, asText, type Fields, firstText, unreadable } from './fields.ts'
import { toServiceTier } from './service-tier.ts'
import { UsageDraft } from './usage-draft.ts'

const knownFields = new Set([
  'inputTokens',
  'outputTokens',
  'totalTokens',
  'cacheReadInputTokens',
  'cacheWriteInputTokens',
  // Names of an earlier version of the API, which some responses still repeat.
  'cacheReadInputTokenCount',
  'cacheWriteInputTokenCount',
  'cacheDetails',
  'serverToolUsage',
])

/**
 * Amazon Bedrock converse, and the `metadata` event that ends converseStream. The input does not include what was read
 * from or written to the cache. The response does not name its model: the caller adds `modelId`, or knows it.
 */
export const bedrockConverse: UsageReader = {
  providers: ['bedrock', 'aws', 'amazon-bedrock'],
  apis: ['converse', 'converseStream'],
  inputTotalIncludesCache: false,
  source: 'https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_TokenUsage.html',
  read: (body) => {
    const events = toEvents(body)
    const holder = lastOf(events, holderOf)
    const usage = asFields(holder?.['usage'])
    if (holder === undefined || usage === undefined)
      throw unreadable('converse', 'it has no "usage"; a stream sends it with the metadata event')
    const draft = new UsageDraft()
    addConverseUsage(draft, usage)
    const latency = asText(asFields(holder['performanceConfig'])?.['latency'])
    return draft.toReading({
      model: lastOf(events, (event) => firstText(event, ['modelId', 'model'])) ?? invokedModel(holder),
      serviceTier: toServiceTier(asFields(holder['serviceTier'])?.['type'] ?? holder['serviceTier']),
      speed: latency === 'optimized' ? latency : undefined,
      responseId: lastOf(events, (event) => asText(asFields(event['ResponseMetadata'] ?? event['$metadata'])?.['requestId'])),
      stopReason: lastOf(events, (event) => asText(event['stopReason']) ?? asText(asFields(event['messageStop'])?.['stopReason'])),
    })
  },
}

function holderOf(event: Fields): Fields | undefined {
  const holder = asFields(event['metadata']) ?? event
  return asFields(holder['usage']) === undefined ? undefined : holder
}

/** A prompt router tells in its trace which model it chose. */
function invokedModel(holder: Fields): string | undefined {
  return asText(asFields(asFields(holder['trace'])?.['promptRouter'])?.['invokedModelId'])
}

function addConverseUsage(draft: UsageDraft, usage: Fields): void {
  const input = draft.required(usage, 'inputTokens', 'usage.')
  const output = draft.required(usage, 'outputTokens', 'usage.')
  const cacheRead = draft.count(usage, 'cacheReadInputTokens', 'usage.') || draft.count(usage, 'cacheReadInputTokenCount', 'usage.')
  const cacheWrite = draft.count(usage, 'cacheWriteInputTokens', 'usage.') || draft.count(usage, 'cacheWriteInputTokenCount', 'usage.')
  draft.add('inputTokens', input)
  draft.add('outputTokens', output)
  draft.add('cacheReadTokens', cacheRead)
  addCacheWrites(draft, usage, cacheWrite)
  const total = draft.count(usage, 'totalTokens', 'usage.')
  const sum = input + output + cacheRead + cacheWrite
  // Some models leave the cache out of their total.
  if (total !== 0 && total !== sum && total !== input + output) {
    draft.warn('sum-mismatch', `usage.totalTokens is ${total}, but input, output, cache reads and cache writes sum to ${sum}.`)
  }
  draft.reportUnknown(asFields(usage['serverToolUsage']), new Set(), 'usage.serverToolUsage.')
  draft.reportUnknown(usage, knownFields, 'usage.')
}

/** Writes by their life where `cacheDetails` tells it, else five minutes, the default. */
function addCacheWrites(draft: UsageDraft, usage: Fields, total: number): void {
  let fiveMinutes = 0
  let oneHour = 0
  for (const item of draft.list(usage, 'cacheDetails', 'usage.')) {
    const detail = asFields(item)
    const tokens = draft.count(detail, 'inputTokens', 'usage.cacheDetails.')
    if (detail?.['ttl'] === '1h') oneHour += tokens
    else fiveMinutes += tokens
  }
  if (fiveMinutes + oneHour > 0 && fiveMinutes + oneHour !== total) {
    draft.warn('sum-mismatch', `usage.cacheWriteInputTokens is ${total}, but cacheDetails sums to ${fiveMinutes + oneHour}.`)
  }
  draft.add('cacheWrite5mTokens', Math.max(fiveMinutes, total - oneHour))
  draft.add('cacheWrite1hTokens', oneHour)
}
