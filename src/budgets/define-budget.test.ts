import { describe, expect, test } from 'vitest'
import type { Budget } from './budget.ts'
import { type BudgetInput, defineBudget } from './define-budget.ts'

const defaults = { origin: 'cli', zone: 'Europe/Paris', weekStart: 1 } as const
const define = (input: BudgetInput): Budget => defineBudget('team', input, defaults).budget
const day = { limit: 5, window: 'day' } as const

describe('a budget that says little', () => {
  test('is a strict limit on cost in the zone of the ledger, that tells half, four fifths and nearly all', () => {
    expect(define(day)).toEqual({
      name: 'team',
      metric: 'cost',
      where: [],
      each: [],
      window: { kind: 'day' },
      zone: 'Europe/Paris',
      limit: 5_000_000_000n,
      mode: 'strict',
      tolerance: 0n,
      onLimit: 'block',
      thresholds: [
        { percent: 50, level: 'info' },
        { percent: 80, level: 'warning' },
        { percent: 95, level: 'critical' },
      ],
      overrides: [],
      increase: null,
      countsPlan: false,
      countsCacheReads: true,
      ceiling: null,
      learnBy: [],
      quantile: 0.9,
      origin: 'cli',
    })
  })

  test('warns where it is soft, and is soft where it says that it warns', () => {
    expect(define({ ...day, mode: 'soft' })).toMatchObject({ mode: 'soft', onLimit: 'warn' })
    expect(define({ ...day, onLimit: 'warn' })).toMatchObject({ mode: 'soft', onLimit: 'warn' })
  })

  test('blocks where it is adaptive, and has the tolerance that it says', () => {
    expect(define({ ...day, mode: 'adaptive', tolerance: '0.50', learnBy: 'stage', quantile: 0.95 })).toMatchObject({
      onLimit: 'block',
      tolerance: 500_000_000n,
      learnBy: ['stage'],
      quantile: 0.95,
    })
  })

  test('limits places without a window', () => {
    expect(define({ limit: 3, metric: 'concurrency' })).toMatchObject({ limit: 3n, window: { kind: 'total' } })
    expect(define({ limit: 3, metric: 'concurrency', window: 'total' }).window).toEqual({ kind: 'total' })
  })

  test('tells no shares of places, which are held and never spent', () => {
    expect(define({ limit: 3, metric: 'concurrency' }).thresholds).toEqual([])
    expect(define({ limit: 3, metric: 'concurrency', thresholds: 'none' }).thresholds).toEqual([])
  })

  test('may be written as in files and as in code', () => {
    const asInFiles = { ...day, counts_plan: true, on_limit: 'pause' }
    expect(define(asInFiles as BudgetInput)).toEqual(define({ ...day, countsPlan: true, onLimit: 'pause' }))
  })

  test('keeps none of what is undefined, as an option that was not given', () => {
    expect(define({ ...day, mode: undefined, where: undefined, ceiling: null })).toEqual(define(day))
  })
})

describe('scope', () => {
  test('filters are those of questions about costs', () => {
    expect(define({ ...day, where: ['project=a|b', 'stage!='] }).where).toEqual([
      { field: 'project', op: 'anyOf', values: ['a', 'b'] },
      { field: 'stage', op: 'present', values: [] },
    ])
    expect(define({ ...day, where: 'project=at*' }).where).toEqual([{ field: 'project', op: 'prefix', values: ['at'] }])
  })

  test('it is kept apart by one label or several', () => {
    expect(define({ ...day, each: 'project' }).each).toEqual(['project'])
    expect(define({ ...day, each: 'run, stage' }).each).toEqual(['run', 'stage'])
    expect(define({ ...day, each: ['run', 'stage'] }).each).toEqual(['run', 'stage'])
  })

  test('a window of runs is kept apart by run, and says so where that was added', () => {
    const { budget, warnings } = defineBudget('team', { limit: 5, window: 'run', each: 'agent' }, defaults)
    expect(budget.each).toEqual(['agent', 'run'])
    expect(warnings).toEqual(['budget "team" has the window run, so it is kept apart by run too: each is now agent, run.'])
    expect(defineBudget('team', { limit: 5, window: 'run', each: ['run', 'stage'] }, defaults).warnings).toEqual([])
  })
})

describe('overrides', () => {
  test('are limits by value, or terms', () => {
    expect(
      define({ ...day, each: 'project', overrides: { atlas: 30, web: { limit: '2', mode: 'soft' }, x: { thresholds: '90' } } }).overrides,
    ).toEqual([
      { match: { project: 'atlas' }, limit: 30_000_000_000n },
      { match: { project: 'web' }, limit: 2_000_000_000n, mode: 'soft', onLimit: 'warn' },
      { match: { project: 'x' }, thresholds: [{ percent: 90, level: 'warning' }] },
    ])
  })

  test('name a value of each label, in their order', () => {
    const each = ['project', 'stage']
    expect(define({ ...day, each, overrides: { 'web,draft': 2 } }).overrides).toEqual([
      { match: { project: 'web', stage: 'draft' }, limit: 2_000_000_000n },
    ])
    expect(define({ ...day, each, overrides: [{ match: { stage: 'a,b', project: 'web' }, limit: 2 }] }).overrides).toEqual([
      { match: { project: 'web', stage: 'a,b' }, limit: 2_000_000_000n },
    ])
  })

  test('a value of the only label may have commas', () => {
    expect(define({ ...day, each: 'project', overrides: { 'a,b': 2 } }).overrides[0]?.match).toEqual({ project: 'a,b' })
  })

  test.each<[string, BudgetInput, object]>([
    [
      'a strict one of an adaptive budget has no tolerance',
      { mode: 'adaptive', tolerance: 1, overrides: { a: { mode: 'strict' } } },
      { tolerance: 0n },
    ],
    [
      'a soft one warns, and has no tolerance',
      { mode: 'adaptive', tolerance: 1, overrides: { a: { mode: 'soft' } } },
      { onLimit: 'warn', tolerance: 0n },
    ],
    ['a hard one of a soft budget blocks', { mode: 'soft', overrides: { a: { mode: 'strict' } } }, { mode: 'strict', onLimit: 'block' }],
    ['one that warns is soft', { overrides: { a: { onLimit: 'warn' } } }, { mode: 'soft', onLimit: 'warn' }],
    ['an adaptive one brings its tolerance', { overrides: { a: { mode: 'adaptive', tolerance: 1 } } }, { tolerance: 1_000_000_000n }],
    ['an adaptive one keeps the action', { onLimit: 'pause', overrides: { a: { mode: 'adaptive', tolerance: 0 } } }, { tolerance: 0n }],
  ])('%s', (_, input, expected) => {
    const [override] = define({ ...day, each: 'project', ...input }).overrides
    expect(override).toMatchObject(expected)
  })
})

describe('an increase', () => {
  test('holds through the day that it names, and to the instant', () => {
    // The day ends at midnight in Paris, an hour before midnight in UTC.
    expect(define({ ...day, increase: { by: 10, until: '2026-12-01' } }).increase).toEqual({
      by: 10_000_000_000n,
      until: Date.UTC(2026, 11, 1, 23),
    })
    expect(define({ ...day, increase: { by: 10, until: '2026-12-01T12:00:00Z' } }).increase?.until).toBe(Date.UTC(2026, 11, 1, 12))
    expect(define({ ...day, timezone: 'UTC', increase: { by: 10, until: '2026-12-01T12:00' } }).increase?.until).toBe(
      Date.UTC(2026, 11, 1, 12),
    )
  })
})

test('what is hardly meant is pointed out', () => {
  const warningsOf = (input: BudgetInput) => defineBudget('team', input, defaults).warnings
  expect(() => define({ ...day, ceiling: 0 })).toThrow(
    /"ceiling" of budget "team" is 0, so that what cannot be bounded would be granted for nothing/,
  )
  expect(warningsOf({ ...day, ceiling: 6 })).toEqual([
    'budget "team" holds its ceiling of $6.00 for a request without a bound, which never fits within $5.00.',
  ])
  expect(warningsOf({ ...day, mode: 'adaptive', tolerance: 1, ceiling: 6 })).toEqual([])
  expect(warningsOf({ ...day, thresholds: [0.8] })).toEqual(['budget "team" has a threshold at 0.8 % of its limit; four fifths are 80 %.'])
  expect(warningsOf({ ...day, each: 'service' })).toEqual([expect.stringContaining('label service')])
})

test('a limit of two billion dollars is the largest, with as much of an increase', () => {
  const largest = { ...day, limit: 2_000_000_000, increase: { by: 2_000_000_000, until: '2030-01-01' } }
  expect(define(largest)).toMatchObject({ limit: 2n * 10n ** 18n, increase: { by: 2n * 10n ** 18n } })
})

describe('what cannot be', () => {
  const wrong: [string, object][] = [
    ['Budget "team" has no limit', { window: 'day' }],
    ['Budget "team" has no window; write run, hour, day', { limit: 5 }],
    ['"limits" of budget "team" is not a key that purser knows; did you mean "limit"?', { ...day, limits: 5 }],
    ['"onLimit" of budget "team" is given beside on_limit', { ...day, on_limit: 'block', onLimit: 'block' }],
    ['"limit" of budget "team" is -1; it must be dollars of 0 or more', { ...day, limit: -1 }],
    ['"mode" of budget "team" is "strickt"; it must be one of strict, adaptive, soft; did you mean "strict"?', { ...day, mode: 'strickt' }],
    ['"metric" of budget "team" is "token"; it must be one of cost, tokens', { ...day, metric: 'token' }],
    ['"tolerance" of budget "team" is for mode adaptive, and the mode is strict', { ...day, tolerance: 1 }],
    ['Budget "team" is adaptive and has no tolerance', { ...day, mode: 'adaptive' }],
    ['"quantile" of budget "team" is for mode adaptive', { ...day, quantile: 0.9 }],
    ['"learn_by" of budget "team" is for mode adaptive', { ...day, learn_by: ['stage'] }],
    ['"quantile" of budget "team" is 90; it must be a share', { ...day, mode: 'adaptive', tolerance: 1, quantile: 90 }],
    ['"on_limit" of budget "team" is block, and the mode is soft', { ...day, mode: 'soft', on_limit: 'block' }],
    ['"onLimit" of budget "team" is warn, and the mode is strict', { ...day, mode: 'strict', onLimit: 'warn' }],
    ['"window" of budget "team" is "day"; what is open at the same time has no window', { ...day, metric: 'concurrency' }],
    ['"window" of budget "team" is "24h"; what is open', { limit: 5, window: '24h', metric: 'concurrency' }],
    [
      '"thresholds" of budget "team" are told by what is spent, and places are held and never spent: leave them out',
      { limit: 5, metric: 'concurrency', thresholds: [80] },
    ],
    [
      '"overrides.a.thresholds" of budget "team" are told by what is spent',
      { limit: 5, metric: 'concurrency', each: 'project', overrides: { a: { thresholds: '80' } } },
    ],
    ['"counts_cache_reads" of budget "team" is for metric tokens', { ...day, counts_cache_reads: true }],
    ['"counts_plan" of budget "team" is "maybe"; it must be true or false', { ...day, counts_plan: 'maybe' }],
    ['"ceiling" of budget "team" is for metrics cost and tokens', { ...day, metric: 'calls', ceiling: 1 }],
    ['"timezone" of budget "team" cannot be: "Paris" is no time zone', { ...day, timezone: 'Paris' }],
    ['"where" of budget "team" asks for model, and a budget goes by labels alone', { ...day, where: 'model=gpt-4o' }],
    ['"where[2]" of budget "team" asks for provider', { ...day, where: ['project=a', 'provider=openai'] }],
    ['"where" of budget "team" cannot be: "day" is a reserved name', { ...day, where: 'day=2026-01-01' }],
    ['"where" of budget "team" cannot be: "project" is no filter', { ...day, where: 'project' }],
    ['"where" of budget "team" is "project=a|", with an empty value', { ...day, where: 'project=a|' }],
    ['"each" of budget "team" asks for provider', { ...day, each: 'provider' }],
    ['"each" of budget "team" names "run" twice', { ...day, each: 'run,run' }],
    ['"each" of budget "team" cannot be: Label key "" must be', { ...day, each: '' }],
    ['"overrides" of budget "team" need labels', { ...day, overrides: { atlas: 30 } }],
    ['"overrides.atlas" of budget "team" is "lots"; it must be dollars', { ...day, each: 'project', overrides: { atlas: 'lots' } }],
    ['"overrides.atlas.limt" of budget "team" is not a key', { ...day, each: 'project', overrides: { atlas: { limt: 1 } } }],
    ['"overrides.atlas" of budget "team" changes nothing', { ...day, each: 'project', overrides: { atlas: {} } }],
    [
      '"overrides.atlas" of budget "team" names "atlas", and the budget is kept apart by project and stage',
      { ...day, each: 'project,stage', overrides: { atlas: 1 } },
    ],
    [
      '"overrides.atlas.tolerance" of budget "team" is for mode adaptive',
      { ...day, each: 'project', overrides: { atlas: { tolerance: 1 } } },
    ],
    [
      '"overrides.atlas" of budget "team" is adaptive and has no tolerance',
      { ...day, each: 'project', overrides: { atlas: { mode: 'adaptive' } } },
    ],
    [
      '"overrides[1].match.user" of budget "team" is not a label that the budget is kept apart by',
      { ...day, each: 'project', overrides: [{ match: { user: '1' }, limit: 1 }] },
    ],
    [
      '"overrides[1].match" of budget "team" must have a value of stage',
      { ...day, each: 'project,stage', overrides: [{ match: { project: 'a' }, limit: 1 }] },
    ],
    [
      '"overrides" of budget "team" names ["a"] twice',
      {
        ...day,
        each: 'project',
        overrides: [
          { match: { project: 'a' }, limit: 1 },
          { match: { project: 'a' }, limit: 2 },
        ],
      },
    ],
    ['"increase.by" of budget "team" is 0 and raises nothing', { ...day, increase: { by: 0, until: '2026-12-01' } }],
    ['"increase" of budget "team" must have an amount and an end', { ...day, increase: { by: 1 } }],
    ['"increase.until" of budget "team" cannot be: "soon" is no date or time', { ...day, increase: { by: 1, until: 'soon' } }],
    [
      '"overrides.at*" of budget "team" is for project=at*, and an override is for one value',
      { ...day, each: 'project', overrides: { 'at*': 1 } },
    ],
    [
      '"limit" of budget "team" is $2,000,000,000.000000001; it can be $2,000,000,000.00 at most',
      { ...day, limit: '2000000000.000000001' },
    ],
    [
      '"limit" of budget "team" is 9,223,372,036,854,775,807 tokens; it can be 2,000,000,000,000,000,000 tokens at most',
      { ...day, metric: 'tokens', limit: 2n ** 63n - 1n },
    ],
    ['"overrides.atlas" of budget "team" is $9,223,372,036.00', { ...day, each: 'project', overrides: { atlas: 9_223_372_036 } }],
    ['"tolerance" of budget "team" is $9,223,372,036.00', { ...day, mode: 'adaptive', tolerance: 9_223_372_036 }],
    ['"increase.by" of budget "team" is $9,223,372,036.00', { ...day, increase: { by: 9_223_372_036, until: '2030-01-01' } }],
    ['"ceiling" of budget "team" is $10,000,000.01; it can be $10,000,000.00 at most, because no call', { ...day, ceiling: '10000000.01' }],
    ['"limit" of budget "team" is NaN; it must be dollars', { ...day, limit: Number.NaN }],
    ['"limit" of budget "team" is Infinity; it must be dollars', { ...day, limit: Number.POSITIVE_INFINITY }],
    ['"limit" of budget "team" is "-0"; it must be dollars of 0 or more', { ...day, limit: '-0' }],
    ['"thresholds" of budget "team" is ""; it must be a percent', { ...day, thresholds: '' }],
    ['Budget "team" is 5; it must be a mapping with a limit and a window', 5 as unknown as object],
  ]

  test.each(wrong)('%s', (message, input) => {
    const run = (): unknown => defineBudget('team', input as BudgetInput, defaults)
    expect(run).toThrow(message)
    expect(run).toThrow(expect.objectContaining({ code: 'PURSER_BAD_ARGUMENT' }))
  })

  test.each(['', 'a b', 'größe', 'a'.repeat(65), 'a"b'])('the name %j', (name) => {
    expect(() => defineBudget(name, day, defaults)).toThrow('cannot be named so')
  })

  test.each(['a', 'limits.global.max_cost_per_day', 'team/a:b_c-1', 'a'.repeat(64)])('but the name %j can', (name) => {
    expect(defineBudget(name, day, defaults).budget.name).toBe(name)
  })
})
