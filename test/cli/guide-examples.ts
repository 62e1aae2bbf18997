import { execFile } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { bin, type Machine, root } from './run-purser.ts'

export const guides = join(root, 'docs/guide')

/** A block of a guide that is run, and what it is said to print. */
export interface Example {
  readonly kind: 'sh' | 'sql'
  readonly commands: string
  readonly output: string | undefined
}

export function examplesOf(page: string): Example[] {
  const found = readFileSync(join(guides, page), 'utf8').matchAll(/^```(sh|sql) run\n(.*?)^```$(?:\n\n^```text\n(.*?)^```$)?/gms)
  return [...found].map(([, kind, commands = '', output]) => ({ kind: kind === 'sql' ? 'sql' : 'sh', commands, output }))
}

/** Runs commands as a reader of the guides does, with `purser` on the path. */
export function createShell(machine: Machine): (commands: string, env?: Readonly<Record<string, string>>) => Promise<string> {
  const tools = join(machine.home, 'tools')
  mkdirSync(tools)
  writeFileSync(join(tools, 'purser'), `#!/bin/sh\nexec '${process.execPath}' '${bin}' "$@"\n`)
  chmodSync(join(tools, 'purser'), 0o755)
  const path = { ...machine.env, PATH: `${tools}:${machine.env['PATH']}` }
  return async (commands, env) => {
    const { stdout } = await promisify(execFile)('sh', ['-e', '-c', commands], { cwd: machine.folder, env: { ...path, ...env } })
    return stdout.trimEnd()
  }
}
