import { readSync } from 'node:fs'

const newline = 10
const byteOrderMark = [0xef, 0xbb, 0xbf]
/** A longer line is passed over, so that a damaged file cannot take all memory. */
export const maxLineBytes = 64 * 1024 * 1024

/**
 * Walks the lines of an open file without decoding them: `next` moves to a line, which is then `bytes[start, end)`.
 * The byte at `end` is never part of a line, so that a scanner may rely on it to stop.
 */
export class LineReader {
  bytes: Buffer
  start = 0
  end = 0
  /** The number of the current line, from 1. */
  line: number
  /** Whether the current line ends with a newline; the last of a file that is being written may not. */
  complete = true
  /** Whether the current line is longer than `maxLineBytes`; it is empty then. */
  tooLong = false
  readonly #fd: number
  #filled = 0
  #next = 0
  #fileOffset: number
  #ended = false
  /** Whether the last read let go of what was read of a line before. */
  #dropped = false

  /** Reads in pieces of the buffer's size; a longer line takes a larger one. */
  constructor(fd: number, at: { readonly offset: number; readonly line: number }, buffer: Buffer) {
    this.#fd = fd
    this.#fileOffset = at.offset
    this.line = at.line
    this.bytes = buffer
  }

  /** The byte of the file after the current line. */
  get offset(): number {
    return this.#fileOffset - this.#filled + this.#next
  }

  /** The byte of the file at which the current line starts. */
  get lineOffset(): number {
    return this.#fileOffset - this.#filled + this.start
  }

  /** Moves to the next line; false at the end of the file. */
  next(): boolean {
    let from = this.#next
    this.tooLong = false
    for (;;) {
      const at = this.bytes.indexOf(newline, from)
      if (at >= 0 && at < this.#filled) return this.#take(at, at + 1, true)
      const begun = this.#filled - this.#next
      if (this.#ended || !this.#refill()) {
        if (this.#next === this.#filled && !this.tooLong) return false
        this.bytes[this.#filled] = newline
        return this.#take(this.#filled, this.#filled, false)
      }
      from = this.#dropped ? 0 : this.#next + begun
    }
  }

  #take(end: number, next: number, complete: boolean): boolean {
    this.start = this.#next
    this.end = this.tooLong ? this.start : end > this.start && this.bytes[end - 1] === 13 ? end - 1 : end
    this.#next = next
    this.line += 1
    this.complete = complete
    return true
  }

  /** Keeps the line begun, makes room behind it and reads on; false where the file ends. */
  #refill(): boolean {
    const begun = this.#filled - this.#next
    const firstBytes = this.#fileOffset === 0
    this.#dropped = begun >= maxLineBytes - 1
    if (this.#dropped) {
      this.tooLong = true
      this.#filled = this.#next = 0
    } else if (begun * 2 > this.bytes.length && this.bytes.length < maxLineBytes) {
      const larger = Buffer.allocUnsafeSlow(Math.min(maxLineBytes, this.bytes.length * 2))
      this.bytes.copy(larger, 0, this.#next, this.#filled)
      this.bytes = larger
      this.#filled = begun
      this.#next = 0
    } else if (this.#next > 0) {
      this.bytes.copyWithin(0, this.#next, this.#filled)
      this.#filled = begun
      this.#next = 0
    }
    const read = readSync(this.#fd, this.bytes, this.#filled, this.bytes.length - 1 - this.#filled, this.#fileOffset)
    this.#fileOffset += read
    this.#filled += read
    this.#ended = read === 0
    if (firstBytes && byteOrderMark.every((byte, index) => this.bytes[index] === byte)) this.#next = Math.min(3, this.#filled)
    return read > 0
  }
}
