import { describe, expect, test } from 'vitest'
import type { z } from 'zod'
import { whyShape } from '../../src/json/gate-shapes.ts'
import { costing, denied, done, granted, holdsOf, statusOf } from './gate-machine.ts'
import { type Machine, newMachine } from './run-purser.ts'

async function why(machine: Machine, ...args: readonly string[]): Promise<{ code: number | null; answer: z.infer<typeof whyShape> }> {
  const { code, out } = await machine.run(['why', ...args, '--json'])
  return { code, answer: whyShape.parse(JSON.parse(out)) }
}

describe('why', () => {
  test('tells that a hold would be granted, and grants nothing', async () => {
    const machine = newMachine()
    await done(machine, ['budgets', 'set', 'all', '--limit', '5', '--window', 'total'])
    await done(machine, ['budgets', 'set', 'b', '--limit', '5', '--window', 'total', '--where', 'project=b'])
    const { code, answer } = await why(machine, '--amount', '1', '--label', 'project=a')
    expect([code, answer]).toMatchObject([
      0,
      { granted: true, denial: null, needs: null, holders: [], budgets: [{ budget: 'all', held: '0' }] },
    ])
    expect(answer.budgets).toHaveLength(1)
    expect(await holdsOf(machine)).toEqual([])
    expect(await done(machine, ['why', '--amount', '1'])).toMatch(/^It would be granted\.\n\nBudgets that apply\n/)
  })

  test('names the budget that refuses, who holds what, and what would let the call through', async () => {
    const machine = newMachine()
    await done(machine, ['budgets', 'set', 'team', '--limit', '5', '--window', 'day', '--each', 'project'])
    await done(machine, costing('3', '--label', 'project=a'))
    await granted(machine, ['--amount', '1.5', '--label', 'project=a', '--label', 'run=7', '--id', 'r7'])
    const { code, answer } = await why(machine, '--amount', '1', '--label', 'project=a')
    expect(code).toBe(4)
    expect(answer).toMatchObject({
      granted: false,
      denial: { kind: 'contended', budget: 'team', scope: { project: 'a' }, spent: '3000000000', held: '1500000000', asked: '1000000000' },
      needs: { raiseLimitBy: '500000000', ifReleased: '500000000', waitUntil: null },
      holders: [{ id: 'r7', labels: { project: 'a', run: '7' } }],
      budgets: [{ budget: 'team', scope: { project: 'a' } }],
    })
    const full = await why(machine, '--amount', '2.5', '--label', 'project=a')
    const [row] = await statusOf(machine)
    expect(full.answer.needs).toEqual({ raiseLimitBy: '2000000000', ifReleased: null, waitUntil: row?.resetsAt })
    const { code: exit, out } = await machine.run(['why', '--amount', '1', '--label', 'project=a'])
    expect(exit).toBe(4)
    expect(out).toContain('It would be refused.\nBudget "team" (project=a) has no room for $1.00 while other calls hold theirs')
    expect(out).toMatch(/^r7 +open +project=a, run=7 +\$1\.50/m)
  })

  test('the command that it suggests is enough, and a nano less is not', async () => {
    const machine = newMachine()
    await done(machine, ['budgets', 'set', 'all', '--limit', '5', '--window', 'total', '--mode', 'adaptive', '--tolerance', '0.5'])
    await done(machine, costing('3'))
    await granted(machine, ['--amount', '1.9'])
    const ask = ['--amount', '1.123456789']
    const { out } = await machine.run(['why', ...ask])
    const [, suggested = ''] = /purser (budgets set all --limit \S+)/.exec(out) ?? []
    // 3 + 1.9 + 1.123456789 expected, because nothing is learned yet
    expect(suggested).toBe('budgets set all --limit 6.023456789')
    await done(machine, ['budgets', 'set', 'all', '--limit', '6.023456788'])
    await denied(machine, ask)
    await done(machine, suggested.split(' '))
    await granted(machine, ask)
  })

  test('what nobody can bound needs an amount, not a higher limit', async () => {
    const machine = newMachine()
    await done(machine, ['budgets', 'set', 'all', '--limit', '5', '--window', 'total'])
    const { answer } = await why(machine, '--label', 'project=a')
    expect(answer).toMatchObject({ denial: { kind: 'unbounded' }, needs: { raiseLimitBy: null, ifReleased: null, waitUntil: null } })
  })

  test('lists only the holders of the counter that refuses, not of others of its budget', async () => {
    const machine = newMachine()
    await done(machine, ['budgets', 'set', 'team', '--limit', '5', '--window', 'day', '--each', 'project'])
    await granted(machine, ['--amount', '4', '--label', 'project=a', '--id', 'in-a'])
    await granted(machine, ['--amount', '4', '--label', 'project=b', '--id', 'in-b'])
    const { answer } = await why(machine, '--amount', '2', '--label', 'project=b')
    expect(answer.holders.map(({ id }) => id)).toEqual(['in-b'])
    const none = await why(machine, '--amount', '6')
    expect(none.answer.holders).toEqual([])
  })

  test('tells of each budget that refuses what it needs', async () => {
    const machine = newMachine()
    await done(machine, ['budgets', 'set', 'all', '--limit', '5', '--window', 'total'])
    await done(machine, ['budgets', 'set', 'calls', '--metric', 'calls', '--limit', '1', '--window', 'total'])
    await done(machine, costing('4.5'))
    const { out } = await machine.run(['why', '--amount', '1'])
    expect(out).toContain('What "all" needs, any one of\n  raise the limit by $0.50: purser budgets set all --limit 5.50\n')
    expect(out).toContain('What "calls" needs, any one of\n  raise the limit by 1 call: purser budgets set calls --limit 2\n')
  })

  test('names no command where an override sets the limit, and keeps an increase on top', async () => {
    const machine = newMachine()
    await done(machine, ['budgets', 'set', 'b', '--limit', '5', '--window', 'total', '--each', 'project', '--override', 'project=a:2'])
    const overridden = await machine.run(['why', '--amount', '3', '--label', 'project=a'])
    expect(overridden.out).toContain('  raise the limit by $1.00\n')
    await done(machine, ['budgets', 'set', 'b', '--increase-by', '1', '--until', '2099-01-01'])
    const raised = await machine.run(['why', '--amount', '8', '--label', 'project=c'])
    // 8 of 5 + 1 is 2 too much, on top of the 5 that the budget says.
    expect(raised.out).toContain('raise the limit by $2.00: purser budgets set b --limit 7.00')
  })

  test('of a ledger that is not there says so', async () => {
    const { code, err } = await newMachine().run(['why', '--amount', '1'])
    expect(code).toBe(2)
    expect(err).toContain('There is no ledger')
  })
})
