import { isDigit, skipString, skipValue, skipWord, skipZero, wordFalse, wordNull, wordTrue } from './json-skip.ts'
import { toServiceTier } from '../../usage/readers/service-tier.ts'
import {
  code,
  type FieldTable,
  fieldCode,
  fieldsIn,
  firstCount,
  firstFlag,
  firstObject,
  firstRare,
  lineFields,
  names,
} from './line-fields.ts'
import { writerInstant } from './writer-instant.ts'
import { identify, type LineReading, none, type TranscriptCall, typesWithoutUsage, unknownModel } from './transcript-call.ts'

const quote = 34
const backslash = 92

const absent = -1
const noWarnings: TranscriptCall['warnings'] = []
/** Counts of which it matters whether they are given. */
const required = [code.input_tokens, code.output_tokens, code.cache_creation_input_tokens]
/** As much as the usage reader takes for a count. */
const maxCount = 1e12
const contentEnd = Buffer.from('],"stop_reason":')
const lineStart = Buffer.from('{"parentUuid":')

/**
 * Reads a transcript line from its bytes where it has the shape that the writer gives it, which spares decoding what
 * the model and the tools said. What is unusual is left to `readTranscriptLine`; a test on generated lines proves that
 * the two agree wherever this one answers. Lines of a type without usage are not read beyond their type.
 */
export class LineScanner {
  #bytes: Buffer = Buffer.alloc(0)
  /** Where every text found in the line starts and ends; -1 where it is absent. */
  readonly #starts = new Int32Array(firstCount)
  readonly #ends = new Int32Array(firstCount)
  readonly #counts = new Float64Array(names.length)
  readonly #seen = new Uint8Array(names.length)
  /** The last value of every text: most repeat from line to line. */
  readonly #known: { bytes: Buffer; text: string }[] = Array.from({ length: firstCount }, () => ({ bytes: Buffer.alloc(0), text: '' }))
  readonly #headStarts = new Int32Array(firstCount)
  readonly #headEnds = new Int32Array(firstCount)
  #headBytes: Buffer = Buffer.alloc(0)
  #headSidechain = false
  /** Where the head of this line starts, while it is to be kept. */
  #headStart = -1
  #lineEnd = 0
  /** Later times are looked at by the slower reader. */
  readonly #latest = Date.now()
  #sidechain = false
  #withoutUsage = false

  /** What the line `bytes[start, end)` holds; undefined where it is not of the usual shape. */
  scan(bytes: Buffer, start: number, end: number): LineReading | undefined {
    this.#bytes = bytes
    this.#lineEnd = end
    this.#starts.fill(-1)
    this.#counts.fill(0)
    for (const field of required) this.#counts[field] = absent
    this.#seen.fill(0)
    this.#sidechain = this.#withoutUsage = false
    this.#headStart = -1
    const after = this.#walk(start, lineFields)
    if (this.#withoutUsage) return bytes[end - 1] === 125 ? none : undefined
    if (after !== end) return undefined
    if (this.#seen[code.usage] === 0) return none
    return this.#call()
  }

  /** Walks an object and gives the index after it, or -1. */
  #walk(start: number, table: FieldTable): number {
    if (this.#bytes[start] !== 123) return -1
    return this.#bytes[start + 1] === 125 ? start + 2 : this.#walkFields(start + 1, table)
  }

  /** Walks the fields of an object from the quote that opens the first, and gives the index after the object, or -1. */
  #walkFields(start: number, table: FieldTable): number {
    const bytes = this.#bytes
    let at = start
    for (;;) {
      if (bytes[at] !== quote) return -1
      const nameStart = at + 1
      at = nameStart
      while (bytes[at] !== quote) {
        if ((bytes[at] as number) < 32 || bytes[at] === backslash) return -1
        at += 1
      }
      const found = fieldCode(table, bytes, nameStart, at)
      if (found === code.type || found === code.message) this.#keepHead(nameStart - 1)
      if (bytes[at + 1] !== 58) return -1
      if (found >= 0) at = this.#read(found, at + 2)
      else at = table.closed ? skipZero(bytes, at + 2) : skipValue(bytes, at + 2)
      if (at < 0) return -1
      if (bytes[at] === 125) return at + 1
      if (bytes[at] !== 44) return -1
      at += 1
    }
  }

  /** Reads the value of a known field. */
  #read(field: number, at: number): number {
    const isNull = this.#bytes[at] === 110
    if (field < firstCount) return isNull ? this.#forget(field, at) : this.#text(field, at)
    if (field < firstObject) return isNull ? this.#forget(field, at) : this.#count(field, at)
    if (field === code.content) return this.#content(at)
    if (field === code.parentUuid) return this.#head(at)
    if (field >= firstRare) return skipWord(this.#bytes, at, isNull ? wordNull : wordFalse)
    if (field >= firstFlag) return this.#flag(at)
    // Of two objects under one name only the last would count.
    if (isNull || this.#seen[field] === 1) return this.#seen[field] === 1 ? -1 : skipWord(this.#bytes, at, wordNull)
    this.#seen[field] = 1
    return field === code.iterations ? this.#iterations(at) : this.#walk(at, fieldsIn[field - firstObject] as FieldTable)
  }

  /**
   * Passes over what was said to where the writer goes on after it. A quote inside a text is escaped, so this mark
   * stands between fields; if it were one of a deeper object, the rest of the line would not close where it ends. A
   * line that a crash cut off, with another one written behind it, shows by the start of the second.
   */
  #content(at: number): number {
    const mark = this.#bytes[at] === 91 ? this.#bytes.indexOf(contentEnd, at) : -1
    if (mark < 0 || mark > this.#lineEnd) return skipValue(this.#bytes, at)
    const another = this.#bytes.indexOf(lineStart, at)
    return another < 0 || another > mark ? mark + 1 : -1
  }

  /**
   * Passes over the id of the parent, and with it over the fields that follow if they are those of the line before, as
   * they are within a session.
   */
  #head(at: number): number {
    const after = skipValue(this.#bytes, at)
    const { length } = this.#headBytes
    this.#headStart = after
    if (after < 0 || length === 0 || after + length >= this.#lineEnd) return after
    if (this.#bytes.compare(this.#headBytes, 0, length, after, after + length) !== 0) return after
    for (let field = 0; field < firstCount; field += 1) {
      if ((this.#headStarts[field] as number) < 0) continue
      this.#starts[field] = (this.#headStarts[field] as number) + after
      this.#ends[field] = (this.#headEnds[field] as number) + after
    }
    this.#sidechain = this.#headSidechain
    this.#headStart = -1
    return after + length
  }

  /** Keeps the fields read since the id of the parent, up to the comma before the field at `end`. */
  #keepHead(end: number): void {
    const start = this.#headStart
    this.#headStart = -1
    if (start < 0 || end - 1 <= start) return
    this.#headBytes = Buffer.from(this.#bytes.subarray(start, end - 1))
    this.#headSidechain = this.#sidechain
    for (let field = 0; field < firstCount; field += 1) {
      const found = this.#starts[field] as number
      this.#headStarts[field] = found < start ? -1 : found - start
      this.#headEnds[field] = (this.#ends[field] as number) - start
    }
  }

  /** A message of one sampling repeats its counts as its only iteration; any other list is left to the slower reader. */
  #iterations(at: number): number {
    if (this.#bytes[at] !== 91) return -1
    if (this.#bytes[at + 1] === 93) return at + 2
    const after = this.#walk(at + 1, fieldsIn[code.iterations - firstObject] as FieldTable)
    return after > 0 && this.#bytes[after] === 93 && this.#textOf(code['iterations.type']) === 'message' ? after + 1 : -1
  }

  #forget(field: number, at: number): number {
    if (field < firstCount) this.#starts[field] = -1
    else this.#counts[field] = field === code.input_tokens || field === code.output_tokens ? absent : 0
    return skipWord(this.#bytes, at, wordNull)
  }

  #flag(at: number): number {
    const bytes = this.#bytes
    this.#sidechain = bytes[at] === 116
    return skipWord(bytes, at, this.#sidechain ? wordTrue : bytes[at] === 110 ? wordNull : wordFalse)
  }

  #text(field: number, start: number): number {
    if (this.#bytes[start] !== quote) return -1
    const after = skipString(this.#bytes, start + 1)
    this.#starts[field] = start + 1
    this.#ends[field] = after - 1
    if (after > 0 && field === code.type && typesWithoutUsage.includes(this.#textOf(field))) {
      this.#withoutUsage = true
      return -1
    }
    return after
  }

  #count(field: number, start: number): number {
    const bytes = this.#bytes
    let at = start
    let value = 0
    while (isDigit(bytes[at])) {
      value = value * 10 + (bytes[at] as number) - 48
      at += 1
    }
    if (at === start || value > maxCount || (bytes[start] === 48 && at - start > 1)) return -1
    this.#counts[field] = value
    return at
  }

  /** The text of a field, empty where it is absent. */
  #textOf(field: number): string {
    const start = this.#starts[field] as number
    if (start < 0) return ''
    const end = this.#ends[field] as number
    // Ids differ from line to line; the rest mostly repeats.
    if (field === code.id || field === code.requestId) return this.#decode(start, end)
    const known = this.#known[field] as { bytes: Buffer; text: string }
    if (known.bytes.length === end - start && skipWord(this.#bytes, start, known.bytes) > 0) return known.text
    const text = this.#decode(start, end)
    this.#known[field] = { bytes: Buffer.from(this.#bytes.subarray(start, end)), text }
    return text
  }

  #decode(start: number, end: number): string {
    for (let at = start; at < end; at += 1) {
      const byte = this.#bytes[at] as number
      if (byte > 127 || byte === backslash) return JSON.parse(`"${this.#bytes.toString('utf8', start, end)}"`) as string
    }
    return this.#bytes.toString('latin1', start, end)
  }

  #call(): LineReading | undefined {
    const at = writerInstant(this.#bytes, this.#starts[code.timestamp] as number, this.#ends[code.timestamp] as number)
    const model = this.#textOf(code.model)
    if (at === undefined || at > this.#latest || model === '<synthetic>' || !this.#isPlainUsage()) return undefined
    const counted = this.#counts
    const written1h = counted[code.ephemeral_1h_input_tokens] as number
    const written5m = counted[code.ephemeral_5m_input_tokens] as number
    const speed = this.#textOf(code.speed)
    const geo = this.#textOf(code.inference_geo)
    const call: TranscriptCall = {
      responseId: '',
      ownId: '',
      at,
      model: model === '' ? unknownModel : model,
      session: this.#textOf(code.sessionId),
      cwd: this.#textOf(code.cwd),
      project: '',
      branch: this.#textOf(code.gitBranch),
      rank: this.#sidechain ? 0 : 1,
      inputTokens: counted[code.input_tokens] as number,
      cacheReadTokens: counted[code.cache_read_input_tokens] as number,
      cacheWrite5mTokens: written5m + written1h > 0 ? written5m : Math.max(0, counted[code.cache_creation_input_tokens] as number),
      cacheWrite1hTokens: written1h,
      outputTokens: counted[code.output_tokens] as number,
      reasoningTokens: counted[code.thinking_tokens] as number,
      searches: counted[code.web_search_requests] as number,
      serviceTier: this.#serviceTier(),
      speed: speed === 'standard' ? '' : speed,
      region: geo === 'global' || geo === 'not_available' ? '' : geo,
      stopReason: this.#textOf(code.stop_reason),
      reportedUsd: '',
      warnings: noWarnings,
    }
    const id = this.#textOf(code.id)
    identify(call, id, id === '' ? this.#textOf(code.requestId) : '')
    return { kind: 'call', call }
  }

  /** Whether the counts are all there and agree, so that the usage reader would have nothing to warn of. */
  #isPlainUsage(): boolean {
    const counted = this.#counts
    const input = counted[code.input_tokens] as number
    const output = counted[code.output_tokens] as number
    const written = counted[code.cache_creation_input_tokens] as number
    const parts = (counted[code.ephemeral_5m_input_tokens] as number) + (counted[code.ephemeral_1h_input_tokens] as number)
    if (input < 0 || output < 0 || (parts > 0 && written !== absent && written !== parts)) return false
    if ((counted[code.thinking_tokens] as number) > output || counted[code.code_execution_requests] !== 0) return false
    if ((this.#starts[code['iterations.type']] as number) < 0) return true
    return input + output === (counted[code['iterations.input_tokens']] as number) + (counted[code['iterations.output_tokens']] as number)
  }

  #serviceTier(): string {
    const word = this.#textOf(code.service_tier)
    return word === '' || word === 'standard' ? '' : (toServiceTier(word) ?? '')
  }
}
