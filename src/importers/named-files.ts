import { statSync } from 'node:fs'
import { PurserError } from '../errors.ts'
import { isUnchanged, toFilePosition } from './file-position.ts'
import type { ImportSink } from './importer.ts'
import type { SourceFile } from './source-files.ts'

/**
 * The files that a command names, up to the last one that is new or has changed: those before it are read along,
 * because equal records in them count for the ids of records after them.
 * @throws PURSER_NOT_FOUND
 */
export function filesToRead(kind: string, paths: readonly string[], sink: ImportSink): SourceFile[] {
  const files = paths.map(statFile)
  const last = files.findLastIndex((file) => !isUnchanged(file, toFilePosition(sink.checkpoint(`${kind}:${file.path}`))))
  return files.slice(0, last + 1)
}

function statFile(path: string): SourceFile {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (stat?.isFile() !== true) throw new PurserError('PURSER_NOT_FOUND', `There is no file ${path} to import.`)
  const { size, mtimeMs, dev, ino } = stat
  return { path, size, mtimeMs, dev, ino }
}
