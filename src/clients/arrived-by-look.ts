import type { HeldCall } from '../facade/calls/settlement-desk.ts'
import { type Arrived, ArrivedWhole, type Sent } from './arrived.ts'
import { ArrivedEvents } from './arrived-events.ts'
import { isToldByRequest } from './media-apis.ts'

/** What an answer begins with: JSON, a stream of events, or anything else. */
type Look = 'json' | 'events' | 'other'

/** How the answer was asked for. */
export interface AskedFor {
  /** Whether the request asks for a stream. */
  readonly isStreamed: boolean
  /** Whether purser asked for the usage of a stream, so that the client must not see it. */
  readonly hidesUsage: boolean
}

/** Reads an answer as what it is, which its content type need not say. */
export function arrivedOf({ headers }: Response, sent: Sent, asked: AskedFor): Arrived {
  const type = (headers.get('content-type') ?? '').toLowerCase()
  const isBilledAsAsked = isToldByRequest(sent.api)
  if (isBilledAsAsked || /^(?:audio|image|video)\//.test(type)) return new ArrivedWhole(sent, headers, { json: 'no', isBilledAsAsked })
  const choose = (look: Look): Arrived => {
    // No event begins like JSON, whatever the type says.
    const isEvents = look !== 'json' && (type.includes('text/event-stream') || (asked.isStreamed && look === 'events'))
    if (isEvents) return new ArrivedEvents(sent, headers, asked.hidesUsage)
    return new ArrivedWhole(sent, headers, { json: type.includes('json') ? 'yes' : look === 'json' ? 'perhaps' : 'no', isBilledAsAsked })
  }
  return new ArrivedByLook(choose, asked.hidesUsage)
}

/** An answer that is read by one of several readers, chosen as soon as its first bytes tell. */
class ArrivedByLook implements Arrived {
  readonly #choose: (look: Look) => Arrived
  /** Whether bytes are kept back until it is known whether the client gets them. */
  readonly #keepsBack: boolean
  #begun: Uint8Array = new Uint8Array()
  #chosen: Arrived | undefined

  constructor(choose: (look: Look) => Arrived, keepsBack: boolean) {
    this.#choose = choose
    this.#keepsBack = keepsBack
  }

  add(chunk: Uint8Array): Uint8Array {
    if (this.#chosen !== undefined) return this.#chosen.add(chunk)
    const start = this.#begun.length > 0 ? 0 : blankBytes(chunk)
    this.#begun = Buffer.concat([this.#begun, chunk.subarray(start)])
    const look = lookOf(this.#begun)
    const handedOn = look === undefined ? new Uint8Array() : this.#begin(look)
    return this.#keepsBack ? Buffer.concat([chunk.subarray(0, start), handedOn]) : chunk
  }

  end(): Uint8Array | undefined {
    const handedOn = this.#chosen === undefined ? this.#begin('other') : new Uint8Array()
    const rest = this.#chosen?.end() ?? new Uint8Array()
    return this.#keepsBack && handedOn.length + rest.length > 0 ? Buffer.concat([handedOn, rest]) : undefined
  }

  isWhole(): boolean {
    return this.#chosen?.isWhole() === true
  }

  call(): HeldCall {
    return (this.#chosen ?? this.#choose('other')).call()
  }

  cut(): HeldCall | undefined {
    return (this.#chosen ?? this.#choose('other')).cut()
  }

  #begin(look: Look): Uint8Array {
    this.#chosen = this.#choose(look)
    return this.#chosen.add(this.#begun)
  }
}

const [openingBrace, openingBracket, colon] = [0x7b, 0x5b, 0x3a]
/** Space, tab, the ends of lines, and the three bytes of a byte order mark. */
const blanks: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d, 0xef, 0xbb, 0xbf])
/** Fields of an event (https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation). */
const eventFields = ['data:', 'event:', 'id:', 'retry:']

function blankBytes(chunk: Uint8Array): number {
  const first = chunk.findIndex((byte) => !blanks.has(byte))
  return first === -1 ? chunk.length : first
}

/** Undefined until enough has come. */
function lookOf(begun: Uint8Array): Look | undefined {
  const [first] = begun
  if (first === undefined) return undefined
  if (first === openingBrace || first === openingBracket) return 'json'
  if (first === colon) return 'events'
  const text = Buffer.from(begun.subarray(0, 6)).toString('latin1')
  if (eventFields.some((field) => text.startsWith(field))) return 'events'
  return eventFields.some((field) => field.startsWith(text)) ? undefined : 'other'
}
