import { type Fields, fieldsOf } from './fields.ts'

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
  'cerebras',
  'local',
  'vllm',
  'ollama',
  'lmstudio',
  'llama.cpp',
])

/** The body of a request, parsed. Undefined where it cannot be read without using it up. */
export function readBody(body: unknown): Fields | undefined {
  if (typeof body === 'string') return parse(body)
  if (body instanceof Uint8Array) return parse(new TextDecoder().decode(body))
  return body instanceof FormData ? formFields(body) : undefined
}

/** A form's fields as the JSON of the same API has them: numbers as numbers, `image[]` as a list, a file by its size. */
function formFields(form: FormData): Fields {
  const fields: Record<string, unknown> = {}
  for (const [name, value] of form.entries()) {
    const each = typeof value !== 'string' ? `a file of ${value.size} bytes` : /^\d{1,15}$/.test(value) ? Number(value) : value
    if (!name.endsWith('[]')) fields[name] = each === 'true' ? true : each
    else {
      const list = (fields[name.slice(0, -2)] ??= []) as unknown[]
      list.push(each)
    }
  }
  return fields
}

function parse(text: string): Fields | undefined {
  try {
    return fieldsOf(JSON.parse(text))
  } catch {
    return undefined
  }
}

/** Whether a request asks for a stream: in its body, or by its address, as Google and ElevenLabs have it. */
export function asksForStream({ pathname }: URL, body: Fields | undefined): boolean {
  return body?.['stream'] === true || body?.['stream_format'] === 'sse' || /[:/-]stream/i.test(pathname)
}

/** Whether the answer of a chat stream would not say what it used. */
export function leavesUsageOut({
  api,
  provider,
  body,
}: {
  readonly api: string
  readonly provider: string
  readonly body: Fields
}): boolean {
  if (!sendsUsage.has(provider) || (api !== 'chat' && api !== 'completions') || body['stream'] !== true) return false
  return fieldsOf(body['stream_options'])?.['include_usage'] !== true
}

export function askForUsage(body: Fields): Fields {
  return { ...body, stream_options: { ...fieldsOf(body['stream_options']), include_usage: true } }
}
