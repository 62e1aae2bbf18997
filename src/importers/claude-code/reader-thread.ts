import { parentPort, workerData } from 'node:worker_threads'
import { createPacker } from './call-packing.ts'
import type { ReaderThreadData } from './thread-batches.ts'
import { readTranscripts } from './transcript-reader.ts'

/** The reader thread: reads transcripts while the main thread books, at most so many batches ahead. */

const { tasks, size, taken, maxAhead } = workerData as ReaderThreadData
const pack = createPacker()
let sent = 0
for (const batch of readTranscripts(tasks, size)) {
  const packed = pack(batch)
  parentPort?.postMessage(packed, [packed.numbers.buffer as ArrayBuffer])
  sent += 1
  for (let done = Atomics.load(taken, 0); sent - done >= maxAhead; done = Atomics.load(taken, 0)) Atomics.wait(taken, 0, done)
}
parentPort?.postMessage(null, [])
