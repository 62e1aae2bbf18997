import { sep } from 'node:path'

/** The folder under `projects/` that holds a transcript: the encoded path of the directory in which Claude Code was started. */
export function projectFolder(path: string): string {
  const parts = path.split(sep)
  const at = parts.lastIndexOf('projects')
  return at >= 0 && at < parts.length - 2 ? (parts[at + 1] ?? '') : ''
}

/**
 * The name of the project: the last part of the directory in which Claude Code was started. A session may change its
 * directory, so that is the one whose encoding names the folder of the transcript; else the directory of the call.
 */
export function projectName(folder: string, cwd: string): string {
  let path = cwd.replace(/[/\\]+$/, '')
  const ownName = lastPart(path)
  while (path !== '') {
    if (path.replaceAll(/[^A-Za-z0-9]/g, '-') === folder) return lastPart(path)
    path = path.slice(0, Math.max(0, path.length - lastPart(path).length - 1))
  }
  return ownName === '' ? folder : ownName
}

function lastPart(path: string): string {
  return /[^/\\]*$/.exec(path)?.[0] ?? ''
}
