import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import type { Card } from '../../src/pricing/card.ts'
import type { Charge } from '../../src/ledger/charge.ts'
import type { Purser } from '../../src/purser.ts'
import { openTemporaryLedger } from '../ledger/temporary-ledger.ts'

/** A request as it came over the wire, and how it is answered. */
export interface Exchange {
  readonly path: string
  readonly body: Readonly<Record<string, unknown>>
  /** 1 for the first. */
  readonly number: number
  readonly json: (value: unknown, status?: number, headers?: Readonly<Record<string, string>>) => void
  readonly bytes: (value: Uint8Array, headers?: Readonly<Record<string, string>>) => void
  /** Pieces of sound; `then` as of events. */
  readonly sound: (pieces: readonly Uint8Array[], then?: 'end' | 'cut' | 'wait', headers?: Readonly<Record<string, string>>) => void
  /** Server-sent events; `then` is `cut` where the connection breaks after them, `wait` where nothing more comes. */
  readonly events: (events: readonly unknown[], then?: 'end' | 'cut' | 'wait') => void
  /** Server-sent events, one by one with so many milliseconds between them. */
  readonly slowly: (events: readonly unknown[], pauseMs: number) => void
}

export interface Wire {
  readonly url: string
  readonly seen: readonly Pick<Exchange, 'path' | 'body'>[]
}

/** A server on this machine that answers as a provider does, by a function. */
export async function openWire(answer: (exchange: Exchange) => void): Promise<Wire> {
  const seen: Pick<Exchange, 'path' | 'body'>[] = []
  const server = createServer((request, response) => {
    void exchange(request, response)
  })
  const exchange = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const text = await read(request)
    const path = (request.url ?? '').split('?')[0] ?? ''
    const body = text.startsWith('{') ? (JSON.parse(text) as Exchange['body']) : {}
    seen.push({ path, body })
    answer({ path, body, number: seen.length, ...answers(response) })
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen }
}

/** An address at which nobody listens. */
export async function closedPort(): Promise<string> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return `http://127.0.0.1:${port}`
}

function answers(response: ServerResponse): Omit<Exchange, 'path' | 'body' | 'number'> {
  return {
    json: (value, status = 200, headers = {}) => {
      response.writeHead(status, { 'content-type': 'application/json', ...headers })
      response.end(JSON.stringify(value))
    },
    bytes: (value, headers = {}) => {
      response.writeHead(200, { 'content-type': 'audio/mpeg', ...headers })
      response.end(value)
    },
    sound: (pieces, then = 'end', headers = {}) => {
      response.writeHead(200, { 'content-type': 'audio/mpeg', ...headers })
      for (const piece of pieces) response.write(piece)
      finish(response, then)
    },
    slowly: (events, pauseMs) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      void writeSlowly(response, events, pauseMs)
    },
    events: (events, then = 'end') => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      for (const event of events) {
        const named = (event as { type?: unknown }).type
        const name = typeof named === 'string' ? `event: ${named}\n` : ''
        response.write(typeof event === 'string' ? `data: ${event}\n\n` : `${name}data: ${JSON.stringify(event)}\n\n`)
      }
      finish(response, then)
    },
  }
}

function finish(response: ServerResponse, then: 'end' | 'cut' | 'wait'): void {
  if (then === 'end') response.end()
  // What was written is on its way before the connection goes.
  if (then === 'cut') setTimeout(() => response.destroy(), 50)
}

async function writeSlowly(response: ServerResponse, events: readonly unknown[], pauseMs: number): Promise<void> {
  for (const event of events) {
    response.write(typeof event === 'string' ? `data: ${event}\n\n` : `data: ${JSON.stringify(event)}\n\n`)
    await new Promise((resolve) => setTimeout(resolve, pauseMs))
  }
  response.end()
}

async function read(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request) text += String(chunk)
  return text
}

/** One dollar for a million tokens read, ten for a million written, one dollar for a thousand characters. */
export function cardsOf(provider: string): Card[] {
  const rates = [
    { meter: 'inputTokens', usd: '1', per: 1_000_000 },
    { meter: 'outputTokens', usd: '10', per: 1_000_000 },
    { meter: 'characters', usd: '1', per: 1000 },
  ] as const
  return [{ provider, model: 'test-model', rates: [...rates], source: 'a test', checkedAt: '2026-01-01' } as unknown as Card]
}

/** 100 tokens read and 50 written: 100,000 and 500,000 nanos. */
export const callNanos = 600_000n

/** A ledger with one strict budget, and what it warned of. */
export async function openLedger(provider: string, limit = '1.00'): Promise<{ purser: Purser; warnings: string[] }> {
  const warnings: string[] = []
  const purser = await openTemporaryLedger({ ownerCards: cardsOf(provider), onWarning: (message) => warnings.push(message) })
  await purser.budgets.set('daily', { limit, window: 'day' })
  return { purser, warnings }
}

/** What the budget has spent, held and presumed, once all is booked. */
export async function counter(purser: Purser): Promise<{ spent: bigint; held: bigint; presumed: bigint }> {
  await purser.flush()
  const [row] = await purser.budgets.status()
  if (row === undefined) throw new Error('The budget has no counter.')
  return { spent: row.spent, held: row.held, presumed: row.presumed }
}

export async function charges(purser: Purser): Promise<Charge[]> {
  await purser.flush()
  return Array.fromAsync(purser.charges())
}
