import { asFields, asList, asText, type Fields } from '../readers/fields.ts'
import { allowances } from './allowances.ts'
import type { ModelName, RequestReader, RequestSource } from './call-request.ts'
import { askedCacheWrites } from './cache-writes.ts'
import { type PartKind, readContent, RequestDraft, requestFields, fieldNames } from './request-draft.ts'

const knownFields = fieldNames(
  'model messages system tools tool_choice max_tokens thinking metadata stop_sequences service_tier',
  'inference_geo speed context_management mcp_servers container output_format output_config cache_control',
  'fallbacks anthropic_version anthropic_beta betas',
)
const knownMessage = new Set(['role', 'content', 'cache_control'])

/** Parts whose whole content stands in the request. Results of searches come back as they are billed, encrypted. */
const partKinds: Readonly<Record<string, PartKind>> = {
  text: 'text',
  thinking: 'text',
  redacted_thinking: 'text',
  image: 'image',
  tool_use: 'json',
  search_result: 'json',
  server_tool_use: 'json',
  web_search_tool_result: 'json',
  mcp_tool_use: 'json',
  tool_reference: 'json',
  tool_search_tool_result: 'json',
  fallback: 'json',
  web_fetch_tool_result: 'file',
  container_upload: 'file',
  code_execution_tool_result: 'file',
  bash_code_execution_tool_result: 'file',
  text_editor_code_execution_tool_result: 'file',
}

/**
 * Anthropic messages, also on Bedrock and Vertex. `max_tokens` is required and bounds thinking and answer together
 * (https://platform.claude.com/docs/en/build-with-claude/extended-thinking). The cache is written only where the request
 * marks it.
 */
export const anthropicMessagesRequest: RequestReader = {
  providers: ['anthropic', '*'],
  apis: ['messages'],
  source: 'https://platform.claude.com/docs/en/api/messages',
  read: (source) => {
    const fields = requestFields(source)
    const draft = new RequestDraft(source, asText(fields['model']), readFallbacks(fields, source))
    readMessages(draft, fields)
    readTools(draft, fields)
    refuseRepeats(draft, fields)
    for (const name of ['output_format', 'output_config']) {
      if (asFields(fields[name]) === undefined) continue
      draft.json(fields[name])
      draft.allow(allowances.answerSchema)
    }
    draft.refuseUnknown(fields, knownFields)
    const budget = draft.count(asFields(fields['thinking']), 'budget_tokens', 'thinking.')
    return draft.toRequest({
      maxOutputTokens: draft.maxOutput(draft.count(fields, 'max_tokens')),
      leastOutputTokens: budget === undefined ? 1 : budget + 1,
      outputMeters: ['outputTokens'],
      cacheWrites: askedCacheWrites(fields),
      // A refused model is billed for what it had begun to answer, and the next one for all of its own.
      fallbacksAddUp: asList(fields['fallbacks']).length > 0,
      ...servedWays(fields, source),
    })
  },
}

/**
 * `auto` may be served from a priority commitment (https://platform.claude.com/docs/en/api/service-tiers), fast mode as
 * standard, and without `inference_geo` the workspace's default holds
 * (https://platform.claude.com/docs/en/build-with-claude/data-residency).
 */
function servedWays(fields: Fields, { provider }: RequestSource) {
  const geo = asText(fields['inference_geo'])
  const isOwnApi = /^(?:anthropic|claude|anthropic-ai)$/i.test(provider)
  const speed = asText(fields['speed'])
  return {
    serviceTiers: fields['service_tier'] === 'standard_only' || !isOwnApi ? [''] : ['', 'priority'],
    speeds: speed === undefined || speed === 'standard' ? [''] : [speed, ''],
    regions: geo === undefined ? (isOwnApi ? ['', 'us'] : ['']) : [geo === 'global' ? '' : geo],
  }
}

function readMessages(draft: RequestDraft, fields: Fields): void {
  readContent(draft, fields['system'], 'system', (part) => kindOf(draft, part, 'system'))
  for (const [index, item] of draft.list(fields, 'messages').entries()) {
    const field = `messages[${index}]`
    const message = asFields(item) ?? {}
    draft.allow(allowances.message)
    readContent(draft, message['content'], `${field}.content`, (part) => kindOf(draft, part, `${field}.content`))
    draft.refuseUnknown(message, knownMessage, `${field}.`)
  }
}

/** Documents and the results of tools hold parts themselves, which are read in their place. */
function kindOf(draft: RequestDraft, part: Fields, field: string): PartKind | undefined {
  const type = asText(part['type']) ?? ''
  if (type === 'tool_result' || type === 'mcp_tool_result' || type === 'compaction') {
    readContent(draft, part['content'], `${field}.content`, (inner) => kindOf(draft, inner, field))
    draft.text(asText(part['tool_use_id']))
    return 'nothing'
  }
  if (type !== 'document') return Object.hasOwn(partKinds, type) ? partKinds[type] : undefined
  if (asFields(part['citations'])?.['enabled'] === true) draft.allow(allowances.citations)
  const source = asFields(part['source'])
  if (source?.['type'] === 'text') return 'json'
  if (source?.['type'] !== 'content') return 'file'
  readContent(draft, source['content'], `${field}.source.content`, (inner) => kindOf(draft, inner, field))
  for (const name of ['title', 'context']) draft.text(asText(part[name]))
  return 'nothing'
}

function readTools(draft: RequestDraft, fields: Fields): void {
  const own: unknown[] = []
  for (const [index, item] of draft.list(fields, 'tools').entries()) {
    const tool = asFields(item) ?? {}
    const type = asText(tool['type']) ?? 'custom'
    if (type === 'custom' || /^(?:bash|text_editor|computer|memory)_\d+$/.test(type)) {
      own.push(tool)
      if (type !== 'custom') draft.allow(allowances.vendorTool)
      continue
    }
    const cap = draft.count(tool, 'max_uses', `tools[${index}].`)
    if (cap !== undefined && type.startsWith('web_search')) draft.quantity('searches', cap)
    const often = cap === undefined ? 'as often as it likes; max_uses caps that' : `up to ${cap} times`
    draft.refuse(
      'server-tool',
      `tools[${index}]`,
      `the provider may run ${type} ${often}, and adds results to the prompt that nothing bounds`,
    )
  }
  draft.tools(own)
  for (const index of draft.list(fields, 'mcp_servers').keys()) {
    draft.refuse('server-tool', `mcp_servers[${index}]`, 'the provider calls its tools as often as it likes')
  }
  if (fields['container'] != null) draft.refuse('stored-content', 'container', 'the provider adds what the container and its skills hold')
}

function refuseRepeats(draft: RequestDraft, fields: Fields): void {
  for (const [index, edit] of draft.list(asFields(fields['context_management']), 'edits', 'context_management.').entries()) {
    const type = asText(asFields(edit)?.['type']) ?? ''
    // Clearing takes content away; anything else, such as compaction, is sampled and billed beside the answer.
    if (!type.startsWith('clear_')) {
      draft.refuse('repeated-sampling', `context_management.edits[${index}]`, 'it is sampled and billed beside the answer')
    }
  }
  if (fields['fallbacks'] != null && !Array.isArray(fields['fallbacks'])) {
    draft.refuse('repeated-sampling', 'fallbacks', 'the provider chooses the models that it goes on to; name them as a list')
  }
}

function readFallbacks(fields: Fields, { provider }: RequestSource): ModelName[] {
  return asList(fields['fallbacks']).flatMap((item) => {
    const model = asText(asFields(item)?.['model'])
    return model === undefined ? [] : { provider, model }
  })
}
