const quote = 0x22
const backslash = 0x5c
const lowerU = 0x75
const newline = 0x0a

/** Bytes of a text that are kept: enough for every name, id and number, far less than an image or a vector. */
const longestText = 2048

/**
 * Gathers a JSON answer as it passes, with its long texts cut off: what it says of usage stays, and images, vectors and
 * prose are not held a second time.
 */
export class ShortenedJson {
  readonly #kept: Buffer[] = []
  #isInText = false
  /** Bytes of an escape that are still to come: it is never cut in two. */
  #escaped = 0
  #escapeIsCut = false
  #length = 0

  add(chunk: Uint8Array): void {
    const kept = Buffer.allocUnsafe(chunk.length)
    let size = 0
    for (const byte of chunk) {
      if (!this.#isInText) {
        if (byte === quote) this.#begin()
      } else if (this.#escaped > 0) {
        // After the backslash of \u come four digits.
        this.#escaped += byte === lowerU && this.#escaped === 1 ? 3 : -1
        if (this.#escapeIsCut) continue
      } else if (byte === quote || byte === newline) this.#isInText = false
      else {
        this.#length += 1
        const isCut = this.#length > longestText
        if (byte === backslash) {
          this.#escaped = 1
          this.#escapeIsCut = isCut
        }
        if (isCut) continue
      }
      kept[size] = byte
      size += 1
    }
    this.#kept.push(kept.subarray(0, size))
  }

  #begin(): void {
    this.#isInText = true
    this.#length = 0
  }

  /** The answer, parsed; what is no JSON as text. */
  value(): unknown {
    const text = Buffer.concat(this.#kept).toString('utf8')
    try {
      return JSON.parse(text)
    } catch {
      return text
    }
  }
}
