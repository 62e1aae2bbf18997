import { invariant } from '../errors.ts'

const chunk = 1 << 16

/** Writes signed integers in a variable number of bytes (zigzag, then seven bits a byte, least significant first). */
export class VarintWriter {
  #bytes = new Uint8Array(chunk)
  #length = 0

  /** Any integer that a double holds exactly, or a bigint of 64 bits. */
  write(value: number | bigint): this {
    if (this.#length + 16 > this.#bytes.length) this.#grow()
    const small = typeof value === 'number' ? value : Number(value)
    if (small >= -0x3fff_ffff && small <= 0x3fff_ffff) this.#writeSmall(small < 0 ? -2 * small - 1 : 2 * small)
    else this.#writeLarge(BigInt(value))
    return this
  }

  /** What was written since the last take, as bytes of its own. */
  take(): Uint8Array {
    const taken = this.#bytes.slice(0, this.#length)
    this.#length = 0
    return taken
  }

  #writeSmall(zigzag: number): void {
    let rest = zigzag
    while (rest >= 0x80) {
      this.#bytes[this.#length++] = (rest & 0x7f) | 0x80
      rest >>>= 7
    }
    this.#bytes[this.#length++] = rest
  }

  #writeLarge(value: bigint): void {
    let rest = value < 0n ? -2n * value - 1n : 2n * value
    while (rest >= 0x80n) {
      this.#bytes[this.#length++] = Number(rest & 0x7fn) | 0x80
      rest >>= 7n
    }
    this.#bytes[this.#length++] = Number(rest)
  }

  #grow(): void {
    const grown = new Uint8Array(this.#bytes.length * 2)
    grown.set(this.#bytes)
    this.#bytes = grown
  }
}

/** Reads what {@link VarintWriter} wrote. */
export class VarintReader {
  readonly #bytes: Uint8Array
  #offset = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get done(): boolean {
    return this.#offset >= this.#bytes.length
  }

  readNumber(): number {
    const start = this.#offset
    let zigzag = 0
    let factor = 1
    for (;;) {
      const byte = this.#bytes[this.#offset++]
      invariant(byte !== undefined, 'A packed record ends in the middle of a number.')
      zigzag += (byte & 0x7f) * factor
      if (byte < 0x80) break
      factor *= 128
    }
    if (zigzag > Number.MAX_SAFE_INTEGER) return this.#readLarge(start)
    return zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2
  }

  /** A number whose zigzag form is more than a double holds exactly, though it is not itself. */
  #readLarge(start: number): number {
    this.#offset = start
    const value = Number(this.readBigInt())
    invariant(Number.isSafeInteger(value), 'A packed quantity is larger than 2^53.')
    return value
  }

  readBigInt(): bigint {
    const start = this.#offset
    while ((this.#bytes[this.#offset] ?? 0) >= 0x80) this.#offset += 1
    this.#offset += 1
    invariant(this.#offset <= this.#bytes.length, 'A packed record ends in the middle of a number.')
    if (this.#offset - start <= 7) {
      this.#offset = start
      return BigInt(this.readNumber())
    }
    let zigzag = 0n
    for (let index = this.#offset - 1; index >= start; index -= 1) zigzag = (zigzag << 7n) | BigInt((this.#bytes[index] ?? 0) & 0x7f)
    return zigzag % 2n === 0n ? zigzag / 2n : -(zigzag + 1n) / 2n
  }
}
