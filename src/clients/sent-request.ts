import { asFields, type Fields } from '../usage/readers/fields.ts'
import type { Fetch } from './client-options.ts'

/** A request as a client hands it to `fetch`. */
export interface SentRequest {
  readonly url: URL
  readonly method: string
  readonly headers: Headers
  readonly signal: AbortSignal | undefined
  /** As given: text, a form, bytes, a stream; null where there is none. */
  readonly body: unknown
}

/** What `fetch` is called with. Of a `Request` object the text of the body is read from a copy. */
export async function readSent(input: Parameters<Fetch>[0], init: RequestInit = {}): Promise<SentRequest> {
  const asked = input instanceof Request ? input : undefined
  return {
    url: new URL(asked?.url ?? String(input)),
    method: (init.method ?? asked?.method ?? 'GET').toUpperCase(),
    headers: new Headers(init.headers ?? asked?.headers),
    signal: init.signal ?? asked?.signal ?? undefined,
    body: init.body ?? (asked === undefined ? null : await asked.clone().text()),
  }
}

/** The fields of a JSON body or a form; undefined where the body is neither, such as a stream. */
export function fieldsOf(body: unknown): Fields | undefined {
  if (body instanceof FormData) return formFields(body)
  const text = typeof body === 'string' ? body : body instanceof Uint8Array ? Buffer.from(body).toString('utf8') : undefined
  if (text === undefined) return undefined
  try {
    return asFields(JSON.parse(text))
  } catch {
    return undefined
  }
}

/** A form's fields as the JSON of the same API has them: numbers as numbers, `image[]` as a list, a file by its name. */
function formFields(form: FormData): Fields {
  const fields: Record<string, unknown> = {}
  for (const [name, value] of form.entries()) {
    const each = typeof value !== 'string' ? `file ${value.size}` : /^\d{1,15}$/.test(value) ? Number(value) : value
    if (!name.endsWith('[]')) fields[name] = each === 'true' ? true : each
    else {
      const list = (fields[name.slice(0, -2)] ??= []) as unknown[]
      list.push(each)
    }
  }
  return fields
}
