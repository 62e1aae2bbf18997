import { describe, expect, test } from 'vitest'
import { openTemporaryLedger } from '../../../test/ledger/temporary-ledger.ts'
import type { Card } from '../../pricing/card.ts'
import type { Purser } from '../../purser.ts'

/** $1 for a million input tokens, $10 for a million output tokens. */
const cards: Card[] = [
  {
    provider: 'openai',
    model: 'test-model',
    rates: [
      { meter: 'inputTokens', usd: '1', per: 1_000_000 },
      { meter: 'outputTokens', usd: '10', per: 1_000_000 },
    ],
    source: 'a test',
    checkedAt: '2026-01-01',
  } as Card,
]

const body = { model: 'test-model', max_tokens: 1000, messages: [{ role: 'user', content: 'Hello' }] }
const request = { provider: 'openai', api: 'chat', body } as const
/** 100 input and 50 output tokens: $0.0001 and $0.0005, 600,000 nanos. */
const answer = { id: 'chatcmpl-1', model: 'test-model', usage: { prompt_tokens: 100, completion_tokens: 50, total_tokens: 150 } }
const answerNanos = 600_000n

async function open(limit = '1.00'): Promise<Purser> {
  const purser = await openTemporaryLedger({ ownerCards: cards })
  await purser.budgets.set('daily', { limit, window: 'day' })
  return purser
}

async function counter(purser: Purser): Promise<[bigint, bigint, bigint]> {
  const [row] = await purser.budgets.status()
  return [row?.spent ?? -1n, row?.held ?? -1n, row?.presumed ?? -1n]
}

/** The worst case of the request: what one that is sent and not answered holds. */
async function worst(): Promise<bigint> {
  const purser = await open()
  await purser.holds.reserve({ request })
  return (await counter(purser))[1]
}

describe('a call within its budgets', () => {
  test('is one of the model that was asked for, where the answer names none', async () => {
    const ears = { ...cards[0], model: 'test-ears', rates: [{ meter: 'audioSeconds', usd: '0.006', per: 60 }] } as Card
    const purser = await openTemporaryLedger({ ownerCards: [ears] })
    const sound = { provider: 'openai', api: 'transcription', body: { model: 'test-ears' }, quantities: { audioSeconds: 90 } }
    const called = await purser.call({ request: sound }, async () => ({ text: 'Hello', usage: { type: 'duration', seconds: 90 } }))
    if (!called.granted) return expect.fail(called.message)
    // 90 seconds at $0.006 a minute.
    expect(await called.booked).toMatchObject({
      outcome: 'booked',
      charge: { model: 'test-ears', modelAsked: null, costNanos: 9_000_000n },
    })
  })

  test('gives the answer, and is booked beside the caller', async () => {
    const purser = await open()
    const called = await purser.withLabels({ project: 'atlas' }, () => purser.call({ request, callId: 'c-1' }, async () => answer))
    if (!called.granted) return expect.fail(called.message)
    expect(called.answer).toBe(answer)
    const { charge, outcome } = await called.booked
    expect(outcome).toBe('booked')
    expect(charge).toMatchObject({
      id: 'openai:chatcmpl-1',
      costNanos: answerNanos,
      labels: { project: 'atlas' },
      hold: called.hold,
      callId: 'c-1',
      responseId: 'chatcmpl-1',
    })
    expect(charge?.durationMs).toBeGreaterThanOrEqual(0)
    expect(await counter(purser)).toEqual([answerNanos, 0n, 0n])
  })

  test('is not sent where a budget refuses it', async () => {
    const purser = await open('0.001')
    const called = await purser.call({ request }, () => expect.fail('it was sent'))
    expect(called).toMatchObject({ granted: false, kind: 'never-fits', budget: 'daily' })
    expect(await counter(purser)).toEqual([0n, 0n, 0n])
  })

  test('flush waits for what is being booked', async () => {
    const purser = await open()
    await Promise.all(Array.from({ length: 20 }, (_, n) => purser.call({ request }, async () => ({ ...answer, id: `chatcmpl-${n}` }))))
    expect(await purser.flush()).toEqual({ waiting: 0 })
    expect(await counter(purser)).toEqual([20n * answerNanos, 0n, 0n])
  })

  test('without a request says what it came to by a function', async () => {
    const purser = await open()
    const called = await purser.call(
      { amount: { cost: '0.20' }, read: (cost: string) => ({ provider: 'acme', model: 'big', costUsd: cost, usage: { images: 1 } }) },
      async () => '0.15',
    )
    expect(called.granted && (await called.booked).charge?.costNanos).toBe(150_000_000n)
    await expect(purser.call({ amount: { cost: '0.20' } }, async () => 1)).rejects.toMatchObject({
      code: 'PURSER_BAD_ARGUMENT',
      message: expect.stringContaining('needs `read`') as string,
    })
  })

  test.each([
    ['no connection', Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }), 'free'],
    ['a 400', Object.assign(new Error('bad request'), { status: 400 }), 'free'],
    ['a 429', Object.assign(new Error('slow down'), { status: 429 }), 'free'],
    ['a 500', Object.assign(new Error('oops'), { status: 500 }), 'held'],
    ['a timeout', new DOMException('too late', 'TimeoutError'), 'held'],
    ['an abort', new DOMException('enough', 'AbortError'), 'held'],
    ['an error that says nothing', new Error('?'), 'held'],
  ])('that ends with %s throws it, and what was set aside is %s', async (_name, error, outcome) => {
    const purser = await open()
    await expect(purser.call({ request }, () => Promise.reject(error))).rejects.toBe(error)
    await purser.flush()
    expect(await counter(purser)).toEqual([0n, outcome === 'free' ? 0n : await worst(), 0n])
  })

  test('whose answer has no usage keeps what was set aside, and says so', async () => {
    const warnings: string[] = []
    const purser = await openTemporaryLedger({ ownerCards: cards, onWarning: (message) => warnings.push(message) })
    await purser.budgets.set('daily', { limit: '1.00', window: 'day' })
    const called = await purser.call({ request }, async () => ({ id: 'x', model: 'test-model' }))
    expect(called.granted && (await called.booked).outcome).toBe('kept')
    expect(await counter(purser)).toEqual([0n, await worst(), 0n])
    expect(warnings[0]).toContain('nobody knows its cost')
    expect(warnings[0]).toContain('`purser hold resolve`')
  })

  test('whose reader throws gives its answer all the same', async () => {
    const warnings: string[] = []
    const purser = await openTemporaryLedger({ onWarning: (message) => warnings.push(message) })
    const read = (): never => {
      throw new TypeError('no such field')
    }
    const called = await purser.call({ amount: { cost: '0.20' }, read }, async () => 'the answer')
    expect(called).toMatchObject({ granted: true, answer: 'the answer' })
    expect(warnings).toEqual(['The function that reads what a call came to threw: no such field.'])
  })
})

describe('a call whose answer is a stream', () => {
  const chunk = (content: string) => ({ id: 'chatcmpl-2', model: 'test-model', choices: [{ index: 0, delta: { content } }] })
  const last = { id: 'chatcmpl-2', model: 'test-model', choices: [], usage: answer.usage }

  async function* events(fails = false) {
    yield chunk('Hel')
    yield chunk('lo')
    if (fails) throw Object.assign(new Error('terminated'), { code: 'UND_ERR_SOCKET' })
    yield last
  }

  test('is booked once it was read to its end', async () => {
    const purser = await open()
    const called = await purser.call({ request: { ...request, body: { ...body, stream: true } } }, async () => events())
    if (!called.granted) return expect.fail(called.message)
    expect((await counter(purser))[0]).toBe(0n)
    expect((await Array.fromAsync(called.answer)).length).toBe(3)
    expect((await called.booked).charge).toMatchObject({ costNanos: answerNanos, outcome: 'ok', estimated: false })
    expect(await counter(purser)).toEqual([answerNanos, 0n, 0n])
  })

  test('that breaks off throws on, and keeps presumed what nobody knows', async () => {
    const purser = await open()
    const called = await purser.call({ request }, async () => events(true))
    if (!called.granted) return expect.fail(called.message)
    await expect(Array.fromAsync(called.answer)).rejects.toThrow('terminated')
    await purser.flush()
    const [spent, held, presumed] = await counter(purser)
    expect(spent + held + presumed).toBe(await worst())
  })

  test.each([
    ['is frozen', () => Object.freeze(events())],
    ['forbids it', () => new Proxy(events(), { defineProperty: () => expect.fail('no') as never })],
  ])('that cannot be watched because it %s is given all the same, and what was set aside is kept', async (_name, sealed) => {
    const warnings: string[] = []
    const purser = await openTemporaryLedger({ ownerCards: cards, onWarning: (message) => warnings.push(message) })
    await purser.budgets.set('daily', { limit: '1.00', window: 'day' })
    const stream = sealed()
    const called = await purser.call({ request }, async () => stream)
    if (!called.granted) return expect.fail(called.message)
    expect(called.answer).toBe(stream)
    expect((await called.booked).outcome).toBe('kept')
    expect(await counter(purser)).toEqual([0n, await worst(), 0n])
    expect(warnings).toEqual([expect.stringContaining('cannot be watched')])
    expect(warnings[0]).toContain(called.hold)
  })

  test('only by name is an answer like any other', async () => {
    const purser = await open()
    const called = await purser.call({ request }, async () => ({ ...answer, [Symbol.asyncIterator]: undefined }))
    expect(called.granted && (await called.booked).charge?.costNanos).toBe(answerNanos)
  })

  test('that its reader leaves counts as aborted', async () => {
    const purser = await open()
    const called = await purser.call({ request }, async () => events())
    if (!called.granted) return expect.fail(called.message)
    for await (const _ of called.answer) break
    await purser.flush()
    const [spent, held, presumed] = await counter(purser)
    expect(spent + held + presumed).toBe(await worst())
  })
})

test('with tracking off every call runs, and nothing is booked or held', async () => {
  const purser = await openTemporaryLedger({ tracking: false })
  const called = await purser.call({ request }, async () => answer)
  expect(called).toMatchObject({ granted: true, answer, hold: null })
  expect(called.granted && (await called.booked)).toEqual({ charge: null, outcome: 'off' })
  expect(await purser.record({ provider: 'openai', model: 'gpt-4o', usage: { inputTokens: 10 } })).toMatchObject({
    seq: 0,
    costNanos: null,
  })
  expect(await purser.holds.reserve({ amount: { cost: 5 } })).toMatchObject({ granted: true })
  expect((await purser.costs()).total.calls).toBe(0)
})
