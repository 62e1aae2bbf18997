import type { Readable } from 'node:stream'
import { PurserError } from '../errors.ts'
import type { CallRecord } from '../ledger/parse-record.ts'
import type { Purser } from '../purser.ts'

export const linesType = 'application/x-ndjson'

const linesAtOnce = 500
const maxLineLength = 1024 * 1024

/** What became of the calls of many lines. */
export interface BookedLines {
  readonly booked: number
  /** Calls whose id was booked before. */
  readonly duplicates: number
}

/**
 * Books a call for each line of JSON, a few hundred in a transaction, as they arrive. Where a line is wrong those before it
 * stay booked, and the same lines may be sent again: a call that has an id is booked once.
 * @throws PURSER_BAD_RECORD naming the line, and what recording calls throws
 */
export async function recordLines(purser: Purser, lines: Readable): Promise<BookedLines> {
  let [booked, duplicates, line] = [0, 0, 0]
  let waiting: CallRecord[] = []
  const book = async (): Promise<void> => {
    const first = line - waiting.length + 1
    const done = await purser.recordMany(waiting).catch((error: unknown) => {
      throw inLines(error, first, line, booked)
    })
    booked += done.booked
    duplicates += done.duplicates
    waiting = []
  }
  for await (const text of linesOf(lines)) {
    if (text.trim() === '') continue
    line += 1
    if (text.length > maxLineLength) throw wrongLine(line, 'is longer than a megabyte', booked)
    waiting.push(parseLine(text, line, booked))
    if (waiting.length >= linesAtOnce) await book()
  }
  if (waiting.length > 0) await book()
  return { booked, duplicates }
}

/** Lines without their ends; one that does not end is given as soon as it is too long, so that it cannot fill the memory. */
async function* linesOf(stream: Readable): AsyncIterable<string> {
  let rest = ''
  stream.setEncoding('utf8')
  // The connection is needed for the answer, also where not all of it is read.
  for await (const chunk of stream.iterator({ destroyOnReturn: false }) as AsyncIterable<string>) {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
    if (rest.length > maxLineLength) yield rest
  }
  yield rest
}

function parseLine(text: string, line: number, booked: number): CallRecord {
  try {
    const record = JSON.parse(text) as unknown
    if (typeof record === 'object' && record !== null && !Array.isArray(record)) return record as CallRecord
  } catch {
    throw wrongLine(line, 'is no JSON', booked)
  }
  throw wrongLine(line, 'is no JSON object', booked)
}

function wrongLine(line: number, what: string, booked: number): PurserError {
  return new PurserError('PURSER_BAD_RECORD', `Line ${line} ${what}. ${keptText(booked)}`)
}

function inLines(error: unknown, first: number, last: number, booked: number): unknown {
  if (!(error instanceof PurserError)) return error
  return new PurserError(error.code, `Of the lines ${first} to ${last}: ${error.message} ${keptText(booked)}`, { cause: error })
}

function keptText(booked: number): string {
  return `${booked} calls of the lines before are booked; all may be sent again, and what has an id is booked once.`
}
