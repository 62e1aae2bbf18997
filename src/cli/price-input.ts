import { fstatSync, statSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { PurserError } from '../errors.ts'
import type { CallRecord } from '../ledger/parse-record.ts'
import { messageOf } from '../text/sentence.ts'
import { note } from './output.ts'

/** Calls on standard input, one a line, with the number of each line; a line that cannot be read is an error. */
export async function* readCalls(defaults: Partial<CallRecord>): AsyncIterable<{ line: number; read: () => CallRecord }> {
  checkInput()
  if (process.stdin.isTTY) note('Reading calls from the terminal, one a line; Ctrl-D ends.')
  const input = createInterface({ input: process.stdin, crlfDelay: Infinity })
  let failure: Error | undefined
  process.stdin.once('error', (error) => {
    failure = error
    input.close()
  })
  let line = 0
  for await (const text of input) {
    line += 1
    const json = line === 1 ? withoutByteOrderMark(text) : text
    yield { line, read: () => ({ ...defaults, ...parseLine(json) }) }
  }
  if (failure !== undefined) throw new PurserError('PURSER_BAD_ARGUMENT', `Standard input cannot be read: ${messageOf(failure)}.`)
  if (line === 0) note('Standard input held no lines, so nothing was priced.')
}

/** Files that Windows programs write begin with a mark that is no part of the text. */
export function withoutByteOrderMark(text: string): string {
  return text.startsWith('\uFEFF') ? text.slice(1) : text
}

/** Node opens the null device where standard input is closed, so the two look alike. */
function checkInput(): void {
  if (process.platform === 'win32') return
  const input = fstatSync(0)
  if (input.isDirectory())
    throw new PurserError('PURSER_BAD_ARGUMENT', 'Standard input is a folder. Write: purser price --jsonl < calls.jsonl')
  if (!input.isCharacterDevice() || input.rdev !== statSync('/dev/null').rdev) return
  throw new PurserError('PURSER_BAD_ARGUMENT', 'Standard input is closed, or the null device. Write: purser price --jsonl < calls.jsonl')
}

function parseLine(line: string): CallRecord {
  if (line.trim() === '') throw new PurserError('PURSER_BAD_RECORD', 'The line is empty.')
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch (cause) {
    throw new PurserError('PURSER_BAD_RECORD', `The line is not JSON: ${messageOf(cause)}.`, { cause })
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as CallRecord
  throw new PurserError('PURSER_BAD_RECORD', `The line is ${JSON.stringify(value)}, and not an object like {"provider","model","usage"}.`)
}
