import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { openBehind, openTemporaryLedger, temporaryFolder } from '../../../test/ledger/temporary-ledger.ts'
import type { Purser } from '../../purser.ts'
import type { CallOptions } from './call-desk.ts'

const twoTickets = [{ labels: { ticket: 'T-1' }, weight: 2 }, { labels: { ticket: 'T-2' } }]
const [one] = twoTickets as [(typeof twoTickets)[0]]

/** A call that is held at 20 cents and costs ten: 66,666,667 and 33,333,333 nanos for weights of 2 and 1. */
const call: CallOptions<string> = {
  labels: { agent: 'triage' },
  amount: { cost: '0.20' },
  read: (usd) => ({ id: 'c', provider: 'acme', model: 'flat', costUsd: usd }),
}
const answer = async (): Promise<string> => '0.10'

async function booked(purser: Purser): Promise<unknown[]> {
  await purser.flush()
  const charges = await Array.fromAsync(purser.charges())
  return charges.map(({ id, labels, costNanos }) => [id, labels, costNanos])
}

const split = [
  ['c', { agent: 'triage', ticket: 'T-1' }, 66_666_667n],
  ['c#2/2', { agent: 'triage', ticket: 'T-2' }, 33_333_333n],
]

describe('a call that says before it is made for whom', () => {
  test('is split among them', async () => {
    const purser = await openTemporaryLedger()
    await purser.budgets.set('triage', { limit: '0.25', window: 'day', where: 'agent=triage' })
    const called = await purser.call({ ...call, serves: twoTickets }, answer)
    expect(called.granted && (await called.booked)).toMatchObject({ outcome: 'booked', charge: { id: 'c', costNanos: 66_666_667n } })
    expect(await booked(purser)).toEqual(split)
    expect((await purser.costs()).total).toMatchObject({ calls: 1, costNanos: 100_000_000n })
    expect((await purser.budgets.status())[0]).toMatchObject({ spent: 100_000_000n, held: 0n })
  })

  test('is split as its answer says, where that says', async () => {
    const purser = await openTemporaryLedger()
    const read = (usd: string) => ({ ...call.read?.(usd), serves: [{ labels: { ticket: 'T-9' } }] })
    await purser.call({ ...call, read, serves: twoTickets }, answer)
    expect(await booked(purser)).toEqual([['c', { agent: 'triage', ticket: 'T-9' }, 100_000_000n]])
  })

  test('is split by its own list, and not by that of the code around it', async () => {
    const purser = await openTemporaryLedger()
    await purser.withServes([{ labels: { ticket: 'T-9' } }], () => purser.call({ ...call, serves: twoTickets }, answer))
    expect(await booked(purser)).toEqual(split)
  })

  test('has the labels around it where its parts do not say otherwise, and each part its own', async () => {
    const purser = await openTemporaryLedger()
    const serves = [{ labels: { ticket: 'T-1', project: 'nova' } }, { labels: { ticket: 'T-2' } }]
    await purser.withLabels({ ticket: 'T-0', project: 'atlas', stage: 'draft' }, () => purser.call({ ...call, serves }, answer))
    expect(await booked(purser)).toEqual([
      ['c', { agent: 'triage', stage: 'draft', ticket: 'T-1', project: 'nova' }, 50_000_000n],
      ['c#2/2', { agent: 'triage', stage: 'draft', ticket: 'T-2', project: 'atlas' }, 50_000_000n],
    ])
  })

  test('is split within a run with a cap, of which it is a part', async () => {
    const purser = await openTemporaryLedger()
    const ended = await purser.run({ id: 'r', budget: '0.30' }, (run) =>
      run.stage('triage', () => purser.withServes(twoTickets, () => purser.call(call, answer))),
    )
    expect(ended.state).toBe('completed')
    const around = { run: 'r', stage: 'triage', agent: 'triage' }
    expect(await booked(purser)).toEqual([
      ['c', { ...around, ticket: 'T-1' }, 66_666_667n],
      ['c#2/2', { ...around, ticket: 'T-2' }, 33_333_333n],
    ])
    expect((await purser.verify({ repair: false })).discrepancies).toEqual([])
  })

  test('is not made where its run pays for another project, because its cap is that of the run', async () => {
    const purser = await openTemporaryLedger()
    const serves = [{ labels: { project: 'nova' } }]
    const paid = purser.run({ id: 'r', project: 'atlas', budget: '0.30' }, () =>
      purser.call({ ...call, serves }, () => expect.fail('it was sent')),
    )
    await expect(paid).rejects.toThrow('has project=atlas, and the call serves project=nova')
  })

  test.each([
    [[], 'PURSER_BAD_RECORD'],
    [[{ ...one, weight: 0 }], 'PURSER_BAD_NUMBER'],
    [[{ labels: { model: 'x' } }], 'PURSER_BAD_LABEL'],
    ['T-1', 'PURSER_BAD_RECORD'],
  ])('is not made where that is wrong: %j', async (serves, code) => {
    const purser = await openTemporaryLedger()
    const wrong = purser.call({ ...call, serves: serves as never }, () => expect.fail('it was sent'))
    await expect(wrong).rejects.toMatchObject({ code })
    expect(() => purser.withServes(serves as never, () => expect.fail('it ran'))).toThrow(expect.objectContaining({ code }) as Error)
    expect(await purser.holds.list()).toEqual([])
  })
})

describe('records in code that serves several', () => {
  const record = { id: 'c', provider: 'acme', model: 'flat', costUsd: '0.10', usage: {}, labels: { agent: 'triage' } }

  test('are split, one by one and in bulk, unless they say themselves', async () => {
    const purser = await openTemporaryLedger()
    await purser.withServes(twoTickets, async () => {
      await purser.record(record)
      await purser.recordMany([{ ...record, id: 'd', serves: [{ labels: { ticket: 'T-9' } }] }])
    })
    await purser.record({ ...record, id: 'e' })
    expect(await booked(purser)).toEqual([
      ...split,
      ['d', { agent: 'triage', ticket: 'T-9' }, 100_000_000n],
      ['e', { agent: 'triage' }, 100_000_000n],
    ])
  })

  test('of an inner list are split by that', async () => {
    const purser = await openTemporaryLedger()
    await purser.withServes([{ labels: { ticket: 'T-9' } }], () => purser.withServes(twoTickets, () => purser.record(record)))
    expect(await booked(purser)).toEqual(split)
  })
})

test('a split call that the ledger cannot take is booked later, split alike', async () => {
  const purser = await openTemporaryLedger({ db: join(temporaryFolder(), 'ledger.db'), patienceMs: 50, onWarning: () => undefined })
  const other = openBehind(purser.location)
  const called = await purser.call({ ...call, serves: twoTickets }, async () => {
    other.exec('BEGIN IMMEDIATE')
    return '0.10'
  })
  expect(called.granted && (await called.booked).outcome).toBe('journaled')
  other.exec('ROLLBACK')
  expect(await purser.flush()).toEqual({ waiting: 0 })
  expect(await booked(purser)).toEqual(split)
})
