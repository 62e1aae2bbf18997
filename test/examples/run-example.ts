import { spawn } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, onTestFinished } from 'vitest'
import { Purser } from '../../src/purser.ts'
import { bin, type Ran, root, whenEnded } from '../cli/run-purser.ts'

/** An example in a folder of its own, as one has it who copied it. */
export interface Example {
  readonly folder: string
  /** The path of its ledger. */
  readonly db: string
  /** Runs its program; `env` is what its SDKs ask the environment for. */
  readonly run: (args: readonly string[], env: Readonly<Record<string, string>>) => Promise<Ran>
  /** Runs the command line where the example lies. */
  readonly purser: (...args: readonly string[]) => Promise<Ran>
  /** The example's ledger, read and written by the test; it is closed when the test ends. */
  readonly ledger: () => Promise<Purser>
}

// The example imports the package by its name, and gets the sources: nothing has to be built.
const sources = pathToFileURL(join(root, 'src')).href
const resolvePurser = `import { registerHooks } from 'node:module'
registerHooks({
  resolve: (specifier, context, next) => {
    const client = /^purser\\/([a-z-]+)$/.exec(specifier)?.[1]
    const file = specifier === 'purser' ? 'index.ts' : client === undefined ? undefined : 'clients/' + client + '.ts'
    return next(file === undefined ? specifier : '${sources}/' + file, context)
  },
})`
const hook = `--import=data:text/javascript,${encodeURIComponent(resolvePurser)}`

/** Copies an example, with the packages of the checkout beside it. `ledger` is the file that it keeps in its folder. */
export function copyExample(name: string, ledger: string): Example {
  const top = mkdtempSync(join(tmpdir(), 'purser-example-'))
  onTestFinished(() => rmSync(top, { recursive: true, force: true }))
  const folder = join(top, name)
  cpSync(join(root, 'examples', name), folder, { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(top, 'node_modules'))
  const start = (argv: readonly string[], env: Readonly<Record<string, string>>): Promise<Ran> =>
    whenEnded(spawn(process.execPath, argv, { cwd: folder, env: { PATH: process.env['PATH'] ?? '', HOME: top, ...env }, stdio: 'pipe' }))
  const db = join(folder, ledger)
  return {
    folder,
    db,
    run: (args, env) => start([hook, 'main.ts', ...args], env),
    purser: (...args) => start([bin, ...args], {}),
    ledger: async () => {
      const purser = await Purser.open({ db })
      onTestFinished(() => purser.close())
      return purser
    },
  }
}

/** Expects that every sum and counter of the example's ledger is what its charges and holds say. */
export async function expectVerified({ purser, db }: Example): Promise<void> {
  const { code, out } = await purser('verify', '--db', db)
  expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining('agree.') as string })
}
