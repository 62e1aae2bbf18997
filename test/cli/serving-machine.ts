import type { ChildProcess } from 'node:child_process'
import { onTestFinished } from 'vitest'
import type { z } from 'zod'
import { serveShape } from '../../src/json/operation-shapes.ts'
import { type Machine, type Ran, startPurser, whenEnded } from './run-purser.ts'

/** `purser serve` as a process of its own on a free port. */
export interface ServingProcess {
  readonly url: string
  readonly told: z.infer<typeof serveShape>
  readonly child: ChildProcess
  /** What it printed, and its exit code, once it has ended. */
  readonly ended: Promise<Ran>
  /** Asks it to end, and waits. */
  readonly stop: (signal?: NodeJS.Signals) => Promise<Ran>
}

/** Starts the program on a machine, and waits until it listens. */
export async function startServing(
  machine: Machine,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<ServingProcess> {
  const child = startPurser(['serve', '--json', '--port', '0', ...args], { cwd: machine.folder, env: { ...machine.env, ...env } })
  onTestFinished(() => void child.kill('SIGKILL'))
  const ended = whenEnded(child)
  const line = await Promise.race([
    new Promise<string>((resolve) => child.stdout?.once('data', (chunk: Buffer) => resolve(chunk.toString()))),
    ended.then(({ code, err }) => Promise.reject(new Error(`purser serve ended with ${code}: ${err}`))),
  ])
  const told = serveShape.parse(JSON.parse(line))
  return {
    url: told.url,
    told,
    child,
    ended,
    stop: (signal = 'SIGTERM') => {
      child.kill(signal)
      return ended
    },
  }
}

/** The same, answering people in text: what it prints once it listens. */
export async function startServingText(
  machine: Machine,
  args: readonly string[] = [],
): Promise<Pick<ServingProcess, 'url' | 'stop'> & { said: string }> {
  const child = startPurser(['serve', '--port', '0', ...args], { cwd: machine.folder, env: machine.env })
  onTestFinished(() => void child.kill('SIGKILL'))
  const ended = whenEnded(child)
  const said = await new Promise<string>((resolve) => child.stdout?.once('data', (chunk: Buffer) => resolve(chunk.toString())))
  const stop: ServingProcess['stop'] = (signal = 'SIGTERM') => {
    child.kill(signal)
    return ended
  }
  return { said, url: /http:\/\/[\d.]+:\d+/.exec(said)?.[0] ?? '', stop }
}

/** Asks below /api/v1. */
export async function askServer(
  { url }: Pick<ServingProcess, 'url'>,
  path: string,
  { key, body, headers }: { readonly key?: string; readonly body?: unknown; readonly headers?: Record<string, string> } = {},
): Promise<{ readonly status: number; readonly headers: Headers; readonly body: unknown }> {
  const response = await fetch(`${url}/api/v1${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(key !== undefined && { authorization: `Bearer ${key}` }),
      ...headers,
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  return { status: response.status, headers: response.headers, body: await response.json() }
}
