import { closeSync, openSync, readSync, statSync } from 'node:fs'
import { PurserError } from '../errors.ts'
import { isUnchanged, toFilePosition } from './file-position.ts'
import type { ImportSink } from './importer.ts'
import type { SourceFile } from './source-files.ts'

/**
 * The files that a command names, up to the last one that is new or has changed: those before it are read along,
 * because equal records in them count for the ids of records after them.
 * @throws PURSER_NOT_FOUND, PURSER_BAD_RECORD for a file that is not UTF-8 by its first bytes.
 */
export function filesToRead(kind: string, paths: readonly string[], sink: ImportSink): SourceFile[] {
  const files = paths.map(statFile)
  const last = files.findLastIndex((file) => !isUnchanged(file, toFilePosition(sink.checkpoint(`${kind}:${file.path}`))))
  const toRead = files.slice(0, last + 1)
  toRead.forEach(checkEncoding)
  return toRead
}

const headBytes = 1024

/** UTF-16 has a byte order mark or, for the characters of numbers and commas, a zero byte each; UTF-8 text has neither. */
function checkEncoding({ path }: SourceFile): void {
  const bytes = Buffer.alloc(headBytes)
  const fd = openSync(path, 'r')
  try {
    const head = bytes.subarray(0, readSync(fd, bytes, 0, headBytes, 0))
    const mark = head.length < 2 ? 0 : head.readUInt16BE(0)
    if (mark !== 0xfffe && mark !== 0xfeff && !head.includes(0)) return
  } finally {
    closeSync(fd)
  }
  throw new PurserError('PURSER_BAD_RECORD', `${path} is UTF-16 (or binary); save it as UTF-8.`)
}

function statFile(path: string): SourceFile {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (stat?.isFile() !== true) throw new PurserError('PURSER_NOT_FOUND', `There is no file ${path} to import.`)
  const { size, mtimeMs, dev, ino } = stat
  return { path, size, mtimeMs, dev, ino }
}
