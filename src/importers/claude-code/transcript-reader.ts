import { closeSync, openSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { type FilePosition, positionAt, resumePosition } from '../file-position.ts'
import { LineReader } from '../line-reader.ts'
import type { SourceFile } from '../source-files.ts'
import { LineScanner } from './line-scanner.ts'
import { projectFolder, projectName } from './project.ts'
import { type LineReading, readTranscriptLine, totalTokens, type TranscriptCall } from './transcript-call.ts'

/** A transcript to read, and where the last import stopped in it. */
export interface TranscriptTask {
  readonly file: SourceFile
  readonly position: FilePosition | undefined
}

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

export interface BatchSize {
  readonly chunkBytes: number
  readonly batchBytes: number
  readonly batchCalls: number
}

/** Collects what a batch holds; of the lines of one message the largest stays. */
class Batch implements TranscriptBatch {
  readonly #byId = new Map<string, TranscriptCall>()
  readonly skipped: { reason: string; where: string }[] = []
  readonly positions: [string, FilePosition][] = []
  records = 0
  duplicates = 0
  bytes = 0

  get calls(): readonly TranscriptCall[] {
    return [...this.#byId.values()]
  }

  get size(): number {
    return this.#byId.size
  }

  add(call: TranscriptCall): void {
    this.records += 1
    const id = call.responseId === '' ? call.ownId : call.responseId
    const other = this.#byId.get(id)
    if (other !== undefined) this.duplicates += 1
    this.#byId.set(id, other === undefined ? call : larger(other, call))
  }
}

/**
 * The record that counts: the call before its replay, then the larger usage. It keeps the time and the labels of the
 * first, as a correction in the ledger would.
 */
function larger(first: TranscriptCall, second: TranscriptCall): TranscriptCall {
  if (first.rank !== second.rank) return first.rank > second.rank ? first : second
  if (totalTokens(second) <= totalTokens(first)) return first
  const { at, session, cwd, project, branch } = first
  return Object.assign(second, { at, session, cwd, project, branch })
}

/** Reads transcripts from where the last import stopped, in batches of about the given size. */
export function* readTranscripts(tasks: readonly TranscriptTask[], size: BatchSize): Generator<TranscriptBatch> {
  const scanner = new LineScanner()
  let batch = new Batch()
  for (const { file, position } of tasks) {
    const opened = open(file.path)
    if (opened === undefined) {
      batch.skipped.push({ reason: 'unreadable file', where: file.path })
      batch.records += 1
      continue
    }
    try {
      const resumed = resumePosition(opened, file, position)
      const lines = new LineReader(opened, resumed, size.chunkBytes)
      const place = placeOf(file.path)
      let counted = resumed.offset
      let unfinished = false
      while (!unfinished && lines.next()) {
        unfinished = !readLine(lines, scanner, batch, place)
        if (lines.offset - counted + batch.bytes < size.batchBytes && batch.size < size.batchCalls) continue
        batch.bytes += lines.offset - counted
        counted = lines.offset
        if (!unfinished) batch.positions.push([file.path, positionAt(opened, file, lines.offset, lines.line, false)])
        yield batch
        batch = new Batch()
      }
      const offset = unfinished ? lines.lineOffset : lines.offset
      batch.bytes += lines.offset - counted
      batch.positions.push([file.path, positionAt(opened, file, offset, unfinished ? lines.line - 1 : lines.line, true)])
    } finally {
      closeSync(opened)
    }
  }
  yield batch
}

/** Adds what a line holds; false for a last line that is still being written. */
function readLine(lines: LineReader, scanner: LineScanner, batch: Batch, place: Place): boolean {
  const { bytes, start, end } = lines
  if (lines.tooLong) return skip(batch, 'line too long', place.path, lines.line)
  if (end === start) return true
  const reading: LineReading = scanner.scan(bytes, start, end) ?? readTranscriptLine(bytes.toString('utf8', start, end))
  if (reading.kind === 'none') return true
  if (reading.kind === 'skip') {
    if (reading.reason === 'not JSON' && !lines.complete) return false
    return skip(batch, reading.reason, place.path, lines.line)
  }
  const { call } = reading
  if (call.session === '') call.session = place.session
  call.project = place.project(call.cwd)
  batch.add(call)
  return true
}

function skip(batch: Batch, reason: string, path: string, line: number): true {
  batch.records += 1
  batch.skipped.push({ reason, where: `${path}:${line}` })
  return true
}

/** What the place of a transcript says of its calls. */
interface Place {
  readonly path: string
  /** Its own name, or for a subagent its session's folder; for lines that name no session. */
  readonly session: string
  readonly project: (cwd: string) => string
}

function placeOf(path: string): Place {
  const above = dirname(path)
  const session = basename(above) === 'subagents' ? basename(dirname(above)) : basename(path, '.jsonl')
  const folder = projectFolder(path)
  const known = new Map<string, string>()
  const project = (cwd: string): string => {
    let name = known.get(cwd)
    if (name === undefined) {
      name = projectName(folder, cwd)
      known.set(cwd, name)
    }
    return name
  }
  return { path, session, project }
}

function open(path: string): number | undefined {
  try {
    return openSync(path, 'r')
  } catch {
    return undefined
  }
}
