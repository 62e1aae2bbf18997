import type { ChargeInput } from '../../src/ledger/charge.ts'
import type { Checkpoint, ImportedCall, ImportSink } from '../../src/importers/importer.ts'
import { isLarger } from '../../src/ledger/correction.ts'

/** A ledger in memory that books imported calls by the documented rules, for tests of importers alone. */
export interface MemorySink extends ImportSink {
  /** What counts of each call, by charge id. */
  readonly charges: ReadonlyMap<string, ChargeInput>
  readonly counted: { read: number; booked: number; superseded: number; duplicates: number }
  readonly skipped: Map<string, string[]>
  readonly progressed: [number, number][]
  /** Starts a second import into the same ledger. */
  readonly again: (signal?: AbortSignal) => MemorySink
}

interface Booked {
  readonly charge: ChargeInput
  readonly rank: number
}

export function createMemorySink(
  booked = new Map<string, Booked>(),
  kept = new Map<string, string>(),
  signal: AbortSignal = new AbortController().signal,
): MemorySink {
  const counted = { read: 0, booked: 0, superseded: 0, duplicates: 0 }
  const skipped = new Map<string, string[]>()
  const progressed: [number, number][] = []
  const book = (call: ImportedCall): void => {
    const { charge, onExisting, rank = 1 } = call
    const id = charge.id ?? `${charge.provider}:${charge.responseId}`
    const before = booked.get(id)
    const wins = before === undefined || rank > before.rank || (rank === before.rank && isLarger(charge.usage, before.charge.usage))
    if (before !== undefined && (onExisting === 'duplicate' || !wins)) {
      counted.duplicates += 1
      return
    }
    counted[before === undefined ? 'booked' : 'superseded'] += 1
    // A correction takes the time of what it corrects.
    booked.set(id, { charge: before === undefined ? charge : { ...charge, at: before.charge.at }, rank })
  }
  return {
    get charges() {
      return new Map([...booked].map(([id, { charge }]) => [id, charge]))
    },
    counted,
    skipped,
    progressed,
    again: (next) => createMemorySink(booked, kept, next),
    checkpoint: (source) => JSON.parse(kept.get(source) ?? 'null') ?? undefined,
    note: (key) => JSON.parse(kept.get(`note:${key}`) ?? 'null') ?? undefined,
    put: async (calls: readonly ImportedCall[], checkpoints: ReadonlyMap<string, Checkpoint>, notes?: ReadonlyMap<string, Checkpoint>) => {
      const before = counted.booked + counted.superseded
      for (const call of calls) book(call)
      for (const [key, note] of notes ?? []) kept.set(`note:${key}`, JSON.stringify(note))
      for (const [source, checkpoint] of checkpoints) kept.set(source, JSON.stringify(checkpoint))
      return counted.booked + counted.superseded - before
    },
    timeOf: async (id) => booked.get(id)?.charge.at,
    countRead: (records) => {
      counted.read += records
    },
    countDuplicates: (records) => {
      counted.duplicates += records
    },
    skip: (reason, where) => {
      skipped.set(reason, [...(skipped.get(reason) ?? []), where])
    },
    progress: (done, total) => {
      progressed.push([done, total])
    },
    signal,
  }
}

/** A second import into the same ledger that is broken off, as by Ctrl-C, once its first calls are booked. */
export function stoppedAfterFirstCalls(sink: MemorySink): MemorySink {
  const stop = new AbortController()
  const stopping = sink.again(stop.signal)
  const put: MemorySink['put'] = async (...given) => {
    const news = await stopping.put(...given)
    stop.abort()
    return news
  }
  return { ...stopping, put }
}
