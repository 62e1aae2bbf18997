import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { PurserError } from '../errors.ts'
import { messageOf } from '../text/sentence.ts'
import { write } from './output.ts'

/** Where an export goes. A file appears under its name only when it is finished. */
export interface OutputFile {
  readonly write: (text: string) => Promise<void>
  readonly finish: () => void
  /** Leaves no trace; after `finish` it does nothing. */
  readonly discard: () => void
}

/** Opens a file for writing, or standard output where none is named. @throws PURSER_BAD_ARGUMENT */
export function openOutput(path: string | undefined): OutputFile {
  if (path === undefined) return { write, finish: () => undefined, discard: () => undefined }
  const target = resolve(path)
  const partial = join(dirname(target), `.${basename(target)}.${process.pid}.partial`)
  const fd = attempt(target, () => openSync(partial, 'w', 0o600))
  let isOpen = true
  const close = (): void => {
    if (isOpen) closeSync(fd)
    isOpen = false
  }
  return {
    write: async (text) => attempt(target, () => writeAll(fd, text)),
    finish: () =>
      attempt(target, () => {
        fsyncSync(fd)
        close()
        renameSync(partial, target)
      }),
    discard: () => {
      close()
      rmSync(partial, { force: true })
    },
  }
}

function writeAll(fd: number, text: string): void {
  const bytes = Buffer.from(text)
  for (let written = 0; written < bytes.length;) written += writeSync(fd, bytes, written)
}

function attempt<T>(path: string, work: () => T): T {
  try {
    return work()
  } catch (cause) {
    throw new PurserError('PURSER_BAD_ARGUMENT', `${path} cannot be written: ${messageOf(cause)}. The file was not changed.`, { cause })
  }
}
