import { asFields, asList, asText, type Fields } from '../usage/readers/fields.ts'

/** What the address of a request says of it. */
export interface KnownApi {
  /** The address's path from its end on; the group `model` where the model stands in it. */
  readonly path: RegExp
  /** The name of the API, as readers of requests and usage know it. */
  readonly api: string
  /** The request in the form in which it can be bounded, where that is not the body itself; undefined where nothing bounds it. */
  readonly bounded?: (body: Fields, model: string | undefined) => { readonly api: string; readonly body: Fields } | undefined
  /** What the usage reader is given, where that is not the answer itself. */
  readonly answered?: (answer: unknown, body: Fields, headers: Headers) => unknown
  /** Whether the answer is not needed to know what was used: its body passes unread. */
  readonly isToldByRequest?: boolean
  /** The model that the API takes where a request names none. */
  readonly defaultModel?: string
}

const nothingBounds = () => undefined

/** Chat and embeddings of servers with OpenAI's API, the responses API, images, sound, video. */
const openAi: readonly KnownApi[] = [
  { path: /\/chat\/completions$/, api: 'chat' },
  { path: /\/(?<!chat\/)completions$/, api: 'completions' },
  { path: /\/responses$/, api: 'responses' },
  { path: /\/responses\/compact$/, api: 'responses', bounded: nothingBounds },
  { path: /\/embeddings$/, api: 'embeddings' },
  { path: /\/images\/(?:generations|edits|variations)$/, api: 'images', answered: drawn, defaultModel: 'dall-e-2' },
  { path: /\/audio\/speech$/, api: 'speech', answered: spoken },
  { path: /\/audio\/transcriptions$/, api: 'transcription' },
  { path: /\/audio\/translations$/, api: 'translation' },
  { path: /\/videos(?:\/(?:edits|extensions|[^/]+\/remix))?$/, api: 'video', bounded: nothingBounds },
  { path: /\/threads\/(?:[^/]+\/)?runs$/, api: 'runs', bounded: nothingBounds },
  { path: /\/threads\/[^/]+\/runs\/[^/]+\/submit_tool_outputs$/, api: 'runs', bounded: nothingBounds },
]

/** Claude's messages, on its own API, on Vertex and on Bedrock. */
const anthropic: readonly KnownApi[] = [
  { path: /\/v1\/messages$/, api: 'messages' },
  { path: /\/v1\/complete$/, api: 'complete', bounded: nothingBounds },
  { path: /\/publishers\/anthropic\/models\/(?<model>[^/:]+):(?:raw|streamRaw)Predict$/, api: 'messages' },
  { path: /\/model\/(?<model>[^/]*(?:claude|anthropic)[^/]*)\/invoke(?:-with-response-stream)?$/, api: 'messages' },
  { path: /\/model\/(?<model>[^/]+)\/converse(?:-stream)?$/, api: 'converse' },
  { path: /\/model\/(?<model>[^/]+)\/invoke(?:-with-response-stream)?$/, api: 'invoke', bounded: nothingBounds },
]

const google: readonly KnownApi[] = [
  { path: /\/(?:models|tunedModels|endpoints)\/(?<model>[^/:]+):(?:generateContent|streamGenerateContent)$/, api: 'generateContent' },
  { path: /\/models\/(?<model>[^/:]+):(?:embedContent|batchEmbedContents)$/, api: 'embedContent' },
  { path: /\/models\/(?<model>imagen[^/:]*):predict$/, api: 'predict', bounded: imagesAsked, answered: withParameters },
  { path: /\/models\/(?<model>[^/:]+):predict(?:LongRunning)?$/, api: 'predictLongRunning', bounded: nothingBounds },
  { path: /\/interactions$/, api: 'interactions', bounded: nothingBounds },
]

const elevenLabs: readonly KnownApi[] = [
  {
    path: /\/v1\/text-to-speech\/[^/]+(?:\/stream)?(?:\/with-timestamps)?$/,
    api: 'text-to-speech',
    answered: voiced,
    isToldByRequest: true,
    defaultModel: 'eleven_multilingual_v2',
  },
  {
    path: /\/v1\/text-to-dialogue(?:\/stream)?(?:\/with-timestamps)?$/,
    api: 'text-to-speech',
    bounded: (body, model) => ({
      api: 'text-to-speech',
      body: { text: dialogueText(body), ...(model !== undefined && { model_id: model }) },
    }),
    answered: voiced,
    isToldByRequest: true,
    defaultModel: 'eleven_v3',
  },
  {
    path: /\/v1\/(?:speech-to-speech|sound-generation|music|speech-to-text|audio-isolation|dubbing|text-to-voice)(?:\/.*)?$/,
    api: 'sound',
    bounded: nothingBounds,
  },
]

/** The APIs that cost money by what is asked and answered. Lists of models, files, batches and counts of tokens are none. */
export const knownApis: readonly KnownApi[] = [...openAi, ...anthropic, ...google, ...elevenLabs]

/** The dall-e models say neither model nor size nor quality in their answer. */
function drawn(answer: unknown, body: Fields): unknown {
  const { model = 'dall-e-2', size, quality } = body
  const asked = { model, ...(size !== undefined && { size }), ...(quality !== undefined && { quality }) }
  // The events of a stream say what they drew; the one with the usage comes last.
  return Array.isArray(answer) ? [asked, ...answer] : { ...asked, ...asFields(answer) }
}

/** Sound tells nothing; the tts models are billed by the characters of the text, in code points. */
function spoken(answer: unknown, body: Fields): unknown {
  if (Array.isArray(answer) && answer.length > 0) return [{ model: body['model'] }, ...answer]
  return { model: body['model'], characters: [...(asText(body['input']) ?? '')].length }
}

/** What the headers say was consumed, or else the characters of the text: a half-credit model's header counts credits. */
function voiced(_answer: unknown, body: Fields, headers: Headers): unknown {
  const model = asText(body['model_id']) ?? (body['inputs'] === undefined ? 'eleven_multilingual_v2' : 'eleven_v3')
  const said = Object.fromEntries(['character-cost', 'x-character-count', 'request-id'].flatMap((name) => entryOf(headers, name)))
  const isCounted = said['x-character-count'] !== undefined || (said['character-cost'] !== undefined && !/flash|turbo/.test(model))
  const text = body['inputs'] === undefined ? (asText(body['text']) ?? '') : dialogueText(body)
  return { model_id: model, headers: said, ...(!isCounted && { characters: [...text].length }) }
}

function entryOf(headers: Headers, name: string): [string, string][] {
  const value = headers.get(name)
  return value === null ? [] : [[name, value]]
}

function dialogueText(body: Fields): string {
  return asList(body['inputs'])
    .map((input) => asText(asFields(input)?.['text']) ?? '')
    .join('')
}

/** Imagen is billed by the image (https://ai.google.dev/gemini-api/docs/pricing); one unless the request says more. */
function imagesAsked(body: Fields, model: string | undefined): { api: string; body: Fields } | undefined {
  const parameters = asFields(body['parameters'])
  const images = Math.max(1, Number(parameters?.['sampleCount'] ?? 1))
  if (model === undefined || !Number.isSafeInteger(images)) return undefined
  const size = asText(parameters?.['sampleImageSize']) ?? asText(parameters?.['imageSize'])
  return { api: 'plain', body: { model, quantities: { images }, cacheWrites: [], ...(size !== undefined && { attributes: { size } }) } }
}

function withParameters(answer: unknown, body: Fields): unknown {
  return { parameters: body['parameters'] ?? {}, ...asFields(answer) }
}
