import { onTestFinished } from 'vitest'
import type { Role } from '../../src/access/roles.ts'
import type { Purser } from '../../src/purser.ts'
import type { ServerOptions } from '../../src/server/build-server.ts'
import { serve } from '../../src/server/serve.ts'
import { openTemporaryLedger } from '../ledger/temporary-ledger.ts'

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: unknown
}

/** A server that listens on this machine, over a ledger of its own. */
export class RunningServer {
  readonly purser: Purser
  readonly url: string

  /** Stops the server before the test is over. */
  readonly close: () => Promise<void>

  private constructor(purser: Purser, url: string, close: () => Promise<void>) {
    this.purser = purser
    this.url = url
    this.close = close
  }

  static async start(options: Partial<ServerOptions> = {}, purser?: Purser): Promise<RunningServer> {
    const ledger = purser ?? (await openTemporaryLedger())
    const { url, close } = await serve(ledger, { host: '127.0.0.1', port: 0, version: '0.0.0-test', ...options })
    onTestFinished(close)
    return new RunningServer(ledger, url, close)
  }

  /** The text of a new key. */
  async key(role: Role, labels: Readonly<Record<string, string>> = {}): Promise<string> {
    return (await this.purser.access.keys.create({ name: `${role} of the test`, role, labels })).text
  }

  /** Asks with a key, or without one; `path` is below /api/v1 unless it begins with `//`. */
  async ask(
    method: string,
    path: string,
    { key, body, headers }: { key?: string; body?: unknown; headers?: Record<string, string> } = {},
  ): Promise<Answer> {
    const response = await fetch(path.startsWith('//') ? this.url + path.slice(1) : `${this.url}/api/v1${path}`, {
      method,
      headers: {
        ...(key !== undefined && { authorization: `Bearer ${key}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const text = await response.text()
    const isJson = /[/+]json/.test(response.headers.get('content-type') ?? '')
    return { status: response.status, headers: response.headers, body: isJson && text !== '' ? JSON.parse(text) : text }
  }
}
