import { closeSync, openSync, readFileSync } from 'node:fs'
import { PurserError } from '../errors.ts'
import type { ChargeInput } from '../ledger/charge.ts'
import { asFields } from '../usage/readers/fields.ts'
import { type ContentId, ContentIds } from './content-ids.ts'
import { hasUnfinishedLine, isUnchanged, positionAt, resumePosition, toFilePosition } from './file-position.ts'
import type { ImportedCall, ImportSink } from './importer.ts'
import { correctionReason, recordsOf, toRecordedCall, valueAt } from './json-records.ts'
import { LineReader } from './line-reader.ts'
import { filesToRead } from './named-files.ts'
import { parseMapping, type RecordDefaults, refusalReason, toImportedCall, toMappedCall } from './record-mapping.ts'
import { skipPlace } from './skip-place.ts'
import type { SourceFile } from './source-files.ts'

export interface JsonlImport extends RecordDefaults {
  /**
   * JSON lines, or JSON documents where the name ends in `.json`. Read one after the other as if they were one: equal
   * records of two of them are two calls.
   */
  readonly files: readonly string[]
  /** Like `at=timestamp,inputTokens=usage.prompt`; without one the shape of each record is recognised. */
  readonly map?: string
}

const batchLines = 1000
const chunkBytes = 256 * 1024
const maxDocumentBytes = 64 * 1024 * 1024

/**
 * Imports JSON lines: charges that `purser export` wrote, records in purser's own words, raw provider responses with
 * provider and API, entries of cost logs, or any objects by a mapping. Lines that were imported before are not booked
 * again; a last line that is still being written is read next time.
 * @throws PURSER_NOT_FOUND, PURSER_BAD_ARGUMENT, PURSER_BAD_RECORD for a file that is not UTF-8.
 */
export async function importJsonl(options: JsonlImport, sink: ImportSink): Promise<void> {
  const ids = new ContentIds('jsonl', options)
  for (const file of filesToRead('jsonl', options.files, sink)) {
    const source = `jsonl:${file.path}`
    const position = toFilePosition(sink.checkpoint(source))
    const toImported = createRecordReader(options, ids.ofFile(file)(''))
    const fd = openSync(file.path, 'r')
    try {
      const run = { fd, file, source, sink, toImported }
      const known = resumePosition(fd, file, position).line
      if (file.path.toLowerCase().endsWith('.json')) await importDocument(run, isUnchanged(file, position))
      else await importLines(run, known)
    } finally {
      closeSync(fd)
    }
  }
}

interface Refusal {
  readonly reason: string
  /** What the ledger's checks said, where they refused it. */
  readonly error?: unknown
}

interface JsonRun {
  readonly fd: number
  readonly file: SourceFile
  readonly source: string
  readonly sink: ImportSink
  readonly toImported: (object: unknown, content: string, isNew: boolean) => ImportedCall | Refusal | undefined
}

/** Lines up to `known` were taken before; they only count for the ids of equal lines after them. */
async function importLines({ fd, file, source, sink, toImported }: JsonRun, known: number): Promise<void> {
  const lines = new LineReader(fd, { offset: 0, line: 0 }, Buffer.allocUnsafeSlow(chunkBytes))
  let calls: ImportedCall[] = []
  let all = 0
  let news = 0
  const put = async (offset: number, line: number, done: boolean): Promise<void> => {
    all += calls.length
    const position = positionAt(fd, file, offset, line, done)
    news += await sink.put(calls, new Map([[source, position]]))
    if (hasUnfinishedLine(position)) sink.countUnfinished?.(file.path)
    sink.progress(offset, file.size)
    calls = []
  }
  let taken = { offset: 0, line: 0 }
  while (lines.next()) {
    if (sink.signal.aborted) return
    const text = lines.bytes.toString('utf8', lines.start, lines.end).trim()
    const parsed = text === '' ? undefined : parseJson(text)
    if (parsed === undefined && text !== '' && !lines.complete) break
    taken = { offset: lines.offset, line: lines.line }
    if (text === '' && !lines.tooLong) continue
    const isNew = lines.line > known
    const call = parsed === undefined ? { reason: lines.tooLong ? 'line too long' : 'not JSON' } : toImported(parsed.value, text, isNew)
    if (!isNew || call === undefined) continue
    take(call, `${file.path}:${lines.line}`, calls, sink)
    if (calls.length >= batchLines) await put(taken.offset, taken.line, false)
  }
  await put(taken.offset, taken.line, true)
  if (all > 0 && news === 0 && known === 0) sink.countKnownFile?.(file.path)
}

function take(call: ImportedCall | Refusal, where: string, calls: ImportedCall[], sink: ImportSink): void {
  sink.countRead(1)
  if ('reason' in call) sink.skip(call.reason, skipPlace(where, call.error))
  else calls.push({ ...call, where })
}

async function importDocument({ fd, file, source, sink, toImported }: JsonRun, isKnown: boolean): Promise<void> {
  if (file.size > maxDocumentBytes) {
    throw new PurserError(
      'PURSER_BAD_ARGUMENT',
      `${file.path} is a JSON document of ${file.size} bytes; at most ${maxDocumentBytes} are read at once. Write it as JSON lines.`,
    )
  }
  const parsed = parseJson(readFileSync(file.path, 'utf8').replace(/^\uFEFF/, ''))
  const calls: ImportedCall[] = []
  const records = parsed === undefined ? [] : recordsOf(parsed.value)
  if (parsed === undefined && !isKnown) {
    sink.countRead(1)
    sink.skip('not JSON', file.path)
  }
  for (const [index, record] of records.entries()) {
    if (sink.signal.aborted) return
    const call = toImported(record, JSON.stringify(record), !isKnown)
    if (call === undefined) continue
    take(call, `${file.path}: entry ${index + 1}`, calls, sink)
  }
  // A document that is no JSON may be half written; it is looked at again when it changes.
  const news = await sink.put(calls, new Map([[source, positionAt(fd, file, file.size, records.length, true)]]))
  if (calls.length > 0 && news === 0) sink.countKnownFile?.(file.path)
  sink.progress(file.size, file.size)
}

/** Reads one record: a call, or why there is none; nothing for what was taken before. */
function createRecordReader(options: JsonlImport, contentId: ContentId): JsonRun['toImported'] {
  const mapping = options.map === undefined ? undefined : parseMapping(options.map)
  const nowMs = Date.now()
  const read = (object: Readonly<Record<string, unknown>>): ChargeInput =>
    mapping === undefined ? toRecordedCall(object, options, nowMs) : toMappedCall(mapping, (path) => valueAt(object, path), options, nowMs)
  return (parsed, content, isNew) => {
    const id = contentId(content)
    if (!isNew) return undefined
    const object = asFields(parsed)
    if (object === undefined) return { reason: 'not a JSON object' }
    if (typeof object['corrects'] === 'string') return { reason: correctionReason }
    try {
      return toImportedCall(read(object), id)
    } catch (error) {
      return { reason: refusalReason(error), error }
    }
  }
}

function parseJson(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) }
  } catch {
    return undefined
  }
}
