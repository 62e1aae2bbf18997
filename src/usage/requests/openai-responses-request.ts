import { asFields, asText, type Fields } from '../readers/fields.ts'
import { allowances } from './allowances.ts'
import type { RequestReader } from './call-request.ts'
import { automaticCacheWrites } from './cache-writes.ts'
import { batchBody } from './openai-batch-line.ts'
import { otherModels, refuseSearching } from './openai-chat-request.ts'
import { tiersOf } from './openai-tiers.ts'
import { kindByType, type PartKind, readContent, RequestDraft, requestFields, fieldNames } from './request-draft.ts'

const knownFields = fieldNames(
  'model input instructions tools tool_choice text reasoning max_output_tokens max_tool_calls service_tier',
  'previous_response_id conversation prompt include metadata user safety_identifier prompt_cache_key',
  'prompt_cache_retention truncation stream_options context_management models',
)
const knownMessage = fieldNames('type role content id status phase')
const partKind = kindByType({
  input_text: 'text',
  output_text: 'text',
  text: 'text',
  refusal: 'text',
  summary_text: 'text',
  reasoning_text: 'text',
  input_image: 'image',
  computer_screenshot: 'image',
  input_audio: 'audio',
  input_file: 'file',
})

/** Items of an input beside messages. Those of tools that the provider ran stand for results that it keeps. */
const itemKinds: Readonly<Record<string, PartKind>> = {
  function_call: 'json',
  custom_tool_call: 'json',
  local_shell_call: 'json',
  local_shell_call_output: 'json',
  shell_call: 'json',
  shell_call_output: 'json',
  apply_patch_call: 'json',
  apply_patch_call_output: 'json',
  computer_call: 'json',
  reasoning: 'json',
  compaction: 'json',
  mcp_list_tools: 'json',
  mcp_call: 'json',
  mcp_approval_request: 'json',
  mcp_approval_response: 'json',
  item_reference: 'stored-content',
  web_search_call: 'stored-content',
  file_search_call: 'stored-content',
  code_interpreter_call: 'stored-content',
  image_generation_call: 'stored-content',
}

const itemKind = kindByType(itemKinds)

/** Tools that the caller runs itself; every other one is the provider's. */
const ownTools = new Set(['function', 'custom', 'local_shell', 'apply_patch', 'computer', 'computer_use_preview'])

/**
 * OpenAI's responses API, also Azure's, OpenRouter's and xAI's. `max_output_tokens` bounds the whole answer with its
 * reasoning, and is at least 16.
 */
export const openAiResponsesRequest: RequestReader = {
  providers: ['openai', '*'],
  apis: ['responses'],
  source: 'https://platform.openai.com/docs/api-reference/responses/create',
  read: (source) => {
    const { fields, serviceTiers } = batchBody(requestFields(source))
    const draft = new RequestDraft(source, asText(fields['model']), otherModels(fields, source))
    draft.value(fields['instructions'])
    readInput(draft, fields)
    readTools(draft, fields)
    refuseStored(draft, fields)
    for (const model of draft.models) refuseSearching(draft, model)
    const text = asFields(fields['text'])
    if (text?.['format'] != null) {
      draft.json(text['format'])
      draft.allow(allowances.answerSchema)
    }
    draft.refuseUnknown(fields, knownFields)
    return draft.toRequest({
      maxOutputTokens: draft.maxOutput(draft.count(fields, 'max_output_tokens')),
      leastOutputTokens: 16,
      outputMeters: ['outputTokens'],
      cacheWrites: automaticCacheWrites(fields),
      serviceTiers: serviceTiers ?? tiersOf(source.provider, fields['service_tier']),
    })
  },
}

function readInput(draft: RequestDraft, fields: Fields): void {
  if (typeof fields['input'] === 'string') {
    draft.allow(allowances.message)
    return draft.text(fields['input'])
  }
  for (const [index, value] of draft.list(fields, 'input').entries()) {
    const field = `input[${index}]`
    const item = asFields(value) ?? {}
    draft.allow(allowances.message)
    const type = asText(item['type']) ?? 'message'
    if (type === 'message') {
      readContent(draft, item['content'], `${field}.content`, partKind)
      draft.refuseUnknown(item, knownMessage, `${field}.`)
    } else if (type === 'function_call_output' || type === 'custom_tool_call_output' || type === 'computer_call_output') {
      readContent(draft, item['output'], `${field}.output`, partKind)
      draft.value(item['call_id'])
    } else readContent(draft, item, field, itemKind)
  }
}

function readTools(draft: RequestDraft, fields: Fields): void {
  const cap = draft.count(fields, 'max_tool_calls')
  const own: unknown[] = []
  for (const [index, tool] of draft.list(fields, 'tools').entries()) {
    const type = asText(asFields(tool)?.['type']) ?? 'function'
    if (ownTools.has(type)) {
      own.push(tool)
      if (type !== 'function' && type !== 'custom') draft.allow(allowances.vendorTool)
      continue
    }
    if (type.startsWith('web_search') && cap !== undefined) draft.quantity('searches', cap)
    const often = cap === undefined ? 'as often as it likes; max_tool_calls caps that' : `up to ${cap} times`
    draft.refuse(
      'server-tool',
      `tools[${index}]`,
      `the provider may run ${type} ${often}, and adds results to the prompt that nothing bounds`,
    )
  }
  draft.tools(own)
}

function refuseStored(draft: RequestDraft, fields: Fields): void {
  const stored = {
    previous_response_id: 'the provider adds the earlier responses, whose length is not known; send them as input instead',
    conversation: 'the provider adds what the conversation holds, whose length is not known; send it as input instead',
    prompt: 'the provider adds the prompt that it stores, whose length is not known',
  }
  for (const [name, why] of Object.entries(stored)) if (fields[name] != null) draft.refuse('stored-content', name, why)
  if (fields['context_management'] != null)
    draft.refuse('repeated-sampling', 'context_management', 'compaction of the context is billed beside the answer')
}
