import { existsSync, readFileSync, writeFileSync } from 'node:fs'

/** What lies on the disk at one moment: the ledger's file, and its write-ahead log. */
export interface SqliteFiles {
  readonly main: Buffer
  readonly wal: Buffer
}

export function readFiles(path: string): SqliteFiles {
  const log = `${path}-wal`
  return { main: readFileSync(path), wal: existsSync(log) ? readFileSync(log) : Buffer.alloc(0) }
}

export function writeFiles(path: string, { main, wal }: SqliteFiles): void {
  writeFileSync(path, main, { mode: 0o600 })
  writeFileSync(`${path}-wal`, wal)
}

// Sizes and places are those of https://www.sqlite.org/fileformat2.html#the_write_ahead_log.
const walHeaderBytes = 32
const frameHeaderBytes = 24

/**
 * The disk as a power cut leaves it in the middle of the first transaction between two moments: its bytes end at some
 * place before the last frame of it is whole, and behind that place is what was there before. `way`, from 0 to 1, says where.
 */
export function tornBetween(before: SqliteFiles, after: SqliteFiles, way: number): SqliteFiles {
  // Where the log was carried over into the file in between, the power cut came before anything was written.
  if (!before.main.equals(after.main)) return before
  const from = firstDifference(before.wal, after.wal)
  const to = endOfTransaction(after.wal, from)
  const cut = from + Math.floor(way * (to - from))
  return { main: after.main, wal: Buffer.concat([after.wal.subarray(0, cut), before.wal.subarray(cut)]) }
}

function firstDifference(before: Buffer, after: Buffer): number {
  let place = 0
  while (place < before.length && before[place] === after[place]) place += 1
  return place
}

/** Where the transaction ends that a place belongs to: with the first frame that names a size of the file. */
function endOfTransaction(wal: Buffer, from: number): number {
  const frameBytes = frameHeaderBytes + wal.readUInt32BE(8)
  let frame = walHeaderBytes + Math.max(0, Math.floor((from - walHeaderBytes) / frameBytes)) * frameBytes
  while (wal.readUInt32BE(frame + 4) === 0) frame += frameBytes
  return frame + frameBytes
}
