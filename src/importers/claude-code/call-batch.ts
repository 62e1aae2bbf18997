import type { FilePosition } from '../file-position.ts'
import { sizeOf, type TranscriptCall } from './transcript-call.ts'

/** Some calls, and how far their files are read once these are booked. */
export interface TranscriptBatch {
  readonly calls: readonly TranscriptCall[]
  readonly records: number
  /** Records of a call that another one in this batch stands for. */
  readonly duplicates: number
  readonly skipped: readonly { readonly reason: string; readonly where: string }[]
  readonly positions: readonly (readonly [path: string, position: FilePosition])[]
  /** Bytes of input read for it. */
  readonly bytes: number
}

/** Collects what a batch holds; of the lines of one message the largest stays. */
export class CallBatch implements TranscriptBatch {
  readonly calls: TranscriptCall[] = []
  readonly skipped: { reason: string; where: string }[] = []
  readonly positions: (readonly [string, FilePosition])[] = []
  records = 0
  duplicates = 0
  bytes = 0
  readonly #placeOf = new Map<string, number>()

  /** Adds a record of a call. */
  add(call: TranscriptCall): void {
    this.records += 1
    this.#fold(call)
  }

  /** Adds all that another batch holds, which was read after this one. */
  merge(other: TranscriptBatch): void {
    this.records += other.records
    this.duplicates += other.duplicates
    this.bytes += other.bytes
    this.skipped.push(...other.skipped)
    this.positions.push(...other.positions)
    for (const call of other.calls) this.#fold(call)
  }

  #fold(call: TranscriptCall): void {
    const id = call.responseId === '' ? call.ownId : call.responseId
    const place = this.#placeOf.get(id)
    if (place === undefined) {
      this.#placeOf.set(id, this.calls.push(call) - 1)
      return
    }
    this.duplicates += 1
    this.calls[place] = larger(this.calls[place] as TranscriptCall, call)
  }
}

/**
 * The record that counts: the call before its replay, then the larger usage. It keeps the time and the labels of the
 * first, as a correction in the ledger would.
 */
function larger(first: TranscriptCall, second: TranscriptCall): TranscriptCall {
  if (first.rank !== second.rank) return first.rank > second.rank ? first : second
  if (sizeOf(second) <= sizeOf(first)) return first
  const { at, session, cwd, project, branch } = first
  return Object.assign(second, { at, session, cwd, project, branch })
}
