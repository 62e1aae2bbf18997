import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Environment, home } from '../config/locations.ts'

export const sessionKinds = ['claude-code', 'codex'] as const
export type SessionKind = (typeof sessionKinds)[number]

/** Where a tool keeps its records unless paths are named. */
export function sessionFolders(kind: SessionKind, env: Environment): string[] {
  if (kind === 'codex') return [join(env['CODEX_HOME'] || join(home(env), '.codex'), 'sessions')]
  const configured = (env['CLAUDE_CONFIG_DIR'] ?? '').split(',').flatMap((folder) => folder.trim() || [])
  const config = env['XDG_CONFIG_HOME'] || join(home(env), '.config')
  const folders = configured.length > 0 ? configured : [join(config, 'claude'), join(home(env), '.claude')]
  return folders.map((folder) => join(folder.replace(/^~(?=\/|$)/, home(env)), 'projects'))
}

/** Tools that have left records on this machine. */
export function foundSessions(env: Environment): SessionKind[] {
  return sessionKinds.filter((kind) => sessionFolders(kind, env).some((folder) => existsSync(folder)))
}
