import { describe, expect, test } from 'vitest'
import { openTemporaryLedger } from '../../test/ledger/temporary-ledger.ts'
import type { Purser } from '../purser.ts'
import type { BudgetBook } from './budget-book.ts'

/** Budgets as JavaScript sees them, which hands over whatever it likes. */
type Untyped = Readonly<Record<keyof BudgetBook, (...given: unknown[]) => Promise<unknown>>>

async function openWithBudget(): Promise<Purser> {
  const purser = await openTemporaryLedger()
  await purser.budgets.set('team', {
    limit: 5,
    window: 'day',
    each: 'project',
    where: 'stage!=draft',
    mode: 'adaptive',
    tolerance: 1,
    quantile: 0.8,
    overrides: { atlas: 30, web: { limit: 2, mode: 'soft' } },
    increase: { by: 10, until: '2099-12-01' },
  })
  return purser
}

async function budgetOf(purser: Purser, name = 'team') {
  const record = (await purser.budgets.list()).find(({ budget }) => budget.name === name)
  if (record === undefined) throw new Error(`There is no ${name}.`)
  return record
}

describe('a budget that is set', () => {
  test('takes the place of the one before whole', async () => {
    const purser = await openWithBudget()
    await purser.budgets.set('team', { limit: 6, window: 'day' })
    const { budget } = await budgetOf(purser)
    expect(budget).toMatchObject({ limit: 6_000_000_000n, mode: 'strict', each: [], where: [], overrides: [], increase: null })
  })

  test('is refused where somebody else has changed it since it was seen', async () => {
    const purser = await openWithBudget()
    const again = await openTemporaryLedger({ db: purser.location })
    const { version } = await budgetOf(again)
    await purser.budgets.set('team', { limit: 6, window: 'day' }, { expected: version })
    await expect(again.budgets.set('team', { limit: 7, window: 'day' }, { expected: version })).rejects.toMatchObject({
      code: 'PURSER_CONFLICT',
      message: expect.stringMatching(/Budget "team" was changed by somebody else: its version is \d+, not \d+\. .*read it again/) as string,
    })
    expect((await budgetOf(again)).budget.limit).toBe(6_000_000_000n)
    const { record } = await again.budgets.set('team', { limit: 7, window: 'day' }, { expected: (await budgetOf(again)).version })
    expect(record.version).toBeGreaterThan(version)
  })

  test('is refused where one is there and none was expected, or the other way round, or is made by whoever is first', async () => {
    const purser = await openTemporaryLedger()
    const make = () => purser.budgets.set('team', { limit: 6, window: 'day' }, { expected: null })
    const made = await Promise.allSettled([make(), make()])
    // The second finds the very same budget, which is still not what it expected.
    expect(made.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
    const { version } = await budgetOf(purser)
    await purser.budgets.remove('team', { expected: version })
    await expect(purser.budgets.set('team', { limit: 6, window: 'day' }, { expected: version })).rejects.toMatchObject({
      code: 'PURSER_CONFLICT',
      message: expect.stringContaining('is not there any more') as string,
    })
  })

  test('is not removed by one who has seen another version', async () => {
    const purser = await openWithBudget()
    const { version } = await budgetOf(purser)
    await purser.budgets.change('team', { limit: 6 })
    await expect(purser.budgets.remove('team', { expected: version })).rejects.toMatchObject({ code: 'PURSER_CONFLICT' })
    expect(await purser.budgets.list()).toHaveLength(1)
  })
})

describe('a budget that is changed', () => {
  test('keeps what the change leaves out', async () => {
    const purser = await openWithBudget()
    const before = await budgetOf(purser)
    const { outcome, warnings } = await purser.budgets.change('team', { limit: '6.50' }, { author: 'alice' })
    const after = await budgetOf(purser)
    expect([outcome, warnings]).toEqual(['changed', []])
    expect(after.budget).toEqual({ ...before.budget, limit: 6_500_000_000n })
    expect(after.revision).toBe(before.revision)
    expect((await purser.budgets.history('team')).at(-1)).toMatchObject({ author: 'alice', after: { limit: '6500000000' } })
  })

  test('loses what the change takes away, and overrides by name', async () => {
    const purser = await openWithBudget()
    await purser.budgets.change('team', { increase: null, overrides: [{ match: { project: 'atlas' }, limit: null }] })
    expect((await budgetOf(purser)).budget).toMatchObject({
      increase: null,
      overrides: [{ match: { project: 'web' }, limit: 2_000_000_000n, mode: 'soft' }],
    })
    await purser.budgets.change('team', { overrides: [{ match: { project: 'nova' }, limit: 1 }] })
    expect((await budgetOf(purser)).budget.overrides.map(({ match }) => match['project'])).toEqual(['web', 'nova'])
    await purser.budgets.change('team', { overrides: null, where: null })
    expect((await budgetOf(purser)).budget).toMatchObject({ overrides: [], where: [] })
  })

  test('follows its mode: what only an adaptive budget has goes with it', async () => {
    const purser = await openWithBudget()
    await purser.budgets.change('team', { mode: 'strict', overrides: null })
    expect((await budgetOf(purser)).budget).toMatchObject({ mode: 'strict', tolerance: 0n, quantile: 0.9, onLimit: 'block' })
    await purser.budgets.change('team', { onLimit: 'warn' })
    expect((await budgetOf(purser)).budget).toMatchObject({ mode: 'soft', onLimit: 'warn' })
  })

  test('by two at once is changed by both', async () => {
    const purser = await openWithBudget()
    const again = await openTemporaryLedger({ db: purser.location })
    await Promise.all([purser.budgets.change('team', { limit: 9 }), again.budgets.change('team', { tolerance: 3 })])
    expect((await budgetOf(purser)).budget).toMatchObject({ limit: 9_000_000_000n, tolerance: 3_000_000_000n })
  })

  test('is not changed where another version was seen', async () => {
    const purser = await openWithBudget()
    const { version } = await budgetOf(purser)
    await purser.budgets.change('team', { limit: 9 }, { expected: version })
    await expect(purser.budgets.change('team', { limit: 8 }, { expected: version })).rejects.toMatchObject({ code: 'PURSER_CONFLICT' })
  })

  test('keeps what the change says is undefined, as where it is left out', async () => {
    const purser = await openWithBudget()
    const before = (await budgetOf(purser)).budget
    const undefinedTerms = {
      limit: undefined,
      window: undefined,
      mode: undefined,
      where: undefined,
      overrides: undefined,
      increase: undefined,
    }
    await purser.budgets.change('team', { ...undefinedTerms, tolerance: 2 } as never)
    expect((await budgetOf(purser)).budget).toEqual({ ...before, tolerance: 2_000_000_000n })
  })

  test('is told first that there is no such metric', async () => {
    const purser = await openWithBudget()
    await expect(purser.budgets.change('team', { metric: 'dollars' } as never)).rejects.toThrow(
      '"metric" of budget "team" is "dollars"; it must be one of cost, tokens, calls, concurrency.',
    )
  })

  test('must be there', async () => {
    const purser = await openTemporaryLedger()
    await expect(purser.budgets.change('team', { limit: 9 })).rejects.toMatchObject({ code: 'PURSER_NOT_FOUND' })
  })
})

test.each<[string, (budgets: Untyped) => Promise<unknown>, RegExp]>([
  ['no name', (budgets) => budgets.set(undefined, { limit: 5, window: 'day' }), /The name of a budget is undefined; it must be text/],
  ['nothing at all', (budgets) => budgets.set(), /The name of a budget is undefined/],
  ['no budget', (budgets) => budgets.set('daily'), /Budget "daily" is undefined; it must be a mapping/],
  [
    'a field that is mistyped',
    (budgets) => budgets.set('daily', { limt: 5, window: 'day' }),
    /"limt" of budget "daily" is not a key that purser knows; did you mean "limit"/,
  ],
  ['an option that is mistyped', (budgets) => budgets.set('daily', { limit: 5, window: 'day' }, { autor: 'a' }), /Did you mean "author"\?/],
  [
    'a version that is none',
    (budgets) => budgets.set('daily', { limit: 5, window: 'day' }, { expected: 'x' }),
    /"expected" of the options is "x"; it must be the version of a budget, or null/,
  ],
  [
    'a day of the week that is none',
    (budgets) => budgets.set('daily', { limit: 5, window: 'day' }, { weekStart: 9 }),
    /"weekStart" of the options is 9/,
  ],
  ['no change', (budgets) => budgets.change('team'), /The change of budget "team" is undefined; it must be an object like \{ limit: 6 \}/],
  ['a change of a field that there is not', (budgets) => budgets.change('team', { limt: 6 }), /did you mean "limit"/],
  [
    'another metric without a limit',
    (budgets) => budgets.change('team', { metric: 'tokens' }),
    /"limit" of budget "team" must be given too/,
  ],
  ['no name to remove', (budgets) => budgets.remove(), /The name of a budget is undefined/],
  ['names that are no list', (budgets) => budgets.status('team'), /The names of budgets is "team"; it must be a list of texts/],
  ['no name to learn of', (budgets) => budgets.learned(), /The name of a budget is undefined/],
])('what a budget is changed by is refused by name where it is wrong: %s', async (_, ask, message) => {
  const purser = await openWithBudget()
  await expect(ask(purser.budgets as unknown as Untyped)).rejects.toMatchObject({
    name: 'PurserError',
    code: 'PURSER_BAD_ARGUMENT',
    message: expect.stringMatching(message) as string,
  })
  expect(await purser.budgets.list()).toHaveLength(1)
})

test('what is asked of a budget that is not there is refused, naming the nearest', async () => {
  const purser = await openWithBudget()
  const asks = [() => purser.budgets.status(['team', 'taem']), () => purser.holds.list('taem'), () => purser.budgets.learned('taem')]
  for (const ask of asks) {
    await expect(ask()).rejects.toMatchObject({ code: 'PURSER_NOT_FOUND', message: 'There is no budget "taem". Did you mean "team"?' })
  }
  expect(await purser.budgets.status([])).toEqual([])
})
