import type { HeldCall } from '../facade/calls/settlement-desk.ts'
import { type Arrived, read, type Sent } from './arrived.ts'
import { type Fields, fieldsOf } from './fields.ts'

/** Fields in which APIs deliver what the model writes. */
const written: ReadonlySet<string> = new Set(
  'delta content text parts candidates choices message content_block reasoning reasoning_content arguments function tool_calls partial_json thinking refusal completion response'.split(
    ' ',
  ),
)

/** Bytes of text to a token, rather too few than too many: what arrived is estimated high. */
export const bytesPerToken = 3

/**
 * The events of a stream as they pass. Kept are those that say what was used, not what was written; of that only its
 * length, for a stream that breaks off. `hideUsage`: the client did not ask for the last event, so it is not handed on.
 */
export class ArrivedEvents implements Arrived {
  readonly #sent: Sent
  readonly #hidesUsage: boolean
  readonly #decoder = new TextDecoder()
  #pending = ''
  #first: Fields | undefined
  #usage: Fields | undefined
  #stop: Fields | undefined
  #last: Fields | undefined
  readonly #others: Fields[] = []
  #writtenBytes = 0
  #isWhole = false

  constructor(sent: Sent, hidesUsage: boolean) {
    this.#sent = sent
    this.#hidesUsage = hidesUsage
  }

  add(chunk: Uint8Array): Uint8Array {
    this.#pending += this.#decoder.decode(chunk, { stream: true })
    let handedOn = ''
    for (let match = eventEnd.exec(this.#pending); match !== null; match = eventEnd.exec(this.#pending)) {
      const whole = this.#pending.slice(0, match.index + match[0].length)
      this.#pending = this.#pending.slice(whole.length)
      if (this.#take(whole)) handedOn += whole
    }
    return this.#hidesUsage ? Buffer.from(handedOn) : chunk
  }

  end(): Uint8Array | undefined {
    const rest = this.#pending + this.#decoder.decode()
    this.#pending = ''
    const isHandedOn = this.#take(rest)
    return this.#hidesUsage && isHandedOn && rest !== '' ? Buffer.from(rest) : undefined
  }

  isWhole(): boolean {
    return this.#isWhole
  }

  call(): HeldCall {
    return read(this.#sent, this.#events())
  }

  /** What had arrived of a stream that broke off: its own figures as far as they go, the rest estimated by its length. */
  cut(): HeldCall | undefined {
    if (this.#first === undefined) return undefined
    const outputTokens = Math.ceil(this.#writtenBytes / bytesPerToken)
    if (this.#usage === undefined || hasFinalUsage(this.#usage)) {
      if (this.#usage !== undefined) return this.call()
      const { provider, model, body } = this.#sent
      const inputTokens = Math.ceil(Buffer.byteLength(JSON.stringify(promptOf(body))) / bytesPerToken)
      const served = this.#first['model'] ?? this.#first['modelVersion'] ?? model
      return {
        provider,
        ...(typeof served === 'string' && { model: served }),
        ...(typeof this.#first['id'] === 'string' && { responseId: this.#first['id'] }),
        usage: { inputTokens, outputTokens },
      }
    }
    return read(this.#sent, withOutput(this.#events(), outputTokens))
  }

  #events(): Fields[] {
    const kept = [this.#first, ...this.#others, this.#stop, this.#usage, this.#last]
    return [...new Set(kept.filter((event): event is Fields => event !== undefined))]
  }

  /** Keeps what an event says; false where the client must not see it. */
  #take(text: string): boolean {
    const event = parseEvent(text)
    if (event === undefined) {
      if (/^data: ?\[DONE\]/m.test(text)) this.#isWhole = true
      return true
    }
    if (lastEvents.has(String(event['type']))) this.#isWhole = true
    this.#writtenBytes += writtenBytes(event, true)
    const saysUsage = usageOf(event) !== undefined
    // Long texts that say nothing of what was used are not kept.
    if (this.#first === undefined) this.#first = event
    if (saysUsage) this.#usage = event
    if (text.includes('"finish_reason":"') || text.includes('"finishReason"')) this.#stop = event
    if (text.includes('roundingMetadata')) this.#others.push(event)
    if (saysUsage || text.length < 2048) this.#last = event
    return !(this.#hidesUsage && saysUsage && Array.isArray(event['choices']) && event['choices'].length === 0)
  }
}

/** The events with which streams end; clients stop reading there. */
const lastEvents: ReadonlySet<string> = new Set(['message_stop', 'response.completed', 'response.incomplete', 'response.failed'])

const eventEnd = /\r?\n\r?\n/

function parseEvent(text: string): Fields | undefined {
  const data = text
    .split(/\r?\n/)
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

/** `message_start` says what was read and not yet what is written; Gemini's chunks say both so far. */
function hasFinalUsage(event: Fields): boolean {
  return event['type'] !== 'message_start'
}

/** The figures of `message_start` with as much written as had arrived. */
function withOutput(events: readonly Fields[], outputTokens: number): Fields[] {
  return [...events, { type: 'message_delta', delta: {}, usage: { output_tokens: outputTokens } }]
}

/** What the model reads, without its settings. */
function promptOf(body: Fields | undefined): unknown {
  const { messages, input, prompt, contents, system, instructions, systemInstruction, tools } = body ?? {}
  return { messages, input, prompt, contents, system, instructions, systemInstruction, tools }
}

/** Bytes of text in the fields in which APIs deliver what is written. */
function writtenBytes(value: unknown, isWritten: boolean): number {
  if (typeof value === 'string') return isWritten ? Buffer.byteLength(value) : 0
  if (Array.isArray(value)) return value.reduce((sum: number, each) => sum + writtenBytes(each, isWritten), 0)
  const fields = fieldsOf(value)
  if (fields === undefined) return 0
  return Object.entries(fields).reduce((sum, [key, each]) => sum + (written.has(key) ? writtenBytes(each, true) : 0), 0)
}
