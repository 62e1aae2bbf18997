import type { Meter } from '../meters.ts'
import { asFields, asList, asText, type Fields } from '../readers/fields.ts'
import { allowances } from './allowances.ts'
import type { RequestReader } from './call-request.ts'
import { askedTiers } from './openai-tiers.ts'
import { type PartKind, readContent, RequestDraft, type RequestFindings, requestFields, fieldNames } from './request-draft.ts'

const knownFields = fieldNames(
  'model contents content systemInstruction system_instruction tools toolConfig tool_config generationConfig',
  'generation_config cachedContent cached_content serviceTier service_tier safetySettings safety_settings labels',
  'title taskType requests',
)
const knownConfig = fieldNames(
  'stopSequences stop_sequences responseMimeType response_mime_type responseSchema response_schema responseJsonSchema',
  'response_json_schema responseModalities response_modalities thinkingConfig thinking_config speechConfig speech_config imageConfig',
  'image_config mediaResolution media_resolution',
)
const knownPart = new Set(['text', 'thought', 'thoughtSignature', 'thought_signature', 'mediaResolution', 'videoMetadata'])

/**
 * Gemini generateContent, whole or streamed, and embedContent, on the Gemini API and on Vertex. `maxOutputTokens` is
 * taken to bound thoughts and answer together, as is measured by others
 * (https://github.com/googleapis/python-genai/issues/2062); the thinking budget itself is only a hint.
 */
export const geminiRequest: RequestReader = {
  providers: ['google', 'gemini', 'vertex', 'vertex-ai', 'google-vertex', 'google-ai-studio', 'nanobanana'],
  apis: ['generateContent', 'streamGenerateContent', 'embedContent'],
  source: 'https://ai.google.dev/api/generate-content',
  read: (source) => {
    const fields = requestFields(source)
    const draft = new RequestDraft(source, asText(fields['model'])?.replace(/^.*models\//, ''))
    readTurns(draft, fields)
    draft.value(fields['title'])
    readTools(draft, fields)
    if (either(fields, 'cachedContent', 'cached_content') != null) {
      draft.refuse('stored-content', 'cachedContent', 'the provider adds the cached content, whose length is not known')
    }
    if (fields['requests'] != null) draft.refuse('unknown-field', 'requests', 'a batch is bounded request by request')
    draft.refuseUnknown(fields, knownFields)
    const isEmbedding = source.api.toLowerCase().startsWith('embed')
    return draft.toRequest({
      ...(isEmbedding ? {} : outputOf(draft, asFields(either(fields, 'generationConfig', 'generation_config')) ?? {})),
      cacheWrites: ['cacheWrite5mTokens'],
      serviceTiers: askedTiers(asText(either(fields, 'serviceTier', 'service_tier'))?.replace(/^SERVICE_TIER_/i, '')),
    })
  },
}

function either(fields: Fields, camel: string, snake: string): unknown {
  return fields[camel] ?? fields[snake]
}

function readTurns(draft: RequestDraft, fields: Fields): void {
  const system = either(fields, 'systemInstruction', 'system_instruction')
  for (const [field, content] of [
    ['systemInstruction', system],
    ['content', fields['content']],
  ] as const) {
    readContent(draft, asFields(content)?.['parts'] ?? content, field, (part) => kindOf(draft, part, field))
  }
  const contents = fields['contents']
  for (const [index, turn] of (Array.isArray(contents) ? contents : contents == null ? [] : [contents]).entries()) {
    draft.allow(allowances.message)
    const field = `contents[${index}]`
    readContent(draft, asFields(turn)?.['parts'] ?? turn, field, (part) => kindOf(draft, part, field))
  }
}

/** Parts have no type: what they are is the name of the field that they have. */
function kindOf(draft: RequestDraft, part: Fields, field: string): PartKind | undefined {
  const calls = ['functionCall', 'function_call', 'functionResponse', 'function_response', 'executableCode', 'codeExecutionResult']
  if (calls.some((name) => part[name] !== undefined)) {
    const nested = asList(asFields(either(part, 'functionResponse', 'function_response'))?.['parts'])
    if (nested.length > 0) draft.refuse('unknown-part', field, 'media in the response of a function cannot be bounded')
    return 'json'
  }
  if (either(part, 'fileData', 'file_data') !== undefined) return 'file'
  const inline = asFields(either(part, 'inlineData', 'inline_data'))
  if (inline !== undefined) {
    const type = asText(either(inline, 'mimeType', 'mime_type')) ?? ''
    const medium = type.split('/')[0]
    return medium === 'image' || medium === 'audio' || medium === 'video' ? medium : 'file'
  }
  draft.refuseUnknown(part, knownPart, `${field}.`)
  return part['text'] === undefined && part['thoughtSignature'] === undefined ? undefined : 'text'
}

function readTools(draft: RequestDraft, fields: Fields): void {
  const own: unknown[] = []
  for (const [index, item] of draft.list(fields, 'tools').entries()) {
    for (const [name, value] of Object.entries(asFields(item) ?? {})) {
      if (name === 'functionDeclarations' || name === 'function_declarations') own.push(...(Array.isArray(value) ? value : [value]))
      else
        draft.refuse(
          'server-tool',
          `tools[${index}].${name}`,
          'the provider runs it as often as it likes, and adds results to the prompt that nothing bounds',
        )
    }
  }
  draft.tools(own)
}

const mediaMeters: Readonly<Record<string, Meter>> = {
  TEXT: 'outputTokens',
  IMAGE: 'imageOutputTokens',
  AUDIO: 'audioOutputTokens',
}

function outputOf(draft: RequestDraft, config: Fields): RequestFindings {
  draft.refuseUnknown(config, knownConfig, 'generationConfig.')
  for (const name of ['responseSchema', 'response_schema', 'responseJsonSchema', 'response_json_schema']) {
    if (config[name] == null) continue
    draft.json(config[name])
    draft.allow(allowances.answerSchema)
  }
  const given = asList(either(config, 'responseModalities', 'response_modalities')).map((medium) => String(medium).toUpperCase())
  const asked = given.flatMap((medium) => mediaMeters[medium] ?? [])
  const outputMeters: readonly Meter[] = asked.length > 0 ? asked : ['outputTokens']
  return {
    maxOutputTokens: draft.maxOutput(draft.count(config, 'maxOutputTokens') ?? draft.count(config, 'max_output_tokens')),
    choices: Math.max(1, draft.count(config, 'candidateCount') ?? draft.count(config, 'candidate_count') ?? 1),
    outputMeters,
    // Thoughts are text. Where no modality is asked for, the model's own default holds.
    possibleOutputMeters: asked.length > 0 ? ['outputTokens'] : ['imageOutputTokens', 'audioOutputTokens'],
  }
}
