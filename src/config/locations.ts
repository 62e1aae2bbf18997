import { lstatSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { expandHome } from '../ledger/ledger-place.ts'

export type Environment = Readonly<Record<string, string | undefined>>

export const configName = 'purser.yaml'

/** The nearest purser.yaml in a folder or above it. */
export function nearestConfig(folder: string): string | undefined {
  for (let current = resolve(folder); ; current = dirname(current)) {
    const path = join(current, configName)
    if (isThere(path)) return path
    if (dirname(current) === current) return undefined
  }
}

/** Whether there is an entry of that name; a link that leads nowhere is one, and reading it then says so. */
export function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined
}

/** Where a user's own purser.yaml lies, whether or not it exists. */
export function userConfigPath(env: Environment, platform: string = process.platform): string {
  const configured = env['XDG_CONFIG_HOME']
  if (configured !== undefined && configured !== '') return join(configured, 'purser', configName)
  if (platform === 'win32') return join(env['APPDATA'] ?? join(home(env), 'AppData', 'Roaming'), 'purser', configName)
  if (platform === 'darwin') return join(home(env), 'Library', 'Application Support', 'purser', configName)
  return join(home(env), '.config', 'purser', configName)
}

/** The ledger where nothing else is said: `purser.db` in the user's data directory. */
export function defaultLedgerPath(env: Environment, platform: string = process.platform): string {
  const configured = env['XDG_DATA_HOME']
  if (configured !== undefined && configured !== '') return join(configured, 'purser', 'purser.db')
  if (platform === 'win32') return join(env['LOCALAPPDATA'] ?? join(home(env), 'AppData', 'Local'), 'purser', 'purser.db')
  if (platform === 'darwin') return join(home(env), 'Library', 'Application Support', 'purser', 'purser.db')
  return join(home(env), '.local', 'share', 'purser', 'purser.db')
}

/** A path as written in a file: `~` is the home folder, and what is relative is so to the folder. */
export function resolvePath(path: string, folder: string, env: Environment): string {
  return resolve(folder, expandHome(path, home(env)))
}

export function home(env: Environment): string {
  return env['HOME'] ?? env['USERPROFILE'] ?? homedir()
}

/** A variable that is set to nothing counts as not set. */
export function nonEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text
}
