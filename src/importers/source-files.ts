import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** A file to import, as it was when it was looked at. */
export interface SourceFile {
  readonly path: string
  readonly size: number
  readonly mtimeMs: number
  readonly dev: number
  readonly ino: number
}

/**
 * The files under the given files and folders whose names are accepted, each once even where links lead to it twice,
 * in order of path. What is named must exist (the caller has checked); what cannot be read further down is reported
 * to `unreadable` and left out.
 */
export function findSourceFiles(
  roots: readonly string[],
  accepts: (name: string) => boolean,
  unreadable: (path: string) => void,
): SourceFile[] {
  const seen = new Set<string>()
  const found: SourceFile[] = []
  const visit = (path: string, named: boolean): void => {
    try {
      const { size, mtimeMs, dev, ino, ...stat } = toStat(path)
      if (!stat.isFolder && !(stat.isFile && (named || accepts(path)))) return
      const identity = `${dev}:${ino}`
      if (seen.has(identity)) return
      seen.add(identity)
      if (stat.isFile) found.push({ path, size, mtimeMs, dev, ino })
      else for (const entry of readdirSync(path)) visit(join(path, entry), false)
    } catch {
      unreadable(path)
    }
  }
  for (const root of roots) visit(root, true)
  return found.toSorted((a, b) => (a.path < b.path ? -1 : 1))
}

function toStat(path: string): SourceFile & { readonly isFolder: boolean; readonly isFile: boolean } {
  const stat = statSync(path)
  const { size, mtimeMs, dev, ino } = stat
  return { path, size, mtimeMs, dev, ino, isFolder: stat.isDirectory(), isFile: stat.isFile() }
}
