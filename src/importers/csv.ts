import { closeSync, createReadStream, openSync, readSync } from 'node:fs'
import { type Info, parse } from 'csv-parse'
import { type ContentId, ContentIds } from './content-ids.ts'
import { checkHeaders, csvFormat, detectDelimiter, mappingOf, toColumns } from './csv-header.ts'
import { positionAt, resumePosition, toFilePosition } from './file-position.ts'
import type { Checkpoint, ImportedCall, ImportSink } from './importer.ts'
import { correctionReason, fromExportedRow } from './json-records.ts'
import { filesToRead } from './named-files.ts'
import { type RecordDefaults, refusalReason, toImportedCall, toMappedCall } from './record-mapping.ts'
import { skipPlace } from './skip-place.ts'
import type { SourceFile } from './source-files.ts'

export interface CsvImport extends RecordDefaults {
  /** Read one after the other as if they were one: equal rows of two of them are two calls. */
  readonly files: readonly string[]
  /** Like `at=TIMESTAMP,inputTokens=ContextTokens`; without one, columns named like their targets are read. */
  readonly map?: string
  /** Found from the first line unless given. */
  readonly delimiter?: string
}

interface Row {
  readonly record: readonly string[]
  readonly info: Info
}

const batchRows = 1000
/** A last line without a line break may still be being written, unless the file has rested this long. */
const restMs = 2000

/**
 * Imports the rows of CSV files with a header line. Rows that were imported before are not booked again, also when
 * their file has moved or grown; equal rows stay as many as they are.
 * @throws PURSER_NOT_FOUND, PURSER_BAD_RECORD for a file that is not UTF-8, PURSER_BAD_ARGUMENT when the mapping names a
 * column that a file has not.
 */
export async function importCsv(options: CsvImport, sink: ImportSink): Promise<void> {
  const ids = new ContentIds('csv', options)
  const files = filesToRead('csv', options.files, sink)
  checkHeaders(options.files, options)
  for (const file of files) {
    const source = `csv:${file.path}`
    const position = toFilePosition(sink.checkpoint(source))
    const fd = openSync(file.path, 'r')
    try {
      const known = resumePosition(fd, file, position)
      const rows = openRows(file, options.delimiter ?? detectDelimiter(fd))
      const lines = known.line > 0 ? Number(position?.['lines'] ?? 0) : 0
      await new CsvRun(options, sink, fd, file, ids.ofFile(file), { rows: known.line, lines }).run(rows)
    } finally {
      closeSync(fd)
    }
  }
}

/** A call from a row, or why there is none. */
type RowReader = (record: readonly string[]) => ImportedCall | string

class CsvRun {
  readonly #calls: ImportedCall[] = []
  readonly #nowMs = Date.now()
  readonly #options: CsvImport
  readonly #sink: ImportSink
  readonly #fd: number
  readonly #file: SourceFile
  readonly #contentIds: (header: string) => ContentId
  /** Rows and lines that an earlier import took; they only count for the ids of equal rows after them. */
  readonly #known: { readonly rows: number; readonly lines: number }
  #taken = 0
  #news = 0
  #rows = 0
  #lines = 0
  #offset = 0

  constructor(
    options: CsvImport,
    sink: ImportSink,
    fd: number,
    file: SourceFile,
    contentIds: (header: string) => ContentId,
    known: { readonly rows: number; readonly lines: number },
  ) {
    this.#options = options
    this.#sink = sink
    this.#fd = fd
    this.#file = file
    this.#contentIds = contentIds
    this.#known = known
  }

  async run(rows: AsyncIterable<Row> & { readonly badLines: readonly number[] }): Promise<void> {
    let mapped: RowReader | undefined
    let width = 0
    let badLines = 0
    let mayRest = false
    for await (const { record, info } of rows) {
      if (this.#sink.signal.aborted) return
      for (; badLines < rows.badLines.length; badLines += 1) this.#skipBadLine(rows.badLines[badLines] ?? 0)
      if (mapped === undefined) {
        mapped = this.#readHeader(record)
        width = record.length
      } else {
        if (this.#isUnfinished(info, record.length, width)) {
          this.#sink.countUnfinished?.(this.#file.path)
          mayRest = record.length >= width
          break
        }
        this.#rows += 1
        if (record.length === width) this.#take(mapped, record, info.lines)
        else if (this.#rows > this.#known.rows) this.#skip('wrong number of columns', info.lines)
      }
      this.#offset = info.bytes
      this.#lines = info.lines
      if (this.#calls.length >= batchRows) await this.#put(false)
    }
    for (; badLines < rows.badLines.length; badLines += 1) this.#skipBadLine(rows.badLines[badLines] ?? 0)
    // A row that is only waiting for its file to rest is taken next time, though nothing is written until then.
    await this.#put(!mayRest)
    if (this.#taken > 0 && this.#news === 0 && this.#known.rows === 0) this.#sink.countKnownFile?.(this.#file.path)
  }

  #readHeader(header: readonly string[]): RowReader {
    const columns = toColumns(header)
    const mapping = mappingOf(columns, this.#options.map, this.#file.path)
    const contentId = this.#contentIds(JSON.stringify(columns))
    const place = new Map(columns.map((name, index) => [name, index]))
    const isExport = this.#options.map === undefined && columns.includes('bookedAt')
    return (record) => {
      const id = contentId(JSON.stringify(record))
      const valueOf = (column: string): string | undefined => record[place.get(column) ?? -1]?.trim()
      if (isExport && (valueOf('corrects') ?? '') !== '') return correctionReason
      const charge = isExport
        ? fromExportedRow(columns, record, this.#options, this.#nowMs)
        : toMappedCall(mapping, valueOf, this.#options, this.#nowMs)
      return toImportedCall(charge, id)
    }
  }

  #take(mapped: RowReader, record: readonly string[], line: number): void {
    const isNew = this.#rows > this.#known.rows
    try {
      const call = mapped(record)
      if (!isNew) return
      if (typeof call === 'string') {
        this.#skip(call, line)
        return
      }
      this.#calls.push({ ...call, where: `${this.#file.path}:${line}` })
      this.#sink.countRead(1)
    } catch (error) {
      const reason = refusalReason(error)
      if (isNew) this.#skip(reason, line, error)
    }
  }

  #isUnfinished(info: Info, columns: number, width: number): boolean {
    if (info.bytes < this.#file.size || endsWithNewline(this.#fd, this.#file.size)) return false
    return columns < width || Date.now() - this.#file.mtimeMs < restMs
  }

  /** Text that is no CSV is no row, so its line tells whether it was named before. */
  #skipBadLine(line: number): void {
    if (line > this.#known.lines) this.#skip('not CSV', line)
    this.#lines = Math.max(this.#lines, line)
  }

  #skip(reason: string, line: number, error?: unknown): void {
    this.#sink.countRead(1)
    this.#sink.skip(reason, skipPlace(`${this.#file.path}:${line}`, error))
  }

  async #put(done: boolean): Promise<void> {
    const checkpoint: Checkpoint = { ...positionAt(this.#fd, this.#file, this.#offset, this.#rows, done), lines: this.#lines }
    this.#taken += this.#calls.length
    this.#news += await this.#sink.put(this.#calls.splice(0), new Map([[`csv:${this.#file.path}`, checkpoint]]))
    this.#sink.progress(this.#offset, this.#file.size)
  }
}

function openRows(file: SourceFile, delimiter: string): AsyncIterable<Row> & { readonly badLines: readonly number[] } {
  const parser = parse({ ...csvFormat, delimiter, info: true })
  const badLines: number[] = []
  parser.on('skip', (error: { lines?: number } | undefined) => badLines.push(error?.lines ?? 0))
  const input = createReadStream(file.path, { end: Math.max(0, file.size - 1), highWaterMark: 256 * 1024 })
  input.on('error', (error) => parser.destroy(error))
  input.pipe(parser)
  return Object.assign(parser as AsyncIterable<Row>, { badLines })
}

function endsWithNewline(fd: number, size: number): boolean {
  const last = Buffer.alloc(1)
  return size === 0 || (readSync(fd, last, 0, 1, size - 1) === 1 && last[0] === 10)
}
