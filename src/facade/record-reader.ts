import type { ChargeInput } from '../ledger/charge.ts'
import type { CallRecord } from '../ledger/parse-record.ts'
import type * as RecordParser from '../ledger/parse-record.ts'

/**
 * Reads records before it gives way to the caller, who may change them afterwards. The parser is loaded on first use,
 * because it brings every usage reader along, which a question about costs does not need; till then a copy waits.
 */
export class RecordReader {
  #parser: typeof RecordParser | undefined

  /** @throws what parseRecord throws */
  async read(records: readonly CallRecord[], zone: string, nowMs: number): Promise<ChargeInput[]> {
    let waiting = records
    if (this.#parser === undefined) {
      waiting = records.map((record) => copyRecord(record))
      this.#parser = await import('../ledger/parse-record.ts')
    }
    const { parseRecord } = this.#parser
    return waiting.map((record) => parseRecord(record, zone, nowMs))
  }
}

/** A copy that later changes do not reach; a body is the provider's and is not changed. */
function copyRecord(record: CallRecord): CallRecord {
  if (typeof record !== 'object' || record === null) return record
  const copy: Record<string, unknown> = { ...record }
  for (const [key, value] of Object.entries(copy)) {
    if (key !== 'body' && isPlainObject(value)) copy[key] = { ...value }
    else if (key === 'serves' && Array.isArray(value)) copy[key] = value.map(copyServed)
  }
  return copy as unknown as CallRecord
}

function copyServed(served: unknown): unknown {
  if (!isPlainObject(served)) return served
  const { labels } = served as { labels?: unknown }
  return isPlainObject(labels) ? { ...served, labels: { ...labels } } : { ...served }
}

function isPlainObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
}
