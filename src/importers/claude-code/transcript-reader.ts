import { closeSync, openSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { CallBatch, type TranscriptBatch } from './call-batch.ts'
import { type FilePosition, positionAt, resumePosition } from '../file-position.ts'
import { LineReader } from '../line-reader.ts'
import type { SourceFile } from '../source-files.ts'
import { LineScanner } from './line-scanner.ts'
import { projectFolder, projectName } from './project.ts'
import { type LineReading, readTranscriptLine } from './transcript-call.ts'

/** A transcript to read, and where the last import stopped in it. */
export interface TranscriptTask {
  readonly file: SourceFile
  readonly position: FilePosition | undefined
}

export interface BatchSize {
  readonly chunkBytes: number
  readonly batchBytes: number
  readonly batchCalls: number
}

/** Reads transcripts from where the last import stopped, in batches of about the given size. */
export function* readTranscripts(tasks: readonly TranscriptTask[], size: BatchSize): Generator<TranscriptBatch> {
  const scanner = new LineScanner()
  const buffer = Buffer.allocUnsafeSlow(size.chunkBytes)
  let batch = new CallBatch()
  for (const { file, position } of tasks) {
    const opened = open(file.path)
    if (opened === undefined) {
      batch.skipped.push({ reason: 'unreadable file', where: file.path })
      batch.records += 1
      continue
    }
    try {
      const resumed = resumePosition(opened, file, position)
      const lines = new LineReader(opened, resumed, buffer)
      const place = placeOf(file.path)
      let counted = resumed.offset
      let unfinished = false
      while (!unfinished && lines.next()) {
        unfinished = !readLine(lines, scanner, batch, place)
        if (lines.offset - counted + batch.bytes < size.batchBytes && batch.calls.length < size.batchCalls) continue
        batch.bytes += lines.offset - counted
        counted = lines.offset
        if (!unfinished) batch.positions.push([file.path, positionAt(opened, file, lines.offset, lines.line, false)])
        yield batch
        batch = new CallBatch()
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
function readLine(lines: LineReader, scanner: LineScanner, batch: CallBatch, place: Place): boolean {
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

function skip(batch: CallBatch, reason: string, path: string, line: number): true {
  batch.records += 1
  batch.skipped.push({ reason, where: `${path}:${line}` })
  return true
}

/** What the place of a transcript says of its calls. */
interface Place {
  readonly path: string
  /** Its own name, or of an agent that a session started that session's folder; for lines that name no session. */
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
