import type { Meter } from '../meters.ts'
import { asFields, asList, asText, type Fields } from '../readers/fields.ts'
import { allowances } from './allowances.ts'
import type { CallRequest, ModelName, RequestReader, RequestSource } from './call-request.ts'
import { automaticCacheWrites } from './cache-writes.ts'
import { batchBody } from './openai-batch-line.ts'
import { isOpenAi, tiersOf } from './openai-tiers.ts'
import { kindByType, readContent, RequestDraft, requestFields, fieldNames } from './request-draft.ts'

/** Fields whose values the model does not read, or that are read below. */
const knownFields = fieldNames(
  'model models messages prompt suffix tools functions tool_choice function_call response_format service_tier',
  'max_tokens max_completion_tokens n best_of modalities audio prediction web_search_options search_parameters',
  'plugins stop stream_options logit_bias user metadata reasoning_effort verbosity safety_identifier',
  'prompt_cache_key prompt_cache_retention cache_control reasoning thinking search_type provider route transforms',
  // Perplexity's filters of what is searched.
  'search_mode search_domain_filter search_recency_filter search_after_date_filter search_before_date_filter search_language_filter',
)
const knownMessage = fieldNames(
  'role content name tool_call_id tool_calls function_call refusal cache_control annotations audio',
  'reasoning reasoning_content reasoning_details id',
)
const kindOf = kindByType({
  text: 'text',
  refusal: 'text',
  image_url: 'image',
  input_audio: 'audio',
  video_url: 'video',
  file: 'file',
})

/**
 * Chat completions, and the older completions, of OpenAI and of every server with the same API. `max_completion_tokens`
 * bounds the whole answer with its reasoning; the prompt is billed once for all choices by OpenAI, and taken here as
 * billed for each choice by anyone else.
 */
export const openAiChatRequest: RequestReader = {
  providers: ['openai', '*'],
  apis: ['chat', 'chat.completions', 'completions'],
  source: 'https://platform.openai.com/docs/api-reference/chat/create',
  read: (source) => {
    const { fields, serviceTiers } = batchBody(requestFields(source))
    const draft = new RequestDraft(source, asText(fields['model']), otherModels(fields, source))
    readMessages(draft, fields)
    const prompts = readPrompts(draft, fields)
    readTools(draft, fields)
    readSearch(draft, fields)
    if (fields['prediction'] != null)
      draft.refuse('unknown-field', 'prediction', 'what is predicted and rejected is billed as output beyond max_tokens')
    draft.refuseUnknown(fields, knownFields)
    return draft.toRequest({
      ...outputOf(draft, fields, source, prompts),
      cacheWrites: automaticCacheWrites(fields),
      serviceTiers: serviceTiers ?? tiersOf(source.provider, fields['service_tier']),
      ...searchContext(fields),
    })
  },
}

/** OpenRouter goes on to the next of these: https://openrouter.ai/docs/guides/routing/model-fallbacks */
export function otherModels(fields: Fields, { provider }: RequestSource): ModelName[] {
  return asList(fields['models']).flatMap((model) => (typeof model === 'string' ? { provider, model } : []))
}

function readMessages(draft: RequestDraft, fields: Fields): void {
  for (const [index, item] of draft.list(fields, 'messages').entries()) {
    const field = `messages[${index}]`
    const message = asFields(item)
    if (message === undefined) {
      draft.refuse('bad-value', field, 'it is no message')
      continue
    }
    draft.allow(allowances.message)
    for (const name of ['name', 'refusal', 'reasoning', 'reasoning_content', 'tool_call_id']) draft.value(message[name])
    readContent(draft, message['content'], `${field}.content`, kindOf)
    draft.json(message['tool_calls'])
    draft.json(message['function_call'])
    draft.json(message['reasoning_details'])
    if (message['audio'] != null)
      draft.refuse('stored-content', `${field}.audio`, 'the provider adds an earlier answer in sound, whose length is not known')
    draft.refuseUnknown(message, knownMessage, `${field}.`)
  }
}

/** The older API: one prompt or several, each answered; a list of numbers is tokens. How many prompts there are. */
function readPrompts(draft: RequestDraft, fields: Fields): number {
  const prompt = fields['prompt']
  if (prompt === undefined || prompt === null) return 1
  draft.value(fields['suffix'])
  const prompts = Array.isArray(prompt) && typeof prompt[0] !== 'number' ? prompt : [prompt]
  for (const [index, each] of prompts.entries()) {
    if (typeof each === 'string') draft.text(each)
    else if (isTokens(each)) draft.allow(each.length)
    else draft.refuse('bad-value', `prompt[${index}]`, 'it is neither text nor tokens')
  }
  return Math.max(1, prompts.length)
}

/** Text that the caller has cut into tokens. */
export function isTokens(input: unknown): input is readonly number[] {
  return Array.isArray(input) && input.every((token) => typeof token === 'number')
}

function readTools(draft: RequestDraft, fields: Fields): void {
  const own: unknown[] = [...draft.list(fields, 'functions')]
  for (const [index, tool] of draft.list(fields, 'tools').entries()) {
    const type = asText(asFields(tool)?.['type']) ?? 'function'
    if (type === 'function' || type === 'custom') own.push(tool)
    else draft.refuse('server-tool', `tools[${index}]`, `${type} is run by the provider, which adds its results to the prompt`)
  }
  draft.tools(own)
  if (fields['response_format'] != null) {
    draft.json(fields['response_format'])
    draft.allow(allowances.answerSchema)
  }
}

/**
 * Searches that a model or a field brings along. The search previews make one for each call, whose results are free
 * (https://platform.openai.com/docs/pricing); Perplexity's models search within a fee for the request.
 */
function readSearch(draft: RequestDraft, fields: Fields): void {
  for (const model of draft.models) refuseSearching(draft, model)
  const refuse = (field: string, why: string) => draft.refuse('server-tool', field, why)
  const isSearchModel = draft.models.every((model) => /sonar|-search-preview/.test(model))
  if (fields['web_search_options'] != null && !isSearchModel)
    refuse('web_search_options', 'the provider searches and adds what it finds to the prompt')
  const mode = asFields(fields['search_parameters'])?.['mode']
  if (fields['search_parameters'] != null && mode !== 'off') refuse('search_parameters', 'each source that is searched is billed')
  for (const index of draft.list(fields, 'plugins').keys()) refuse(`plugins[${index}]`, 'the provider runs it, and bills what it does')
  draft.json(fields['web_search_options'])
  const type = asText(fields['search_type'])
  if (type !== undefined && type !== 'fast') refuse('search_type', 'a search in several steps has another fee')
}

/** Models that search by themselves. */
export function refuseSearching(draft: RequestDraft, model: string): void {
  if (/(?:^|\/)gpt-.*-search-(?:preview|api)/.test(model)) draft.quantity('searches', 1)
  if (/(?:^|\/)gpt-.*-search-api|:online$/.test(model)) draft.refuse('server-tool', 'model', `what ${model} finds is billed as input`)
  if (/deep-research|\bcompound\b/.test(model))
    draft.refuse('server-tool', 'model', `${model} searches, reads and reasons as often as it sees fit`)
}

/** Perplexity's fee depends on it; `low` where it is not said (https://docs.perplexity.ai/guides/search-context-size-guide). */
function searchContext(fields: Fields): Pick<CallRequest, 'attributes'> {
  const size = asText(asFields(fields['web_search_options'])?.['search_context_size'])
  return { attributes: size === undefined ? {} : { searchContext: size } }
}

function outputOf(draft: RequestDraft, fields: Fields, source: RequestSource, prompts: number): ReturnType<typeof withOutput> {
  const limits = [draft.count(fields, 'max_completion_tokens'), draft.count(fields, 'max_tokens')].filter((limit) => limit !== undefined)
  // The older API answers with sixteen tokens where nothing is said: https://platform.openai.com/docs/api-reference/completions/create
  const unsaid = fields['prompt'] != null && isOpenAi(source.provider) ? 16 : undefined
  const choices = Math.max(1, draft.count(fields, 'n') ?? 1, draft.count(fields, 'best_of') ?? 1)
  const asked = new Set(draft.list(fields, 'modalities').map((medium) => `${String(medium)}OutputTokens`))
  const media = (['audioOutputTokens', 'imageOutputTokens'] as const).filter((meter) => asked.has(meter))
  return withOutput({
    maxOutputTokens: draft.maxOutput(limits.length > 0 ? Math.max(...limits) : unsaid),
    choices: choices * prompts,
    promptReadings: isOpenAi(source.provider) ? 1 : choices,
    media,
    possible: isOpenAi(source.provider) ? [] : ['audioOutputTokens', 'imageOutputTokens'],
  })
}

function withOutput(found: {
  maxOutputTokens: number | undefined
  choices: number
  promptReadings: number
  media: readonly Meter[]
  possible: readonly Meter[]
}) {
  const { maxOutputTokens, choices, promptReadings, media, possible } = found
  return { maxOutputTokens, choices, promptReadings, outputMeters: ['outputTokens', ...media] as const, possibleOutputMeters: possible }
}
