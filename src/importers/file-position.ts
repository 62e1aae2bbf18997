import { hash } from 'node:crypto'
import { readSync } from 'node:fs'
import type { Checkpoint } from './importer.ts'
import type { SourceFile } from './source-files.ts'

/**
 * Where an importer stopped in a file, and enough to tell next time whether the file is unchanged, has grown, or is
 * another file under the same name.
 */
export interface FilePosition extends Checkpoint {
  readonly dev: number
  readonly ino: number
  readonly size: number
  readonly mtimeMs: number
  /** Everything before this byte was read. */
  readonly offset: number
  /** The lines before it. */
  readonly line: number
  /** A hash of the first bytes and of those just before the offset. */
  readonly mark: string
  /** Whether the file was read to its end as it was then. */
  readonly done: boolean
}

const markBytes = 1024

/** Whether nothing was written since the position was taken. */
export function isUnchanged(file: SourceFile, position: FilePosition | undefined): boolean {
  if (position === undefined || !position.done) return false
  return file.size === position.size && file.mtimeMs === position.mtimeMs && file.ino === position.ino && file.dev === position.dev
}

/** The kept position, if the file still begins as it did then; a replaced or shortened file is read from its start. */
export function resumePosition(fd: number, file: SourceFile, position: FilePosition | undefined): { offset: number; line: number } {
  if (position === undefined || file.size < position.offset || markOf(fd, position.offset) !== position.mark) return { offset: 0, line: 0 }
  return { offset: position.offset, line: position.line }
}

/** Whether the file was read to its end but for a last line that may still be being written. */
export function hasUnfinishedLine({ done, offset, size }: FilePosition): boolean {
  return done && offset < size
}

export function positionAt(fd: number, file: SourceFile, offset: number, line: number, done: boolean): FilePosition {
  const { dev, ino, size, mtimeMs } = file
  return { dev, ino, size, mtimeMs, offset, line, mark: markOf(fd, offset), done }
}

/** A position from what the ledger kept; anything of another shape is as good as none. */
export function toFilePosition(kept: Checkpoint | undefined): FilePosition | undefined {
  if (kept === undefined || kept === null) return undefined
  const numbers = ['dev', 'ino', 'size', 'mtimeMs', 'offset', 'line']
  const whole = numbers.every((name) => typeof kept[name] === 'number') && typeof kept['mark'] === 'string'
  return whole ? (kept as FilePosition) : undefined
}

function markOf(fd: number, offset: number): string {
  const bytes = Buffer.alloc(2 * markBytes)
  const head = readSync(fd, bytes, 0, Math.min(markBytes, offset), 0)
  const tail = readSync(fd, bytes, head, Math.min(markBytes, offset), Math.max(0, offset - markBytes))
  return hash('sha256', bytes.subarray(0, head + tail), 'hex').slice(0, 16)
}
