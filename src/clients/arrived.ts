import type { HeldCall } from '../facade/calls/settlement-desk.ts'
import type { Fields } from './fields.ts'
import { answeredAs, defaultModelOf } from './media-apis.ts'
import { ShortenedJson } from './shortened-json.ts'

/**
 * What a call came to, from its answer as it passes. `add` takes the bytes, and gives those to hand on; `call` says what
 * the call came to once it is over, `cut` what it had come to where it broke off: undefined where nobody can say.
 */
export interface Arrived {
  readonly add: (chunk: Uint8Array) => Uint8Array
  /** The body came to its end; gives what is still to be handed on. */
  readonly end: () => Uint8Array | undefined
  /** Whether all has arrived, be it that its reader has not come to the end. */
  readonly isWhole: () => boolean
  readonly call: () => HeldCall
  readonly cut: () => HeldCall | undefined
}

/** What is known of a call from its request. */
export interface Sent {
  readonly provider: string
  readonly api: string
  readonly model: string | undefined
  readonly body: Fields | undefined
}

/** What is known of an answer that comes as a whole. */
interface Whole {
  /** `perhaps`: it begins like JSON, and nothing else says that it is. */
  readonly json: 'yes' | 'perhaps' | 'no'
  readonly isBilledAsAsked: boolean
}

/** An answer in JSON, or one of which nothing is read because the request says all. */
export class ArrivedWhole implements Arrived {
  readonly #sent: Sent
  readonly #headers: Headers
  readonly #whole: Whole
  readonly #json: ShortenedJson | undefined
  #isWhole = false

  constructor(sent: Sent, headers: Headers, whole: Whole) {
    this.#sent = sent
    this.#headers = headers
    this.#whole = whole
    this.#json = whole.json === 'no' ? undefined : new ShortenedJson()
  }

  add(chunk: Uint8Array): Uint8Array {
    this.#json?.add(chunk)
    return chunk
  }

  end(): undefined {
    this.#isWhole = true
  }

  isWhole(): boolean {
    return this.#isWhole
  }

  call(): HeldCall {
    const answer = this.#json?.value()
    // What begins like JSON may be sound, or a text.
    const isOther = this.#whole.json === 'perhaps' && typeof answer === 'string'
    return read(this.#sent, isOther ? undefined : answer, this.#headers)
  }

  /** Half an answer says nothing of what it came to; where the request does, the provider was asked for the whole of it. */
  cut(): HeldCall | undefined {
    return this.#whole.isBilledAsAsked ? this.call() : undefined
  }
}

/** What the readers of usage take. */
export function read(sent: Sent, answer: unknown, headers: Headers): HeldCall {
  const { provider, api, model } = sent
  const body = answeredAs(answer, sent, headers)
  return { provider, api, ...(body !== undefined && { body }), ...(model !== undefined && { model }) }
}

/** The model that a request names, in its address or its body; or that of the API where it names none. */
export function modelOf(api: string, model: string | undefined, body: Fields | undefined): string | undefined {
  const named = model ?? body?.['model'] ?? body?.['model_id'] ?? body?.['modelId'] ?? defaultModelOf(api)
  return typeof named === 'string' ? named : undefined
}
