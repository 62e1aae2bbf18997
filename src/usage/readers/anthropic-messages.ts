import type { UsageReader } from '../reader.ts'
import { addCacheWrites } from './anthropic-cache-writes.ts'
import { addIterations } from './anthropic-iterations.ts'
import { lastOf, toEvents } from './events.ts'
import { asFields, asText, type Fields, unreadable } from './fields.ts'
import { toServiceTier } from './service-tier.ts'
import { UsageDraft } from './usage-draft.ts'

const knownFields = new Set([
  'input_tokens',
  'output_tokens',
  'cache_creation_input_tokens',
  'cache_read_input_tokens',
  'cache_creation',
  'server_tool_use',
  'service_tier',
  'inference_geo',
  'speed',
  'output_tokens_details',
  'iterations',
  'fallback_credit',
])
const knownCacheCreation = new Set(['ephemeral_5m_input_tokens', 'ephemeral_1h_input_tokens'])
const knownOutputDetails = new Set(['thinking_tokens'])
/** Fetches and tool searches are free: https://platform.claude.com/docs/en/about-claude/pricing */
const knownServerTools = new Set(['web_search_requests', 'web_fetch_requests', 'tool_search_requests', 'code_execution_requests'])

/** Anthropic messages: a response, the events of a stream, or a line of a batch's results. Also on Bedrock and Vertex. */
export const anthropicMessages: UsageReader = {
  providers: ['anthropic', '*'],
  apis: ['messages'],
  inputTotalIncludesCache: false,
  source: 'https://platform.claude.com/docs/en/api/messages',
  read: (body) => {
    const draft = new UsageDraft()
    const message = toMessage(draft, body)
    const usage = asFields(message?.['usage'])
    if (message === undefined || usage === undefined) throw unreadable('messages', 'it has no "usage"')
    addAnthropicUsage(draft, usage)
    addIterations(draft, usage)
    const geo = asText(usage['inference_geo'])
    const speed = asText(usage['speed'])
    return draft.toReading({
      model: asText(message['model']),
      serviceTier: toServiceTier(usage['service_tier']),
      speed: speed === 'standard' ? undefined : speed,
      region: geo === 'global' || geo === 'not_available' ? undefined : geo,
      responseId: asText(message['id']),
      stopReason: asText(message['stop_reason']),
    })
  },
}

/**
 * The message that a body holds. The events of a stream are merged: `message_start` has the input, `message_delta`
 * the cumulative output, and replaces what it repeats.
 */
function toMessage(draft: UsageDraft, body: unknown): Fields | undefined {
  const events = toEvents(body)
  const start = lastOf(events, (event) => (event['type'] === 'message_start' ? asFields(event['message']) : undefined))
  const deltas = events.filter((event) => event['type'] === 'message_delta')
  if (start === undefined && deltas.length === 0) {
    const single = events.at(-1)
    return asFields(asFields(single?.['result'])?.['message']) ?? asFields(single?.['message']) ?? single
  }
  if (deltas.length === 0)
    draft.warn('missing-usage', 'The stream ends before its message_delta event: the output tokens are those of its start.')
  const usage = Object.assign({}, asFields(start?.['usage']), ...deltas.map((delta) => withoutNull(asFields(delta['usage'])))) as Fields
  const stopReason = lastOf(deltas, (delta) => asText(asFields(delta['delta'])?.['stop_reason'])) ?? start?.['stop_reason']
  return { ...start, ...(Object.keys(usage).length > 0 ? { usage } : {}), stop_reason: stopReason }
}

function withoutNull(fields: Fields | undefined): Fields {
  return Object.fromEntries(Object.entries(fields ?? {}).filter((entry) => entry[1] !== null))
}

function addAnthropicUsage(draft: UsageDraft, usage: Fields): void {
  draft.add('inputTokens', draft.required(usage, 'input_tokens', 'usage.'))
  draft.add('outputTokens', draft.required(usage, 'output_tokens', 'usage.'))
  draft.add('cacheReadTokens', draft.count(usage, 'cache_read_input_tokens', 'usage.'))
  addCacheWrites(draft, usage, 'usage.')
  const details = draft.part(usage, ['output_tokens_details'], 'usage.')
  draft.add('reasoningTokens', draft.count(details, 'thinking_tokens', 'usage.output_tokens_details.'))
  const tools = draft.part(usage, ['server_tool_use'], 'usage.')
  draft.add('searches', draft.count(tools, 'web_search_requests', 'usage.server_tool_use.'))
  const executions = draft.count(tools, 'code_execution_requests', 'usage.server_tool_use.')
  if (executions > 0) {
    draft.warn(
      'missing-usage',
      `${executions} code executions are billed by the time of their container (at least five minutes; nothing beside the newer web search and web fetch), ` +
        'which the response does not report: record it as containerHours.',
    )
  }
  const credit = asFields(asFields(usage['fallback_credit'])?.['status'])
  if (credit?.['type'] === 'redeemed') {
    draft.warn(
      'assumed',
      'A fallback credit was redeemed: part of the input may be billed at cache rates, which the response does not count.',
    )
  }
  draft.reportUnknown(tools, knownServerTools, 'usage.server_tool_use.')
  draft.reportUnknown(details, knownOutputDetails, 'usage.output_tokens_details.')
  draft.reportUnknown(asFields(usage['cache_creation']), knownCacheCreation, 'usage.cache_creation.')
  draft.reportUnknown(usage, knownFields, 'usage.')
}
