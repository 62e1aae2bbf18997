import { asFields, asText, type Fields } from '../readers/fields.ts'
import { allowances } from './allowances.ts'
import type { RequestReader } from './call-request.ts'
import { askedCacheWrites, automaticCacheWrites } from './cache-writes.ts'
import { askedTiers } from './openai-tiers.ts'
import { type PartKind, readContent, RequestDraft, requestFields, fieldNames } from './request-draft.ts'

const knownFields = fieldNames(
  'modelId messages system inferenceConfig toolConfig guardrailConfig additionalModelRequestFields promptVariables',
  'additionalModelResponseFieldPaths requestMetadata performanceConfig serviceTier outputConfig',
)
/** Parts by the name of their field. */
const partKinds: readonly (readonly [string, PartKind])[] = [
  ['text', 'text'],
  ['image', 'image'],
  ['document', 'file'],
  ['video', 'video'],
  ['audio', 'audio'],
  ['toolUse', 'json'],
  ['reasoningContent', 'json'],
  ['searchResult', 'json'],
  ['guardContent', 'json'],
  ['cachePoint', 'nothing'],
]

/**
 * Amazon Bedrock converse and converseStream. The longest answer is `inferenceConfig.maxTokens`, or what a model's own
 * fields say. Claude writes to the cache only where a cache point stands.
 */
export const bedrockConverseRequest: RequestReader = {
  providers: ['bedrock', 'aws', 'amazon-bedrock'],
  apis: ['converse', 'converseStream'],
  source: 'https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html',
  read: (source) => {
    const fields = requestFields(source)
    const draft = new RequestDraft(source, asText(fields['modelId']))
    if (/:prompt\/|:prompt-router\//.test(draft.model))
      draft.refuse('stored-content', 'modelId', 'the provider adds a stored prompt, or chooses the model')
    readContent(draft, fields['system'], 'system', (part) => kindOf(draft, part, 'system'))
    for (const [index, item] of draft.list(fields, 'messages').entries()) {
      draft.allow(allowances.message)
      const field = `messages[${index}].content`
      readContent(draft, asFields(item)?.['content'], field, (part) => kindOf(draft, part, field))
    }
    readTools(draft, fields)
    if (fields['outputConfig'] != null) {
      draft.json(fields['outputConfig'])
      draft.allow(allowances.answerSchema)
    }
    draft.refuseUnknown(fields, knownFields)
    const additional = asFields(fields['additionalModelRequestFields']) ?? {}
    const latency = asText(asFields(fields['performanceConfig'])?.['latency'])
    const budget = draft.count(asFields(additional['thinking']), 'budget_tokens', 'additionalModelRequestFields.thinking.')
    return draft.toRequest({
      maxOutputTokens: draft.maxOutput(longest(draft, asFields(fields['inferenceConfig']), additional)),
      leastOutputTokens: budget === undefined ? 1 : budget + 1,
      outputMeters: ['outputTokens'],
      possibleOutputMeters: ['imageOutputTokens', 'audioOutputTokens'],
      cacheWrites: draft.models.every((model) => model.includes('claude')) ? askedCacheWrites(fields) : automaticCacheWrites(fields),
      serviceTiers: askedTiers(asFields(fields['serviceTier'])?.['type'] ?? fields['serviceTier']),
      speeds: latency === 'optimized' ? ['optimized', ''] : [''],
    })
  },
}

/** The larger of what Converse and the model's own fields say (`max_tokens`, `max_gen_len`, `maxTokenCount` …). */
function longest(draft: RequestDraft, inference: Fields | undefined, additional: Fields): number | undefined {
  if (Object.keys(additional).length > 0) draft.json(additional)
  for (const name of ['tools', 'mcp_servers', 'container', 'context_management', 'fallbacks']) {
    if (additional[name] !== undefined)
      draft.refuse('unknown-field', `additionalModelRequestFields.${name}`, 'what it adds cannot be bounded')
  }
  const own = Object.keys(additional).filter((name) => /max.*(?:token|len)/i.test(name))
  const limits = [
    draft.count(inference, 'maxTokens', 'inferenceConfig.'),
    ...own.map((name) => draft.count(additional, name, 'additionalModelRequestFields.')),
  ]
  const given = limits.filter((limit) => limit !== undefined)
  return given.length === 0 ? undefined : Math.max(...given)
}

function kindOf(draft: RequestDraft, part: Fields, field: string): PartKind | undefined {
  const result = asFields(part['toolResult'])
  if (result === undefined) return partKinds.find(([name]) => part[name] !== undefined)?.[1]
  readContent(draft, result['content'], `${field}.toolResult`, (inner) =>
    inner['json'] === undefined ? kindOf(draft, inner, field) : 'json',
  )
  return 'nothing'
}

function readTools(draft: RequestDraft, fields: Fields): void {
  const own: unknown[] = []
  for (const [index, item] of draft.list(asFields(fields['toolConfig']), 'tools', 'toolConfig.').entries()) {
    const tool = asFields(item) ?? {}
    if (tool['toolSpec'] !== undefined) own.push(tool)
    else if (tool['cachePoint'] === undefined) {
      draft.refuse('server-tool', `toolConfig.tools[${index}]`, 'the provider runs it, and adds results to the prompt that nothing bounds')
    }
  }
  draft.tools(own)
}
