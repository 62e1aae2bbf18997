import { asFields, asText, type Fields } from '../readers/fields.ts'
import { allowances } from './allowances.ts'
import type { RequestReader, RequestSource } from './call-request.ts'
import { askedCacheWrites, automaticCacheWrites } from './cache-writes.ts'
import { readAiSdkTools } from './ai-sdk-tools.ts'
import { isOpenAi, tiersOf } from './openai-tiers.ts'
import { type PartKind, readContent, RequestDraft, requestFields, fieldNames } from './request-draft.ts'

const knownFields = fieldNames(
  'model modelId provider system instructions prompt messages tools toolChoice responseFormat',
  'maxOutputTokens maxTokens providerOptions stopSequences stopWhen headers abortSignal activeTools timeout',
  'experimental_telemetry telemetry reasoning',
)
const partKinds: Readonly<Record<string, PartKind>> = {
  text: 'text',
  'error-text': 'text',
  reasoning: 'text',
  json: 'json',
  'error-json': 'json',
  'execution-denied': 'json',
  'tool-call': 'json',
  'tool-approval-request': 'json',
  'tool-approval-response': 'json',
  image: 'image',
  'image-data': 'image',
  'image-url': 'image',
}
/** Options of providers that add to the prompt, or are sampled and billed beside the answer. */
const refusedOptions = fieldNames(
  'previousResponseId conversation cachedContent mcpServers container contextManagement prediction fallbacks',
  'models plugins searchParameters webSearchOptions extraBody additionalModelRequestFields',
)
const knownOptions = fieldNames(
  'thinking reasoningConfig thinkingConfig cacheControl metadata logitBias include safetySettings imageConfig',
  'labels responseModalities only order reasoning cachePoint tags',
)

/**
 * Call options of the AI SDK: of `generateText` and its kin, or of a model's `doGenerate`. Its providers for Claude add
 * the thinking budget to the longest answer. One call is one step: options that let the SDK go on are refused.
 */
export const aiSdkRequest: RequestReader = {
  providers: ['ai-sdk', '*'],
  apis: ['ai-sdk', 'generateText', 'streamText', 'doGenerate', 'doStream'],
  source: 'https://ai-sdk.dev/docs/reference/ai-sdk-core/generate-text',
  read: (given) => {
    const fields = requestFields(given)
    const { provider, model } = readModel(fields, given)
    const source = { ...given, provider }
    const draft = new RequestDraft(source, model)
    draft.value(fields['system'])
    draft.value(fields['instructions'])
    if (typeof fields['prompt'] === 'string') draft.text(fields['prompt'])
    else readMessages(draft, fields, 'prompt')
    readMessages(draft, fields, 'messages')
    readAiSdkTools(draft, fields['tools'])
    if (asFields(fields['responseFormat']) !== undefined) {
      draft.json(fields['responseFormat'])
      draft.allow(allowances.answerSchema)
    }
    if (fields['stopWhen'] != null || (draft.count(fields, 'maxSteps') ?? 1) > 1) {
      draft.refuse('repeated-sampling', 'stopWhen', 'the SDK may call the model again; reserve for each step by itself')
    }
    const options = readOptions(draft, asFields(fields['providerOptions']) ?? {})
    draft.refuseUnknown(withoutFunctions(fields), knownFields)
    return draft.toRequest({
      maxOutputTokens: draft.maxOutput(draft.count(fields, 'maxOutputTokens') ?? draft.count(fields, 'maxTokens')),
      outputTokensOnTop: thinkingBudget(draft, options),
      leastOutputTokens: isOpenAi(provider) ? 16 : 1,
      outputMeters: ['outputTokens'],
      possibleOutputMeters: ['audioOutputTokens', 'imageOutputTokens'],
      cacheWrites: draft.models.every((name) => name.includes('claude')) ? askedCacheWrites(fields) : automaticCacheWrites(fields),
      serviceTiers: provider.startsWith('anthropic') ? ['', 'priority'] : tiersOf(provider, options['serviceTier']),
      speeds: options['speed'] === 'fast' ? ['fast', ''] : [''],
      regions: provider.startsWith('anthropic') ? ['', 'us'] : [''],
    })
  },
}

/** A model is named by an object of the SDK, whose provider goes on after a dot (`openai.responses`), or as text. */
function readModel(fields: Fields, source: RequestSource): { provider: string; model: string | undefined } {
  const object = asFields(fields['model'])
  const text = asText(fields['model'])
  const model = asText(object?.['modelId']) ?? text ?? asText(fields['modelId'])
  if (source.provider !== 'ai-sdk') return { provider: source.provider, model }
  const named = asText(object?.['provider']) ?? asText(fields['provider'])
  const provider = named?.replace(/\.(?:chat|responses|completion|messages|generative-ai|vertex.*|image|embedding)$/, '')
  const slash = text?.indexOf('/') ?? -1
  if (provider !== undefined || text === undefined || slash < 1) return { provider: provider ?? 'ai-sdk', model }
  return { provider: text.slice(0, slash), model: text.slice(slash + 1) }
}

function readMessages(draft: RequestDraft, fields: Fields, name: string): void {
  for (const [index, item] of draft.list(fields, name).entries()) {
    draft.allow(allowances.message)
    const field = `${name}[${index}].content`
    readContent(draft, asFields(item)?.['content'], field, (part) => kindOf(draft, part, field))
  }
}

function kindOf(draft: RequestDraft, part: Fields, field: string): PartKind | undefined {
  const type = asText(part['type']) ?? ''
  if (type === 'tool-result') {
    const output = asFields(part['output'])
    if (output?.['type'] === 'content') readContent(draft, output['value'], `${field}.output`, (inner) => kindOf(draft, inner, field))
    else draft.json(output ?? part['result'])
    draft.text(asText(part['toolName']))
    return 'nothing'
  }
  if (type === 'file' || type === 'media' || type === 'file-data') {
    const medium = (asText(part['mediaType']) ?? asText(part['mimeType']) ?? '').split('/')[0]
    return medium === 'image' || medium === 'audio' || medium === 'video' ? medium : 'file'
  }
  return Object.hasOwn(partKinds, type) ? partKinds[type] : undefined
}

/** The options of all providers as one: which of them counts is not told apart, as a request goes to one. */
function readOptions(draft: RequestDraft, providers: Fields): Fields {
  const all: Record<string, unknown> = {}
  for (const [provider, value] of Object.entries(providers)) {
    for (const [name, option] of Object.entries(asFields(value) ?? {})) {
      const field = `providerOptions.${provider}.${name}`
      if (refusedOptions.has(name) && option != null) draft.refuse('unknown-field', field, 'what the provider adds by it cannot be bounded')
      else if (asFields(option) !== undefined && !knownOptions.has(name)) draft.refuse('unknown-field', field, 'this option is not known')
      all[name] = option
    }
  }
  return all
}

function thinkingBudget(draft: RequestDraft, options: Fields): number {
  const budgets = ['thinking', 'reasoningConfig'].map(
    (name) => draft.count(asFields(options[name]), 'budgetTokens', `providerOptions.${name}.`) ?? 0,
  )
  return Math.max(...budgets)
}

function withoutFunctions(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => typeof value !== 'function'))
}
