import type { Level } from '../budgets/budget.ts'
import { PurserError } from '../errors.ts'
import { printableLines } from '../text/display-width.ts'
import { messageOf } from '../text/sentence.ts'
import { reportError } from './report-error.ts'
import { paint } from './terminal.ts'

let remarksAreJson = false
/** Writes whose caller is told how they end. */
let awaited = 0

/** With `--json` standard error holds JSON too, one object a line. */
export function writeRemarksAsJson(): void {
  remarksAreJson = true
}

/** Whether standard error is for programs to read. */
export function remarksAreData(): boolean {
  return remarksAreJson
}

/** A reader that has gone away, like `head`, ends the program without a word; what else fails is said in one line. */
export function watchOutput(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit()
    if (awaited === 0) process.exitCode = reportError(toOutputError(error), remarksAreJson)
  })
  process.stderr.on('error', (error: NodeJS.ErrnoException) => {
    // Where remarks cannot be written there is nobody to tell.
    if (error.code === 'EPIPE') process.exit()
  })
}

/** Writes to standard output, and waits where the reader is slower. @throws PURSER_OUTPUT_FAILED */
export async function write(text: string): Promise<void> {
  awaited += 1
  await new Promise<void>((resolve, reject) => {
    process.stdout.write(text, (error) => {
      if (error === null || error === undefined) {
        awaited -= 1
        resolve()
      } else reject(toOutputError(error))
    })
  })
}

function toOutputError(cause: Error): PurserError {
  return new PurserError('PURSER_OUTPUT_FAILED', `The answer cannot be written: ${messageOf(cause)}.`, { cause })
}

/** Writes an answer to what changed the ledger; where that fails, the error says what was done all the same. */
export async function answerOrSay(done: string, answer: () => Promise<void>): Promise<void> {
  try {
    await answer()
  } catch (error) {
    if (!(error instanceof PurserError) || error.code !== 'PURSER_OUTPUT_FAILED') throw error
    throw new PurserError(error.code, `${error.message} ${done}`, { cause: error })
  }
}

export async function writeLines(lines: readonly string[]): Promise<void> {
  if (lines.length > 0) await write(`${lines.join('\n')}\n`)
}

/** One line of JSON. */
export async function writeJson(value: unknown): Promise<void> {
  await write(`${JSON.stringify(value)}\n`)
}

/** A remark for people; standard error, so that it never mixes with answers. */
export function note(text: string): void {
  process.stderr.write(remarksAreJson ? `${JSON.stringify({ warning: { message: text } })}\n` : `${printableLines(text)}\n`)
}

/** The same for what is doubtful or went wrong without ending the work. */
export function warn(text: string): void {
  note(remarksAreJson ? text : `warning: ${text}`)
}

const levelStyles = { info: 'cyan', warning: 'yellow', critical: 'red' } as const

/** What a budget has to say, with how serious it is. */
export function alert(level: Level, text: string): void {
  if (remarksAreJson) return note(text)
  const mark = paint(levelStyles[level], `${level === 'info' ? '·' : '⚠'} ${level}:`, process.stderr)
  process.stderr.write(`${mark} ${printableLines(text)}\n`)
}
