import { asText, type Fields } from './fields.ts'
import type { UsageDraft } from './usage-draft.ts'

/** Fields of a usage that count what tools on the server's side did. */
export const serverToolFields: readonly string[] = [
  'num_search_queries',
  'search_context_size',
  'num_sources_used',
  'server_tool_use',
  'server_tool_use_details',
  'server_side_tool_usage_details',
  'num_server_side_tools_used',
]

const searchFields = new Set(['web_search_requests', 'web_search_calls', 'x_search_calls'])

/**
 * Searches that a server counts in its usage; says whether it counts its tools there. Perplexity bills a fee for each
 * request, by search context, and only its deep research by query (https://docs.perplexity.ai/getting-started/pricing);
 * xAI bills sources and calls (https://docs.x.ai/developers/pricing).
 */
export function addServerTools(draft: UsageDraft, usage: Fields, model: string | undefined): boolean {
  if (isPerplexity(usage)) {
    const deep = model?.includes('deep-research') === true
    draft.add('searches', deep ? draft.count(usage, 'num_search_queries', 'usage.') : 0)
    draft.add('requests', deep ? 0 : 1)
    draft.describe('searchContext', asText(usage['search_context_size']))
  }
  draft.add('searches', draft.count(usage, 'num_sources_used', 'usage.'))
  const tools = draft.part(usage, ['server_side_tool_usage_details', 'server_tool_use_details', 'server_tool_use'], 'usage.')
  for (const name of searchFields) draft.add('searches', draft.count(tools, name, 'usage.'))
  draft.reportUnknown(tools, searchFields, 'usage.server tools.')
  const calls = draft.count(usage, 'num_server_side_tools_used', 'usage.')
  if (tools === undefined && calls > 0) {
    draft.warn('missing-usage', `${calls} calls of server tools are reported, but not of which; they are not counted.`)
  }
  return tools !== undefined
}

export function isPerplexity(usage: Fields): boolean {
  return 'search_context_size' in usage || 'num_search_queries' in usage || 'citation_tokens' in usage
}
