import { closeSync, openSync, readSync } from 'node:fs'
import { parse } from 'csv-parse/sync'
import { PurserError } from '../errors.ts'
import { closest } from '../text/closest.ts'
import { type Mapping, mappingByName, parseMapping } from './record-mapping.ts'

/** No header is longer than what a row may be. */
const headBytes = 1_000_000

/** How rows of CSV are found: as they are written by spreadsheets, scripts and hand. */
export const csvFormat = {
  bom: true,
  relax_column_count: true,
  relax_quotes: true,
  skip_empty_lines: true,
  skip_records_with_error: true,
  max_record_size: headBytes,
} as const

/**
 * Checks a mapping against the header of every file, also of those that have nothing new: a slip in a column's name is
 * then told at once, and before anything of another file is booked. A file without any line has no header to check.
 * @throws PURSER_BAD_ARGUMENT
 */
export function checkHeaders(paths: readonly string[], options: { readonly map?: string; readonly delimiter?: string }): void {
  for (const path of paths) {
    const columns = readColumns(path, options.delimiter)
    if (columns !== undefined) mappingOf(columns, options.map, path)
  }
}

/**
 * The mapping for a file with these columns: as given, or by their names.
 * @throws PURSER_BAD_ARGUMENT when it names a column that the file has not, or none for the time.
 */
export function mappingOf(columns: readonly string[], map: string | undefined, path: string): Mapping {
  const mapping = map === undefined ? mappingByName(columns) : parseMapping(map)
  if (!mapping.has('at')) {
    throw new PurserError(
      'PURSER_BAD_ARGUMENT',
      `Nothing says which column of ${path} holds the time. Give a mapping like --map at=COLUMN,inputTokens=COLUMN; its columns are ${columns.join(', ')}.`,
    )
  }
  for (const column of mapping.values()) {
    if (columns.includes(column)) continue
    const nearest = closest(column, columns)
    throw new PurserError(
      'PURSER_BAD_ARGUMENT',
      `${path} has no column "${column}".${nearest === undefined ? '' : ` Did you mean "${nearest}"?`} Its columns are ${columns.join(', ')}.`,
    )
  }
  return mapping
}

/** The names of columns, as the first record of a file gives them. */
export function toColumns(header: readonly string[]): string[] {
  return header.map((name) => name.trim())
}

/** The most frequent of the usual delimiters in the first line, outside quotes. */
export function detectDelimiter(fd: number): string {
  const line = (/^[^\r\n]*/.exec(readHead(fd, 64 * 1024))?.[0] ?? '').replaceAll(/"[^"]*"/g, '')
  const counts = [',', ';', '\t', '|'].map((delimiter) => ({ delimiter, count: line.split(delimiter).length }))
  return counts.reduce((best, each) => (each.count > best.count ? each : best)).delimiter
}

function readColumns(path: string, delimiter: string | undefined): string[] | undefined {
  const fd = openSync(path, 'r')
  try {
    const format = { ...csvFormat, delimiter: delimiter ?? detectDelimiter(fd), to: 1 }
    const [header] = parse(readHead(fd, headBytes), format) as string[][]
    return header === undefined ? undefined : toColumns(header)
  } finally {
    closeSync(fd)
  }
}

function readHead(fd: number, size: number): string {
  const bytes = Buffer.alloc(size)
  return bytes.toString('utf8', 0, readSync(fd, bytes, 0, size, 0))
}
