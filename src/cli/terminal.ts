import { styleText } from 'node:util'
import { wrapText } from '../text/wrap.ts'

type Style = Parameters<typeof styleText>[0]

/** Columns of the terminal; 80 where it is unknown. */
export function terminalWidth(): number {
  const stated = Number(process.env['COLUMNS'])
  if (Number.isSafeInteger(stated) && stated > 0) return stated
  // A terminal that does not know its size says 0.
  return process.stdout.columns || 80
}

/** Columns that prose is set in; unlimited where nobody said how wide the reader is, so that lines can be searched. */
export function proseWidth(): number {
  return process.stdout.isTTY || process.env['COLUMNS'] !== undefined ? terminalWidth() : Infinity
}

/** Notes below a table, each within the terminal's width. */
export function wrapNotes(notes: readonly string[]): string[] {
  return notes.flatMap((text) => wrapText(text, proseWidth(), '  '))
}

/** Gives a text a colour where the stream is a terminal that shows colours, and NO_COLOR or --no-color do not forbid it. */
export function paint(style: Style, text: string, stream: NodeJS.WriteStream = process.stdout): string {
  return styleText(style, text, { stream, validateStream: true })
}

/** `--no-color` is told to everything that asks the environment. */
export function forbidColour(): void {
  process.env['NO_COLOR'] = '1'
  delete process.env['FORCE_COLOR']
}
