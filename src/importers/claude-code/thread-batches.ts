import { Worker } from 'node:worker_threads'
import { moduleFile } from '../../package-files.ts'
import { createUnpacker, type PackedBatch } from './call-packing.ts'
import { CallBatch, type TranscriptBatch } from './call-batch.ts'
import type { BatchSize, TranscriptTask } from './transcript-reader.ts'

export interface ReaderThreadData {
  readonly tasks: readonly TranscriptTask[]
  readonly size: BatchSize
  /** Batches that the main thread took, for the reader to wait on. */
  readonly taken: Int32Array
  readonly maxAhead: number
}

const threadFile = moduleFile('importers/claude-code/reader-thread')
const maxAhead = 64
const callsAtOnce = 1000

/** Reads transcripts on a thread of its own, so that parsing and booking share two cores. */
export async function* threadBatches(tasks: readonly TranscriptTask[], size: BatchSize): AsyncGenerator<TranscriptBatch> {
  const taken = new Int32Array(new SharedArrayBuffer(4))
  const workerData: ReaderThreadData = { tasks, size, taken, maxAhead }
  const thread = new Worker(threadFile, { workerData })
  const arrived: (PackedBatch | null)[] = []
  let wake = Promise.withResolvers<void>()
  thread.on('message', (packed: PackedBatch | null) => {
    arrived.push(packed)
    wake.resolve()
  })
  let failure: { readonly error: unknown } | undefined
  thread.once('error', (error) => {
    failure = { error }
    wake.resolve()
  })
  const unpack = createUnpacker()
  try {
    for (;;) {
      if (arrived.length === 0) {
        if (failure !== undefined) throw failure.error
        await wake.promise
        wake = Promise.withResolvers()
      }
      const batch = new CallBatch()
      let ended = false
      // What came while the last batch was booked goes into the next as a whole: fewer transactions are faster.
      while (arrived.length > 0 && !ended && batch.calls.length < callsAtOnce) {
        const packed = arrived.shift()
        if (packed === null || packed === undefined) ended = true
        else {
          batch.merge(unpack(packed))
          Atomics.add(taken, 0, 1)
        }
      }
      Atomics.notify(taken, 0)
      if (batch.records > 0 || batch.positions.length > 0) yield batch
      if (ended) return
    }
  } finally {
    await thread.terminate()
  }
}
