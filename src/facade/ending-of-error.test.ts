import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Ending } from '../budgets/endings.ts'
import { endingOfError } from './ending-of-error.ts'

async function thrownBy(work: () => Promise<unknown>): Promise<unknown> {
  return work().then(
    () => undefined,
    (error: unknown) => error,
  )
}

/** The address of a server that never answers, or hangs up on whoever asks. */
async function serverThat(does: 'waits' | 'hangs-up'): Promise<string> {
  const server = createServer((request) => does === 'hangs-up' && request.socket.destroy())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

describe('how a call ended that fetch threw out of', () => {
  test('refused, where nobody listens or the name is not known', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    server.close()
    await once(server, 'close')
    expect(endingOfError(await thrownBy(() => fetch(`http://127.0.0.1:${port}`)))).toBe('refused')
    expect(endingOfError(await thrownBy(() => fetch('http://nowhere.invalid')))).toBe('refused')
  })

  test('timeout, where its signal ran out', async () => {
    const address = await serverThat('waits')
    expect(endingOfError(await thrownBy(() => fetch(address, { signal: AbortSignal.timeout(20) })))).toBe('timeout')
  })

  test('aborted, where the caller ended it', async () => {
    const address = await serverThat('waits')
    const caller = new AbortController()
    setTimeout(() => caller.abort(), 20)
    expect(endingOfError(await thrownBy(() => fetch(address, { signal: caller.signal })))).toBe('aborted')
  })

  test('uncertain, where the server hung up after the request was sent', async () => {
    const address = await serverThat('hangs-up')
    expect(endingOfError(await thrownBy(() => fetch(address)))).toBe('server-error')
  })
})

test.for<[unknown, Ending]>([
  [Object.assign(new Error('Bad request'), { status: 400 }), 'rejected'],
  [Object.assign(new Error('Too many requests'), { status: 429 }), 'rate-limited'],
  [Object.assign(new Error('Overloaded'), { statusCode: 529 }), 'server-error'],
  [new Error('wrapped', { cause: Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }) }), 'refused'],
  [new Error('a mistake of the host'), 'server-error'],
  ['text', 'server-error'],
  [undefined, 'server-error'],
])('an error like %s ends a call as %s', ([error, ending]) => {
  expect(endingOfError(error)).toBe(ending)
})
