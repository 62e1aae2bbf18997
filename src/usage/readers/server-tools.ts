import type { Meter } from '../meters.ts'
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

/** The meter of each count, by its name in the usage. What a remote MCP server does costs its tokens only. */
const toolMeters: Readonly<Record<string, Meter | null>> = {
  web_search_requests: 'searches',
  web_search_calls: 'searches',
  x_search_calls: 'searches',
  x_posts_fetched: 'postsFetched',
  x_users_fetched: 'profilesFetched',
  code_interpreter_calls: 'codeExecutions',
  file_search_calls: 'fileSearches',
  mcp_calls: null,
}
const knownTools = new Set(Object.keys(toolMeters))

/**
 * Tools that a server counts in its usage; says whether it counts them there. Perplexity bills a fee for each request,
 * by search context, and only its deep research by query (https://docs.perplexity.ai/getting-started/pricing); xAI
 * bills calls, and a search of X by what it fetched since it counts that (https://docs.x.ai/developers/pricing).
 */
export function addServerTools(draft: UsageDraft, usage: Fields, model: string | undefined): boolean {
  if (isPerplexity(usage)) {
    const deep = model?.includes('deep-research') === true
    draft.add('searches', deep ? draft.count(usage, 'num_search_queries', 'usage.') : 0)
    draft.add('requests', deep ? 0 : 1)
    draft.describe('searchContext', asText(usage['search_context_size']))
  }
  const sources = draft.count(usage, 'num_sources_used', 'usage.')
  if (sources > 0) draft.warn('missing-usage', `${sources} sources of a live search are billed by the source, and no meter counts them.`)
  const tools = draft.part(usage, ['server_side_tool_usage_details', 'server_tool_use_details', 'server_tool_use'], 'usage.')
  const byItem = tools?.['x_posts_fetched'] !== undefined || tools?.['x_users_fetched'] !== undefined
  for (const [name, meter] of Object.entries(toolMeters)) {
    const calls = draft.count(tools, name, 'usage.')
    if (meter !== null && !(byItem && name === 'x_search_calls')) draft.add(meter, calls)
  }
  draft.reportUnknown(tools, knownTools, 'usage.server tools.')
  const calls = draft.count(usage, 'num_server_side_tools_used', 'usage.')
  if (tools === undefined && calls > 0) {
    draft.warn('missing-usage', `${calls} calls of server tools are reported, but not of which; they are not counted.`)
  }
  return tools !== undefined
}

export function isPerplexity(usage: Fields): boolean {
  return 'search_context_size' in usage || 'num_search_queries' in usage || 'citation_tokens' in usage
}
