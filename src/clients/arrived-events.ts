import type { HeldCall } from '../facade/calls/settlement-desk.ts'
import { type Arrived, read, type Sent } from './arrived.ts'
import { type Fields, fieldsOf } from './fields.ts'
import { promptTokens, tokensOfBytes } from './prompt-tokens.ts'

/** Fields in which APIs deliver what the model writes. */
const written: ReadonlySet<string> = new Set(
  'delta content text parts candidates choices message content_block reasoning reasoning_content arguments function tool_calls partial_json thinking refusal completion response'.split(
    ' ',
  ),
)

/**
 * The events of a stream as they pass. Kept are those that say what was used, not what was written; of that only its
 * length, for a stream that breaks off. `hideUsage`: the client did not ask for the last event, so it is not handed on.
 */
export class ArrivedEvents implements Arrived {
  readonly #sent: Sent
  readonly #headers: Headers
  readonly #hidesUsage: boolean
  readonly #decoder = new TextDecoder()
  /** The pieces of an event that has not come to its end. */
  #pieces: string[] = []
  /** The last characters of those: the end of the event may have begun in them. */
  #tail = ''
  #first: Fields | undefined
  #usage: Fields | undefined
  #stop: Fields | undefined
  #last: Fields | undefined
  readonly #others: Fields[] = []
  #writtenBytes = 0
  #isWhole = false

  constructor(sent: Sent, headers: Headers, hidesUsage: boolean) {
    this.#sent = sent
    this.#headers = headers
    this.#hidesUsage = hidesUsage
  }

  add(chunk: Uint8Array): Uint8Array {
    const text = this.#decoder.decode(chunk, { stream: true })
    const tailLength = this.#tail.length
    let handedOn = ''
    let taken = 0
    // Only what is new is searched, and an event is put together once: one of many megabytes comes in hundreds of pieces.
    for (const { 0: end, index } of (this.#tail + text).matchAll(eventEnd)) {
      const until = index + end.length - tailLength
      handedOn += this.#take(this.#pieces.join('') + text.slice(taken, until))
      this.#pieces = []
      this.#tail = ''
      taken = until
    }
    const rest = text.slice(taken)
    this.#pieces.push(rest)
    this.#tail = (this.#tail + rest).slice(1 - longestEnd)
    return this.#hidesUsage ? Buffer.from(handedOn) : chunk
  }

  end(): Uint8Array | undefined {
    const rest = this.#pieces.join('') + this.#decoder.decode()
    this.#pieces = []
    this.#tail = ''
    const handedOn = this.#take(rest)
    // The model came to its end, though a server may not say what that took.
    if (this.#stop !== undefined) this.#isWhole = true
    return this.#hidesUsage && handedOn !== '' ? Buffer.from(handedOn) : undefined
  }

  isWhole(): boolean {
    return this.#isWhole
  }

  call(): HeldCall {
    return read(this.#sent, this.#events(), this.#headers)
  }

  /** What had arrived of a stream that broke off: its own figures as far as they go, the rest estimated by its length. */
  cut(): HeldCall | undefined {
    if (this.#first === undefined) return undefined
    const outputTokens = tokensOfBytes(this.#writtenBytes)
    if (this.#usage !== undefined) {
      return read(this.#sent, [...this.#events(), ...missingOutput(this.#usage, outputTokens)], this.#headers)
    }
    const { provider, api, model, body = {} } = this.#sent
    const inputTokens = promptTokens({ provider, api, body, ...(model !== undefined && { model }) })
    if (inputTokens === undefined) return undefined
    const begun = fieldsOf(this.#first['response']) ?? this.#first
    const served = begun['model'] ?? begun['modelVersion'] ?? model
    return {
      provider,
      ...(typeof served === 'string' && { model: served }),
      ...(typeof begun['id'] === 'string' && { responseId: begun['id'] }),
      usage: { inputTokens, outputTokens },
    }
  }

  #events(): Fields[] {
    const kept = [this.#first, ...this.#others, this.#stop, this.#usage, this.#last]
    return [...new Set(kept.filter((event): event is Fields => event !== undefined))]
  }

  /** Keeps what an event says; gives what the client gets of it. */
  #take(text: string): string {
    const event = parseEvent(text)
    if (event === undefined) {
      if (/^data: ?\[DONE\]/m.test(text)) this.#isWhole = true
      return text
    }
    this.#writtenBytes += writtenBytes(event, true)
    const saysUsage = usageOf(event) !== undefined
    // Long texts that say nothing of what was used are not kept.
    if (this.#first === undefined) this.#first = event
    if (saysUsage) this.#usage = event
    if (/"(?:finish_reason|finishReason|stop_reason|blockReason)": ?"/.test(text)) this.#stop = event
    if (text.includes('roundingMetadata')) this.#others.push(event)
    if (saysUsage || text.length < 2048) this.#last = event
    if (lastEvents.has(String(event['type'])) || (this.#stop !== undefined && isFinal(this.#usage))) this.#isWhole = true
    return this.#hidesUsage ? withoutUsage(text, event) : text
  }
}

/** The events with which streams end; clients stop reading there. */
const lastEvents: ReadonlySet<string> = new Set([
  'message_stop',
  'response.completed',
  'response.incomplete',
  'speech.audio.done',
  'transcript.text.done',
  'image_generation.completed',
  'image_edit.completed',
])

/** What a client that did not ask for usage gets: no event that only tells it, and no empty `usage` in the others. */
function withoutUsage(text: string, event: Fields): string {
  if (!('usage' in event)) return text
  if (event['usage'] !== null) return Array.isArray(event['choices']) && event['choices'].length === 0 ? '' : text
  // Within what is written, the quotes of these names would stand behind a backslash.
  return text.replace(/,\s*"usage"\s*:\s*null/, '').replace(/"usage"\s*:\s*null\s*,/, '')
}

/** An end of a line and an empty line; a line ends with \r\n, \n or \r. */
const eventEnd = /(?:\r\n|\n|\r(?!\n))(?:\r\n|\n|\r)/g
const longestEnd = 4

function parseEvent(text: string): Fields | undefined {
  const data = text
    .split(/\r\n|\n|\r/)
    .filter((line) => line.startsWith('data:'))
    .map((line) => line.slice(5).trim())
    .join('\n')
  try {
    return fieldsOf(JSON.parse(data))
  } catch {
    return undefined
  }
}

/** Where an event of any API says what was used. */
function usageOf(event: Fields): Fields | undefined {
  return (
    fieldsOf(event['usage']) ??
    fieldsOf(event['usageMetadata']) ??
    fieldsOf(fieldsOf(event['x_groq'])?.['usage']) ??
    fieldsOf(fieldsOf(event['message'])?.['usage']) ??
    fieldsOf(fieldsOf(event['response'])?.['usage']) ??
    fieldsOf(event['metadata'])
  )
}

/** `message_start` says what was read and not yet what is written. */
function isFinal(event: Fields | undefined): boolean {
  return event !== undefined && event['type'] !== 'message_start'
}

/** What was written, in the words of the API, where its last figures leave it out. */
function missingOutput(last: Fields, outputTokens: number): Fields[] {
  if (!isFinal(last)) {
    const begun = Number(fieldsOf(fieldsOf(last['message'])?.['usage'])?.['output_tokens'] ?? 0)
    return [{ type: 'message_delta', delta: {}, usage: { output_tokens: Math.max(begun, outputTokens) } }]
  }
  const metadata = fieldsOf(last['usageMetadata'])
  if (metadata === undefined || metadata['candidatesTokenCount'] !== undefined) return []
  const { totalTokenCount: _, ...others } = metadata
  return [{ usageMetadata: { ...others, candidatesTokenCount: outputTokens } }]
}

/** Bytes of text in the fields in which APIs deliver what is written. */
function writtenBytes(value: unknown, isWritten: boolean): number {
  if (typeof value === 'string') return isWritten ? Buffer.byteLength(value) : 0
  if (Array.isArray(value)) return value.reduce((sum: number, each) => sum + writtenBytes(each, isWritten), 0)
  const fields = fieldsOf(value)
  if (fields === undefined) return 0
  return Object.entries(fields).reduce((sum, [key, each]) => sum + (written.has(key) ? writtenBytes(each, true) : 0), 0)
}
