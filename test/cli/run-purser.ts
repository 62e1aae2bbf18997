import { spawn, type ChildProcess } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { onTestFinished } from 'vitest'
import type { z } from 'zod'

export const root = resolve(import.meta.dirname, '../..')
export const bin = join(root, 'bin/purser.js')

/** What a command did. */
export interface Ran {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

export interface RunOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  readonly input?: string
}

/** A user's machine in a folder of its own: home, project folder, and the program run in it. */
export interface Machine {
  /** Where commands run. */
  readonly folder: string
  readonly home: string
  readonly env: Readonly<Record<string, string>>
  readonly run: (args: readonly string[], options?: RunOptions) => Promise<Ran>
  /** Runs with --json, expects success, and checks the answer against its documented shape. */
  readonly json: <T extends z.ZodType>(shape: T, args: readonly string[], options?: RunOptions) => Promise<z.infer<T>>
  readonly write: (name: string, text: string) => string
}

/** A machine for one test. */
export function newMachine(): Machine {
  const { machine, remove } = machineInFolder()
  onTestFinished(remove)
  return machine
}

/** A machine that several tests share; the caller removes it. */
export function machineInFolder(): { machine: Machine; remove: () => void } {
  const top = mkdtempSync(join(tmpdir(), 'purser-cli-'))
  const home = join(top, 'home')
  const folder = join(home, 'project')
  mkdirSync(folder, { recursive: true })
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: home,
    TMPDIR: top,
    NODE_COMPILE_CACHE: join(tmpdir(), 'purser-test-compile-cache'),
    // Set where coverage is gathered: processes that tests start write theirs too.
    ...(process.env['NODE_V8_COVERAGE'] !== undefined && { NODE_V8_COVERAGE: process.env['NODE_V8_COVERAGE'] }),
  }
  const run: Machine['run'] = (args, options = {}) =>
    runPurser(args, { ...options, cwd: options.cwd ?? folder, env: { ...env, ...options.env } })
  const machine: Machine = {
    folder,
    home,
    env,
    run,
    json: async (shape, args, options) => {
      const { code, out, err } = await run([...args, '--json'], options)
      if (code !== 0) throw new Error(`purser ${args.join(' ')} ended with ${code}: ${err}`)
      return shape.parse(JSON.parse(out))
    },
    write: (name, text) => {
      const path = join(folder, name)
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, text)
      return path
    },
  }
  return { machine, remove: () => rmSync(top, { recursive: true, force: true }) }
}

/** Starts the program as a process of its own, by the Node that runs the tests. */
export function startPurser(args: readonly string[], options: { cwd: string; env: Readonly<Record<string, string>> }): ChildProcess {
  return spawn(process.execPath, [bin, ...args], { cwd: options.cwd, env: options.env, stdio: 'pipe' })
}

async function runPurser(args: readonly string[], options: Required<Pick<RunOptions, 'cwd' | 'env'>> & RunOptions): Promise<Ran> {
  const child = startPurser(args, options)
  const ended = whenEnded(child)
  child.stdin?.on('error', () => undefined)
  child.stdin?.end(options.input ?? '')
  return ended
}

/** The output and exit code of a process. */
export function whenEnded(child: ChildProcess): Promise<Ran> {
  const parts = { out: [] as Buffer[], err: [] as Buffer[] }
  child.stdout?.on('data', (chunk: Buffer) => parts.out.push(chunk))
  child.stderr?.on('data', (chunk: Buffer) => parts.err.push(chunk))
  return new Promise((resolved, rejected) => {
    child.on('error', rejected)
    child.on('close', (code) => resolved({ code, out: Buffer.concat(parts.out).toString(), err: Buffer.concat(parts.err).toString() }))
  })
}
