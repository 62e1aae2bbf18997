import type { HeldCall } from '../facade/calls/settlement-desk.ts'
import type { Fields } from './fields.ts'

/**
 * What a call came to, from its answer as it passes. `add` takes the bytes, and gives those to hand on; `call` says what
 * the call came to once it is over, `cut` what it had come to where it broke off: undefined where nobody can say.
 */
export interface Arrived {
  readonly add: (chunk: Uint8Array) => Uint8Array
  readonly end: () => Uint8Array | undefined
  /** Whether all has arrived, though its reader has not come to the end. */
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

/** An answer in JSON. */
export class ArrivedJson implements Arrived {
  readonly #sent: Sent
  readonly #chunks: Uint8Array[] = []

  constructor(sent: Sent) {
    this.#sent = sent
  }

  add(chunk: Uint8Array): Uint8Array {
    this.#chunks.push(chunk)
    return chunk
  }

  end(): undefined {
    return undefined
  }

  isWhole(): boolean {
    return false
  }

  call(): HeldCall {
    const text = Buffer.concat(this.#chunks).toString('utf8')
    let body: unknown = text
    try {
      body = JSON.parse(text)
    } catch {
      // The reader of the API says what is wrong with it.
    }
    return read(this.#sent, body)
  }

  /** Half an answer in JSON says nothing of what it came to. */
  cut(): undefined {
    return undefined
  }
}

/** An answer that is sound or another file: what it came to stands in the request, and in the headers of some providers. */
export class ArrivedFile implements Arrived {
  readonly #sent: Sent
  readonly #headers: Headers

  constructor(sent: Sent, headers: Headers) {
    this.#sent = sent
    this.#headers = headers
  }

  add(chunk: Uint8Array): Uint8Array {
    return chunk
  }

  end(): undefined {
    return undefined
  }

  isWhole(): boolean {
    return false
  }

  call(): HeldCall {
    const { body = {}, model } = this.#sent
    const spoken = [body['text'], body['input']].find((text) => typeof text === 'string')
    const id = this.#headers.get('request-id')
    return read(this.#sent, {
      ...(model !== undefined && { model, model_id: model }),
      // Characters are told in Unicode code points, as vendors count them.
      ...(typeof spoken === 'string' ? { characters: [...spoken].length } : { headers: Object.fromEntries(this.#headers) }),
      ...(id !== null && { request_id: id }),
    })
  }

  /** The provider was asked for the whole of it. */
  cut(): HeldCall {
    return this.call()
  }
}

/** What the readers of usage take. */
export function read({ provider, api, model }: Sent, body: unknown): HeldCall {
  return { provider, api, body, ...(model !== undefined && { model }) }
}

/** The model that a request names, in its address or its body. */
export function modelOf(model: string | undefined, body: Fields | undefined): string | undefined {
  const named = model ?? body?.['model'] ?? body?.['model_id'] ?? body?.['modelId']
  return typeof named === 'string' ? named : undefined
}
