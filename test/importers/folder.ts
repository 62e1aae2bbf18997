import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll } from 'vitest'

const made: string[] = []
// Some tests share a folder, so all of a file's are gone when its last test is.
afterAll(() => {
  for (const path of made.splice(0)) rmSync(path, { recursive: true, force: true })
})

/** A new empty folder with helpers to write files of lines into it. */
export interface Folder {
  readonly path: string
  readonly write: (name: string, lines: readonly unknown[], ending?: string) => string
  readonly append: (name: string, lines: readonly unknown[], ending?: string) => string
}

export function createFolder(): Folder {
  const path = mkdtempSync(join(tmpdir(), 'purser-import-'))
  made.push(path)
  return {
    path,
    write: (name, lines, ending = '\n') => put(writeFileSync, join(path, name), lines, ending),
    append: (name, lines, ending = '\n') => put(appendFileSync, join(path, name), lines, ending),
  }
}

function put(write: (file: string, text: string) => void, file: string, lines: readonly unknown[], ending: string): string {
  mkdirSync(dirname(file), { recursive: true })
  write(file, lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n') + ending)
  return file
}
