import type { RequestSource } from '../usage/requests/call-request.ts'
import type { Sent } from './arrived.ts'
import { type Fields, fieldsOf } from './fields.ts'

/** What APIs for images and sound tell elsewhere than readers look for it: in the request, in headers, or nowhere. */
interface MediaApi {
  /** The model that the API takes where a request names none. */
  readonly defaultModel?: string
  /** Whether the request says what will be billed, whatever the answer is and whether or not it is read to its end. */
  readonly isToldByRequest?: boolean
  /** The request in a form that can be bounded. */
  readonly bounded?: (body: Fields, model: string | undefined) => Pick<RequestSource, 'api' | 'body'> | undefined
  /** What the usage reader is given. */
  readonly answered: (answer: unknown, sent: Sent, headers: Headers) => unknown
}

const mediaApis: Readonly<Record<string, MediaApi>> = {
  // https://platform.openai.com/docs/api-reference/images/create
  images: { defaultModel: 'dall-e-2', answered: drawn },
  speech: { answered: spoken },
  // Imagen is billed by the image: https://ai.google.dev/gemini-api/docs/pricing
  predict: { bounded: imagesAsked, answered: (answer, { body }) => ({ parameters: body?.['parameters'] ?? {}, ...fieldsOf(answer) }) },
  // https://elevenlabs.io/docs/api-reference/text-to-speech/convert
  'text-to-speech': { defaultModel: 'eleven_multilingual_v2', isToldByRequest: true, answered: voiced },
}

function mediaApi(api: string): MediaApi | undefined {
  return Object.hasOwn(mediaApis, api) ? mediaApis[api] : undefined
}

export function defaultModelOf(api: string): string | undefined {
  return mediaApi(api)?.defaultModel
}

export function isToldByRequest(api: string): boolean {
  return mediaApi(api)?.isToldByRequest === true
}

/** The request as it is bounded: its own body, or what it comes to in another form. */
export function boundedAs({ api, model, body = {} }: Sent): Pick<RequestSource, 'api' | 'body'> {
  return mediaApi(api)?.bounded?.(body, model) ?? { api, body }
}

/** An answer with what the usage reader of its API needs beside it. */
export function answeredAs(answer: unknown, sent: Sent, headers: Headers): unknown {
  const media = mediaApi(sent.api)
  return media === undefined ? answer : media.answered(answer, sent, headers)
}

/** The dall-e models say neither model nor size nor quality in their answer. */
function drawn(answer: unknown, { body, model }: Sent): unknown {
  const asked = Object.fromEntries(['size', 'quality'].flatMap((name) => (body?.[name] === undefined ? [] : [[name, body[name]]])))
  const all = { ...(model !== undefined && { model }), ...asked }
  return Array.isArray(answer) ? [all, ...answer] : { ...all, ...fieldsOf(answer) }
}

/** A file of sound tells nothing; the tts models are billed by characters, counted in Unicode code points. */
function spoken(answer: unknown, { body, model }: Sent): unknown {
  if (Array.isArray(answer)) return answer
  return { ...(model !== undefined && { model }), characters: lengthOf(body?.['input']) }
}

/**
 * The headers say what was consumed, in credits: of the models that cost half a credit for a character, the text says it
 * better (https://elevenlabs.io/docs/models).
 */
function voiced(_answer: unknown, { body, model }: Sent, headers: Headers): unknown {
  const said = ['request-id', 'character-cost', 'x-character-count'].flatMap((name) => {
    const value = headers.get(name)
    return value === null ? [] : [[name, value] as const]
  })
  const isCounted = said.some(([name]) => name !== 'request-id') && !/flash|turbo/.test(model ?? '')
  return { model_id: model, headers: Object.fromEntries(said), ...(!isCounted && { characters: lengthOf(body?.['text']) }) }
}

function lengthOf(text: unknown): number {
  return typeof text === 'string' ? [...text].length : 0
}

/** One image unless the request says more. */
function imagesAsked(body: Fields, model: string | undefined): Pick<RequestSource, 'api' | 'body'> | undefined {
  const parameters = fieldsOf(body['parameters']) ?? {}
  const images = parameters['sampleCount'] ?? 1
  if (model?.startsWith('imagen') !== true || typeof images !== 'number') return undefined
  const size = parameters['sampleImageSize'] ?? parameters['imageSize']
  return { api: 'plain', body: { model, quantities: { images }, ...(typeof size === 'string' && { attributes: { size } }) } }
}
