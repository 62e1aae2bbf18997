import { parseDecimal } from '../../money/nanos.ts'
import type { UsageReader } from '../reader.ts'
import { asDollars, asFields, asText, type Fields } from './fields.ts'
import { type ChatDialect, openAiUsageFields, readChat } from './openai-chat.ts'
import type { UsageDraft } from './usage-draft.ts'

/** Fields that say nothing billable, or what another field says already. */
const informative = [
  'service_tier',
  'cost_details',
  'is_byok',
  // Times of Groq and others.
  'queue_time',
  'prompt_time',
  'completion_time',
  'total_time',
  // DeepSeek's other side of prompt_cache_hit_tokens.
  'prompt_cache_miss_tokens',
]
const extraFields = [
  'cost',
  'cost_in_usd_ticks',
  'prompt_cache_hit_tokens',
  'cached_tokens',
  'num_cached_tokens',
  'reasoning_tokens',
  'num_search_queries',
  'search_context_size',
  'num_sources_used',
  'server_tool_use',
  'server_tool_use_details',
  'server_side_tool_usage_details',
  'num_server_side_tools_used',
  'prompt_audio_seconds',
]

const compatibleDialect: ChatDialect = {
  knownFields: new Set([...openAiUsageFields, ...informative, ...extraFields]),
  readExtras: (draft, usage, model) => {
    addSearches(draft, usage, model)
    draft.add(
      'audioSeconds',
      typeof usage['prompt_audio_seconds'] === 'object' ? 0 : draft.decimal(usage['prompt_audio_seconds'], 'usage.prompt_audio_seconds'),
    )
    return {
      cached:
        draft.count(usage, 'prompt_cache_hit_tokens', 'usage.') ||
        draft.count(usage, 'cached_tokens', 'usage.') ||
        draft.count(usage, 'num_cached_tokens', 'usage.'),
      extraReasoning: isPerplexity(usage) ? draft.count(usage, 'reasoning_tokens', 'usage.') : 0,
      restIsOutput: true,
      reportedCostUsd: readReportedCost(draft, usage),
    }
  },
}

/**
 * Any server that speaks the chat completions API: OpenRouter, Groq, DeepSeek, Mistral, xAI, Perplexity, Together,
 * vLLM, Ollama and others. A cost that the server reports is kept.
 */
export const openAiCompatibleChat: UsageReader = {
  providers: ['*'],
  apis: ['chat', 'chat.completions', 'completions'],
  inputTotalIncludesCache: true,
  source: 'https://openrouter.ai/docs/use-cases/usage-accounting',
  read: (body) => readChat(body, compatibleDialect),
}

/**
 * What the server says the call cost, in dollars: `cost` (OpenRouter; 1 credit is 1 dollar), `cost.total_cost`
 * (Perplexity), or `cost_in_usd_ticks` (xAI, ten thousand millionths of a dollar: 1e-10).
 */
function readReportedCost(draft: UsageDraft, usage: Fields): string | undefined {
  const ticks = asDollars(usage['cost_in_usd_ticks'])
  if (ticks !== undefined) return fromTicks(ticks)
  if (usage['is_byok'] === true) {
    const upstream = asDollars(asFields(usage['cost_details'])?.['upstream_inference_cost'])
    draft.warn(
      'assumed',
      `The call ran on the owner's own key: usage.cost is the gateway's fee, the model cost ${upstream ?? 'an amount not reported'} more.`,
    )
  }
  return asDollars(asFields(usage['cost'])?.['total_cost'] ?? usage['cost'])
}

function fromTicks(ticks: string): string {
  const { digits, scale } = parseDecimal(ticks)
  const text = digits.toString().padStart(scale + 11, '0')
  return `${text.slice(0, -(scale + 10))}.${text.slice(-(scale + 10))}`.replace(/\.?0+$/, '')
}

function isPerplexity(usage: Fields): boolean {
  return 'search_context_size' in usage || 'num_search_queries' in usage || 'citation_tokens' in usage
}

/**
 * Searches that a server counts in its usage. Perplexity bills a fee for each request, by search context, and only
 * its deep research by query: https://docs.perplexity.ai/getting-started/pricing. xAI bills sources and tool calls.
 */
function addSearches(draft: UsageDraft, usage: Fields, model: string | undefined): void {
  if (isPerplexity(usage)) {
    const deep = model?.includes('deep-research') === true
    draft.add('searches', deep ? draft.count(usage, 'num_search_queries', 'usage.') : 0)
    draft.add('requests', deep ? 0 : 1)
    draft.describe('searchContext', asText(usage['search_context_size']))
  }
  draft.add('searches', draft.count(usage, 'num_sources_used', 'usage.'))
  const tools =
    asFields(usage['server_side_tool_usage_details']) ?? asFields(usage['server_tool_use_details']) ?? asFields(usage['server_tool_use'])
  for (const name of searchFields) draft.add('searches', draft.count(tools, name, 'usage.'))
  draft.reportUnknown(tools, searchFields, 'usage.server tools.')
  const calls = draft.count(usage, 'num_server_side_tools_used', 'usage.')
  if (tools === undefined && calls > 0)
    draft.warn('missing-usage', `${calls} calls of server tools are reported, but not of which; they are not counted.`)
}

const searchFields = new Set(['web_search_requests', 'web_search_calls', 'x_search_calls'])
