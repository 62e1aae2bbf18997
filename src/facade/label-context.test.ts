import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, test, vi } from 'vitest'
import { openTemporaryLedger } from '../../test/ledger/temporary-ledger.ts'
import { contextLabels, inContext, withLabels } from './label-context.ts'

describe('labels of the code that runs', () => {
  test('reach through all that is awaited, and end with the function', async () => {
    const seen = await withLabels({ project: 'atlas' }, async () => {
      await wait(1)
      return Promise.all([contextLabels(), wait(1).then(() => contextLabels())])
    })
    expect(seen).toEqual([{ project: 'atlas' }, { project: 'atlas' }])
    expect(contextLabels()).toBeUndefined()
  })

  test('of an inner function are added to the outer ones, and win over them', () => {
    withLabels({ project: 'atlas', stage: 'draft' }, () => {
      withLabels({ stage: 'final', run: '42' }, () => expect(contextLabels()).toEqual({ project: 'atlas', stage: 'final', run: '42' }))
      expect(contextLabels()).toEqual({ project: 'atlas', stage: 'draft' })
    })
  })

  test('of two that run at once are not mixed', async () => {
    const one = async (ticket: string): Promise<unknown> => withLabels({ ticket }, () => wait(1).then(() => contextLabels()))
    expect(await Promise.all([one('T-1'), one('T-2')])).toEqual([{ ticket: 'T-1' }, { ticket: 'T-2' }])
  })

  test('give way to those that a call has itself', () => {
    withLabels({ project: 'atlas', role: 'writer' }, () => {
      expect(inContext({ labels: { role: 'critic' } })).toEqual({ labels: { project: 'atlas', role: 'critic' } })
      expect(inContext({})).toEqual({ labels: { project: 'atlas', role: 'writer' } })
    })
    expect(inContext({ labels: { role: 'critic' } })).toEqual({ labels: { role: 'critic' } })
  })

  test('are one context for two copies of the package', async () => {
    vi.resetModules()
    const other = await import('./label-context.ts')
    expect(other.withLabels).not.toBe(withLabels)
    expect(other.withLabels({ project: 'atlas' }, () => contextLabels())).toEqual({ project: 'atlas' })
  })

  test('that no charge may carry are refused at once', () => {
    expect(() => withLabels({ model: 'x' }, () => undefined)).toThrow('"model" is a reserved name')
  })
})

describe('calls in a context', () => {
  const call = { provider: 'acme', model: 'big', usage: { inputTokens: 10 } }

  test('are booked with its labels, one by one and in bulk', async () => {
    const purser = await openTemporaryLedger()
    await purser.withLabels({ project: 'atlas', ticket: 'T-1' }, async () => {
      await purser.record({ ...call, id: 'one', labels: { agent: 'builder' } })
      await purser.recordMany([{ ...call, id: 'two' }])
    })
    expect(await purser.charge('one')).toMatchObject({ labels: { project: 'atlas', ticket: 'T-1', agent: 'builder' } })
    expect(await purser.charge('two')).toMatchObject({ labels: { project: 'atlas', ticket: 'T-1' } })
  })

  test('of a shared agent are booked to the ticket and project that it serves just then', async () => {
    const purser = await openTemporaryLedger()
    await purser.budgets.set('tickets', { limit: 1, window: 'day', each: ['ticket'] })
    // The agent knows no ticket: whoever asks for its help brings the labels.
    const support = async (question: string): Promise<void> => {
      await purser.record({ ...call, id: `${question} read`, labels: { agent: 'support', agentType: 'shared' } })
      await wait(1)
      const hold = await purser.holds.reserve({ id: question, labels: { agent: 'support' }, amount: { cost: '0.60' } })
      if (hold.granted) await purser.holds.settle(hold.id, { ...call, model: 'answerer', costUsd: '0.25' })
    }
    await Promise.all([
      purser.withLabels({ ticket: 'T-1', project: 'atlas' }, () => support('one')),
      purser.withLabels({ ticket: 'T-2', project: 'nova' }, () => support('two')),
    ])
    // 10 × 2 nano-dollars read, and a quarter of a dollar answered, for each.
    const { rows } = await purser.costs({ groupBy: ['ticket', 'project', 'agent'] })
    expect(rows.map(({ key, costNanos, calls }) => [...key, costNanos, calls]).toSorted()).toEqual([
      ['T-1', 'atlas', 'support', 250_000_020n, 2],
      ['T-2', 'nova', 'support', 250_000_020n, 2],
    ])
    expect(await purser.withLabels({ ticket: 'T-1' }, () => purser.holds.reserve({ amount: { cost: '0.80' } }))).toMatchObject({
      granted: false,
      budget: 'tickets',
      scope: { ticket: 'T-1' },
    })
  })

  test('are still checked', async () => {
    const purser = await openTemporaryLedger()
    await purser.withLabels({ project: 'atlas' }, async () => {
      await expect(purser.record(null as never)).rejects.toMatchObject({ code: 'PURSER_BAD_RECORD' })
      await expect(purser.record({ ...call, labels: 'atlas' as never })).rejects.toMatchObject({ code: 'PURSER_BAD_RECORD' })
      await expect(purser.holds.reserve(null as never)).rejects.toMatchObject({ code: 'PURSER_BAD_ARGUMENT' })
    })
  })

  test.each([null, undefined, 'atlas', ['atlas']])('are no labels: %j, and then nothing runs', async (labels) => {
    const purser = await openTemporaryLedger()
    let hasRun = false
    expect(() => purser.withLabels(labels as never, () => (hasRun = true))).toThrow('it must be an object like { project: "atlas" }')
    expect(() => purser.withLabels({ project: 'atlas' }, null as never)).toThrow('it must be a function')
    expect(hasRun).toBe(false)
  })

  test('are held with its labels, which the charge keeps wherever it is settled', async () => {
    const purser = await openTemporaryLedger()
    await purser.budgets.set('atlas', { limit: 1, window: 'day', where: 'project=atlas' })
    const hold = (project: string) => purser.withLabels({ project }, () => purser.holds.reserve({ id: project, amount: { cost: '0.60' } }))
    expect(await hold('atlas')).toMatchObject({ granted: true })
    expect(await purser.withLabels({ project: 'atlas' }, () => purser.holds.reserve({ amount: { cost: '0.60' } }))).toMatchObject({
      granted: false,
      budget: 'atlas',
    })
    const { charge } = await purser.withLabels({ project: 'borg' }, () => purser.holds.settle('atlas', { ...call, costUsd: '0.10' }))
    expect(await purser.charge(charge ?? '')).toMatchObject({ labels: { project: 'atlas' } })
  })

  test('that take a part of a hold have its labels, and those of the context that it lacks', async () => {
    const purser = await openTemporaryLedger()
    await purser.holds.reserve({ id: 'run', labels: { run: '42' }, amount: { cost: '1' } })
    await purser.withLabels({ run: 'other', stage: 'draft' }, () => purser.holds.split('run', { id: 'part', amount: { cost: '0.10' } }))
    expect(await purser.holds.get('part')).toMatchObject({ labels: { run: '42', stage: 'draft' } })
  })
})
