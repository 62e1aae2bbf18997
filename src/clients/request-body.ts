import type { Fields } from './fields.ts'
import { fieldsOf } from './fields.ts'

/** Providers that send the usage of a chat stream where they are asked to. */
const sendsUsage: ReadonlySet<string> = new Set([
  'openai',
  'azure',
  'openrouter',
  'deepseek',
  'groq',
  'together',
  'fireworks',
  'x-ai',
  'local',
])

/** The body of a request, parsed; files of a form are left out. Undefined where it cannot be read without using it up. */
export function readBody(body: unknown): Fields | undefined {
  if (typeof body === 'string') return parse(body)
  if (body instanceof Uint8Array) return parse(new TextDecoder().decode(body))
  if (body instanceof FormData) {
    return Object.fromEntries([...body].filter((entry): entry is [string, string] => typeof entry[1] === 'string'))
  }
  return undefined
}

function parse(text: string): Fields | undefined {
  try {
    return fieldsOf(JSON.parse(text))
  } catch {
    return undefined
  }
}

/** Whether the answer of a chat stream would not say what it used. */
export function hidesUsage({ api, provider, body }: { readonly api: string; readonly provider: string; readonly body: Fields }): boolean {
  if (!sendsUsage.has(provider) || (api !== 'chat' && api !== 'completions') || body['stream'] !== true) return false
  return fieldsOf(body['stream_options'])?.['include_usage'] !== true
}

export function askForUsage(body: Fields): Fields {
  return { ...body, stream_options: { ...fieldsOf(body['stream_options']), include_usage: true } }
}

/** A request whose longest answer is shortened to what is held for. */
export function shorten(api: string, body: Fields, tokens: number): Fields {
  switch (api) {
    case 'chat':
      return { ...body, [body['max_tokens'] === undefined ? 'max_completion_tokens' : 'max_tokens']: tokens }
    case 'completions':
    case 'messages':
      return { ...body, max_tokens: tokens }
    case 'responses':
      return { ...body, max_output_tokens: tokens }
    case 'generateContent':
      return { ...body, generationConfig: { ...fieldsOf(body['generationConfig']), maxOutputTokens: tokens } }
    case 'converse':
      return { ...body, inferenceConfig: { ...fieldsOf(body['inferenceConfig']), maxTokens: tokens } }
    default:
      return body
  }
}
