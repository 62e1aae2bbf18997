import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { loadConfig } from './load-config.ts'
import type { ConfiguredBudgets } from './read-budgets.ts'

interface Given {
  readonly yaml?: string
  /** The user's own purser.yaml. */
  readonly own?: string
  readonly files?: Readonly<Record<string, string>>
  readonly env?: Readonly<Record<string, string>>
  readonly zone?: string
}

/** The budgets of files in a folder of their own, whose path messages show as `~`. */
async function read({ yaml, own, files = {}, env = {}, zone }: Given): Promise<ConfiguredBudgets> {
  const folder = mkdtempSync(join(tmpdir(), 'purser-config-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const all = { ...(yaml !== undefined && { 'purser.yaml': yaml }), ...(own !== undefined && { 'own/purser/purser.yaml': own }), ...files }
  for (const [name, text] of Object.entries(all)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  try {
    const config = await loadConfig({ cwd: folder, env: { HOME: folder, XDG_CONFIG_HOME: join(folder, 'own'), ...env } })
    const found = await config.budgets(zone)
    const short = (text: string) => text.replaceAll(folder, '~')
    return { ...found, warnings: found.warnings.map(short), from: new Map([...found.from].map(([name, place]) => [name, short(place)])) }
  } catch (error) {
    if (error instanceof Error) error.message = error.message.replaceAll(folder, '~')
    throw error
  }
}

const limits = async (given: Given): Promise<Record<string, bigint>> =>
  Object.fromEntries((await read(given)).budgets.map(({ name, limit }) => [name, limit]))

const dollar = 1_000_000_000n

describe('amounts are those that stand in the file', () => {
  test('to the last of nine decimals, however long', async () => {
    const yaml =
      'budgets:\n  a: { limit: 0.1, window: day }\n  b: { limit: 1234567890.123456789, window: day }\n  c: { limit: 1e-9, window: day }\n'
    expect(await limits({ yaml })).toEqual({ a: 100_000_000n, b: 1_234_567_890_123_456_789n, c: 1n })
  })

  test('in every shorthand', async () => {
    const files = { 'p.json': '{ "user_id": 7, "budget": { "monthly_limit_usd": 123456789.123456789 } }' }
    const yaml = 'limits: { global: { max_cost_per_day: 123456789.123456789 } }\nbudgets: { daily: 0.3 }\nuser_profiles: [p.json]\n'
    expect(await limits({ yaml, files })).toEqual({
      'limits.global.max_cost_per_day': 123_456_789_123_456_789n,
      'budgets.daily': 300_000_000n,
      'user.monthly:7': 123_456_789_123_456_789n,
    })
  })
})

describe('zones and weeks', () => {
  test('are the ledger’s, else those of the file, else UTC from Monday', async () => {
    const budgets = 'budgets: { a: { limit: 1, window: week }, b: { limit: 1, window: day, timezone: Asia/Tokyo } }\n'
    const told = async (given: Given) => (await read(given)).budgets.map(({ zone, window }) => [zone, window])
    expect(await told({ yaml: budgets })).toEqual([
      ['UTC', { kind: 'week', startsOn: 1 }],
      ['Asia/Tokyo', { kind: 'day' }],
    ])
    const yaml = `timezone: Europe/Paris\nweek_starts: sunday\n${budgets}`
    expect(await told({ yaml })).toEqual([
      ['Europe/Paris', { kind: 'week', startsOn: 7 }],
      ['Asia/Tokyo', { kind: 'day' }],
    ])
    expect((await told({ yaml, zone: 'America/New_York' }))[0]?.[0]).toBe('America/New_York')
  })
})

describe('two files', () => {
  test('each budget of both counts, and of equal names the nearer one', async () => {
    const own =
      'budgets: { a: { limit: 1, window: day }, b: { limit: 1, window: day }, daily: 1 }\nlimits: { global: { max_cost_per_day: 1, max_cost_per_month: 1 } }\n'
    const yaml =
      'budgets: { b: { limit: 2, window: day }, daily: { limit: 2, window: day } }\nlimits: { global: { max_cost_per_day: 2 } }\n'
    const found = await read({ yaml, own })
    expect(Object.fromEntries(found.budgets.map(({ name, limit }) => [name, limit / dollar]))).toEqual({
      a: 1n,
      b: 2n,
      daily: 2n,
      'limits.global.max_cost_per_day': 2n,
      'limits.global.max_cost_per_month': 1n,
    })
    expect(found.from.get('a')).toBe('~/own/purser/purser.yaml:1:12')
    expect(found.from.get('b')).toBe('~/purser.yaml:1:12')
  })

  test('a project of the nearer file is an override of the default in the other', async () => {
    const { budgets } = await read({
      own: 'limits: { per_project: { default: { max_cost_per_day: 20 } } }\n',
      yaml: 'projects: { atlas: { limits: { max_cost_per_day: 30 } } }\n',
    })
    expect(budgets).toMatchObject([{ limit: 20n * dollar, overrides: [{ match: { project: 'atlas' }, limit: 30n * dollar }] }])
  })
})

describe('places', () => {
  test('have no thresholds, since places are held and never spent: neither by default nor by the alerts of limits', async () => {
    const yaml = 'limits: { global: { max_concurrent_agents: 5, max_cost_per_day: 5 } }\n'
    const told = async (more: string) =>
      (await read({ yaml: yaml + more })).budgets.map(({ metric, thresholds }) => [metric, thresholds.length])
    expect(await told('')).toEqual([
      ['cost', 3],
      ['concurrency', 0],
    ])
    expect(await told('alerts: { thresholds: [{ percent: 80 }] }\n')).toEqual([
      ['cost', 1],
      ['concurrency', 0],
    ])
  })
})

describe('limits of single projects', () => {
  test('are budgets of their own where no default is', async () => {
    const { budgets } = await read({
      yaml: 'projects: { atlas: { limits: { max_cost_per_day: 30, max_tokens_per_day: 2M } }, "a|b*": { limits: { max_cost_per_day: 1 } } }\n',
    })
    expect(budgets.map(({ name, where, each, limit }) => [name, where[0]?.values, each, limit])).toEqual([
      ['projects.atlas.limits.max_tokens_per_day', ['atlas'], [], 2_000_000n],
      ['projects.atlas.limits.max_cost_per_day', ['atlas'], [], 30n * dollar],
      // The first eight digits of the SHA-256 of "a|b*", as sha256sum tells it.
      ['projects.a_b_-d72f61ea.limits.max_cost_per_day', ['a|b*'], [], dollar],
    ])
  })
})

describe('daily, weekly and monthly as numbers', () => {
  const told = async (alerts: string) => {
    const { budgets } = await read({ yaml: `budgets: { daily: 10, alerts: [${alerts}] }\n` })
    const [budget] = budgets
    return [budget?.limit, budget?.mode, budget?.onLimit, budget?.thresholds.map(({ percent, level }) => `${percent} ${level}`)]
  }

  test.each<[string, unknown[]]>([
    ['{ threshold: 0.8, action: warn }', [10n * dollar, 'soft', 'warn', ['80 warning']]],
    ['{ threshold: 0.5, action: warn }, { threshold: 1, action: pause }', [10n * dollar, 'strict', 'pause', ['50 info', '100 critical']]],
    // A block at nine tenths of $10 is a hard limit of $9, and $8 are 88.88 % of that, rounded down.
    [
      '{ threshold: 0.8, action: warn }, { threshold: 0.9, action: block }',
      [9n * dollar, 'strict', 'block', ['88.88 warning', '100 critical']],
    ],
    // What lies above the block is told where it is reached all the same: $10 are 111.11 % of $9.
    [
      '{ threshold: "100%", action: warn }, { percent: 90, action: block }',
      [9n * dollar, 'strict', 'block', ['100 critical', '111.11 critical']],
    ],
    [
      '{ threshold: 1, action: warn }, { threshold: 1.2, action: block }',
      [12n * dollar, 'strict', 'block', ['83.33 critical', '100 critical']],
    ],
  ])('%s', async (alerts, expected) => {
    expect(await told(alerts)).toEqual(expected)
  })

  const reached = ['100 critical']
  test.each<[string, unknown[][]]>([
    // Calls of running runs pass a pause, so what blocks above it must be a limit of its own.
    [
      '{ threshold: 0.5, action: warn }, { threshold: 0.8, action: pause }, { threshold: 1.0, action: block }',
      [
        ['budgets.daily', 8n * dollar, 'pause', ['62.5 info', '100 critical']],
        ['budgets.daily-block', 10n * dollar, 'block', reached],
      ],
    ],
    // In any order; a warning above a limit stays one of the lowest: $11 are 137.5 % of $8.
    [
      '{ percent: 120, action: terminate }, { percent: 110, action: warn }, { percent: 80, action: block-new-runs }, { percent: 100, action: block }',
      [
        ['budgets.daily', 8n * dollar, 'block-new-runs', ['100 critical', '137.5 critical']],
        ['budgets.daily-block', 10n * dollar, 'block', reached],
        ['budgets.daily-terminate', 12n * dollar, 'terminate', reached],
      ],
    ],
    [
      '{ threshold: 0.9, action: block }, { threshold: 0.95, action: terminate }',
      [
        ['budgets.daily', 9n * dollar, 'block', reached],
        ['budgets.daily-terminate', 9_500_000_000n, 'terminate', reached],
      ],
    ],
    // The same action at another share is a limit too, named after its share.
    [
      '{ threshold: 0.5, action: queue }, { threshold: 0.75, action: pause }, { percent: 87.5, action: pause }',
      [
        ['budgets.daily', 5n * dollar, 'queue', reached],
        ['budgets.daily-pause', 7_500_000_000n, 'pause', reached],
        ['budgets.daily-pause-87.5', 8_750_000_000n, 'pause', reached],
      ],
    ],
  ])('each action that limits is a limit of its own: %s', async (alerts, expected) => {
    const { budgets, warnings } = await read({ yaml: `budgets: { daily: 10, alerts: [${alerts}] }\n` })
    expect(
      budgets.map(({ name, limit, onLimit, thresholds }) => [
        name,
        limit,
        onLimit,
        thresholds.map(({ percent, level }) => `${percent} ${level}`),
      ]),
    ).toEqual(expected)
    expect(budgets.every(({ mode, window }) => mode === 'strict' && window.kind === 'day')).toBe(true)
    expect(warnings).toEqual([])
  })

  test('of weeks and months too, each at the line of its number', async () => {
    const yaml =
      'budgets:\n  weekly: 50\n  monthly: 150\n  alerts: [{ threshold: 0.8, action: queue }, { threshold: 1, action: terminate }]\n'
    const { budgets, from } = await read({ yaml })
    expect(budgets.map(({ name, limit, window }) => [name, limit / dollar, window.kind, from.get(name)])).toEqual([
      ['budgets.weekly', 40n, 'week', '~/purser.yaml:2:3'],
      ['budgets.weekly-terminate', 50n, 'week', '~/purser.yaml:2:3'],
      ['budgets.monthly', 120n, 'month', '~/purser.yaml:3:3'],
      ['budgets.monthly-terminate', 150n, 'month', '~/purser.yaml:3:3'],
    ])
  })

  test('only warn where no alert says more, and that is said', async () => {
    const { budgets, warnings } = await read({ yaml: 'budgets: { monthly: 150 }\n' })
    expect(budgets).toMatchObject([
      { name: 'budgets.monthly', mode: 'soft', thresholds: [{ percent: 50 }, { percent: 80 }, { percent: 95 }] },
    ])
    expect(warnings).toEqual([expect.stringMatching(/^~\/purser\.yaml:1:12: budgets\.monthly only warns/)])
  })

  test('a mapping under these names is a budget in full, also one named alerts', async () => {
    const { budgets, warnings } = await read({
      yaml: 'budgets: { daily: { limit: 1, window: day }, alerts: { limit: 2, window: hour } }\n',
    })
    expect(budgets.map(({ name, mode }) => [name, mode])).toEqual([
      ['daily', 'strict'],
      ['alerts', 'strict'],
    ])
    expect(warnings).toEqual([])
  })

  test('alerts beside no number are pointed out', async () => {
    const { warnings } = await read({ yaml: 'budgets:\n  daily: { limit: 1, window: day }\n  alerts: [{ threshold: 1, action: block }]\n' })
    expect(warnings).toEqual([expect.stringMatching(/^~\/purser\.yaml:3:3: budgets\.alerts are those of/)])
  })
})

describe('the months of users', () => {
  const month = { MONTHLY_BUDGET_USD: '50' }
  const profile = (user: unknown, budget: object) => JSON.stringify({ user_id: user, budget, credentials: { key: 'x' } })
  const profiles = 'user_profiles: ["users/*/profile.json"]\n'

  test('no variable makes no budget', async () => {
    expect((await read({ env: { COST_ALERT_THRESHOLD: '70', BLOCK_AT_BUDGET_LIMIT: 'true', MONTHLY_BUDGET_USD: '' } })).budgets).toEqual([])
  })

  test.each<[Record<string, string>, object]>([
    [{}, { mode: 'soft', onLimit: 'warn', thresholds: [{ percent: 80 }, { percent: 100 }] }],
    [{ BLOCK_AT_BUDGET_LIMIT: 'yes' }, { mode: 'strict', onLimit: 'block' }],
    [{ BLOCK_AT_BUDGET_LIMIT: 'FALSE' }, { mode: 'soft' }],
    [
      { COST_ALERT_THRESHOLD: '70' },
      {
        thresholds: [
          { percent: 70, level: 'warning' },
          { percent: 100, level: 'critical' },
        ],
      },
    ],
    [{ COST_ALERT_THRESHOLD: '100' }, { thresholds: [{ percent: 100, level: 'critical' }] }],
  ])('with %j', async (env, expected) => {
    const { budgets, from } = await read({ env: { ...month, ...env } })
    expect(budgets).toMatchObject([{ name: 'user.monthly', each: ['user'], limit: 50n * dollar, window: { kind: 'month' }, ...expected }])
    expect(from.get('user.monthly')).toBe('MONTHLY_BUDGET_USD')
  })

  test('the environment wins over the file', async () => {
    const yaml = 'env_file: .env\n'
    const files = { '.env': 'export MONTHLY_BUDGET_USD = "20"  # twenty\nMONTHLY_BUDGET_USD=\'30\'\nOTHER=1\n' }
    const found = await read({ yaml, files })
    expect(found.budgets[0]?.limit).toBe(30n * dollar)
    expect(found.from.get('user.monthly')).toBe('~/.env:2:20')
    expect(await limits({ yaml, files, env: month })).toEqual({ 'user.monthly': 50n * dollar })
  })

  test('a profile overrides what it says, and leaves the rest', async () => {
    const files = {
      'users/1/profile.json': profile(1, { monthly_limit_usd: 20 }),
      'users/2/profile.json': profile('ada', { block_at_limit: true, alert_threshold_percent: 90 }),
      'users/3/profile.json': profile(3, { notification_email: 'c@example.com' }),
      'users/4/profile.json': JSON.stringify({ name: 'no budget' }),
    }
    const found = await read({ yaml: profiles, files, env: month })
    expect(found.budgets).toMatchObject([
      {
        name: 'user.monthly',
        overrides: [
          { match: { user: '1' }, limit: 20n * dollar },
          { match: { user: 'ada' }, mode: 'strict', onLimit: 'block', thresholds: [{ percent: 90 }, { percent: 100 }] },
        ],
      },
    ])
    expect([...found.notificationEmails]).toEqual([['3', 'c@example.com']])
  })

  test('profiles alone follow the variables in what they leave out', async () => {
    const files = { 'users/1/profile.json': profile('ada@example.com', { monthly_limit_usd: 20 }) }
    const { budgets } = await read({ yaml: profiles, files, env: { BLOCK_AT_BUDGET_LIMIT: '1', COST_ALERT_THRESHOLD: '60' } })
    // The first eight digits of the SHA-256 of "ada@example.com", as sha256sum tells it.
    expect(budgets).toMatchObject([
      {
        name: 'user.monthly:ada_example.com-b5fc85e5',
        where: [{ field: 'user', op: 'equals', values: ['ada@example.com'] }],
        each: [],
        mode: 'strict',
        thresholds: [{ percent: 60 }, { percent: 100 }],
      },
    ])
  })

  test('a pattern without files is pointed out', async () => {
    expect((await read({ yaml: profiles })).warnings).toEqual(['~/purser.yaml:1:17: no file is named like users/*/profile.json.'])
  })
})

describe('what is wrong is named by its place', () => {
  const team = (line: string) => `budgets:\n  team:\n    limit: 5\n    window: day\n    ${line}\n`

  test.each<[string, string]>([
    [team('thresholdz: [80]'), '~/purser.yaml:5:5: budgets.team.thresholdz is not a key that purser knows; did you mean "thresholds"?'],
    [team('thresholds: [50, 1200]'), '~/purser.yaml:5:22: budgets.team.thresholds[2] is "1200"; it must be a percent'],
    [
      'budgets:\n  agents:\n    limit: 5\n    metric: concurrency\n    thresholds: [80]\n',
      '~/purser.yaml:5:5: budgets.agents.thresholds are told by what is spent, and places are held and never spent: leave them out',
    ],
    [
      'budgets:\n  agents:\n    limit: 5\n    metric: concurrency\n    each: [team]\n    overrides:\n      web: { limit: 2, thresholds: [80] }\n',
      '~/purser.yaml:7:24: budgets.agents.overrides.web.thresholds are told by what is spent',
    ],
    [team('tolerance: 1'), '~/purser.yaml:5:5: budgets.team.tolerance is for mode adaptive'],
    [team('where: model=gpt-4o'), '~/purser.yaml:5:5: budgets.team.where asks for model'],
    [team('overrides: { atlas: 3 }'), '~/purser.yaml:5:5: budgets.team.overrides need labels'],
    [team('each: [project]\n    overrides:\n      atlas: { limit: -3 }'), '~/purser.yaml:7:16: budgets.team.overrides.atlas.limit is "-3"'],
    ['budgets:\n  team: { limit: 5 }\n', '~/purser.yaml:2:3: budgets.team has no window'],
    ['budgets:\n  team: 5\n', '~/purser.yaml:2:3: budgets.team is "5"; it must be a mapping with a limit and a window'],
    ['budgets:\n  a b: { limit: 5, window: day }\n', '~/purser.yaml:2:3: budgets.a b cannot be named so'],
    ['budgets:\n  a: { limit: 5, window: day }\n  a: { limit: 6, window: day }\n', '~/purser.yaml:3:3: Map keys must be unique'],
    ['budgets: [daily]\n', '~/purser.yaml:1:10: budgets must be a mapping of names to budgets'],
    ['budgets: { daily: ten }\n', '~/purser.yaml:1:12: budgets.daily is "ten"; it must be dollars'],
    ['budgets:\n  daily: 1\n  alerts: often\n', '~/purser.yaml:3:3: budgets.alerts is "often"; it must be a list'],
    [
      'budgets:\n  daily: 1\n  alerts:\n    - { threshold: 80, action: warn }\n',
      '~/purser.yaml:4:9: budgets.alerts[1].threshold is "80"; it must be a share',
    ],
    [
      'budgets:\n  daily: 1\n  alerts:\n    - { threshold: 1, action: stop }\n',
      '~/purser.yaml:4:23: budgets.alerts[1].action is "stop"; it must be one of',
    ],
    ['budgets:\n  daily: 1\n  alerts:\n    - { threshold: 1 }\n', '~/purser.yaml:4:7: budgets.alerts[1] must have a threshold'],
    [
      'budgets:\n  daily: 1\n  alerts: [{ threshold: 1, action: warn }, { threshold: 1, action: block }]\n',
      '~/purser.yaml:3:44: budgets.alerts[2] is a second alert at 100 %',
    ],
    [
      'limits: { global: { max_cost_a_day: 5 } }\n',
      '"limits.global.max_cost_a_day" is not a key that purser knows. Did you mean "max_cost_per_day"?',
    ],
    [
      'limits: { global: { max_tokens_per_day: 1.5 } }\n',
      '~/purser.yaml:1:21: limits.global.max_tokens_per_day is "1.5"; it must be a whole number of tokens',
    ],
    [
      'limits: { per_project: { default: { max_cost_per_day: [5] } } }\n',
      '~/purser.yaml:1:55: limits.per_project.default.max_cost_per_day must be an amount',
    ],
    [
      'limits: { global: { max_cost_per_day: 5 } }\nalerts: { thresholds: [{ percent: 0 }] }\n',
      '~/purser.yaml:2:26: alerts.thresholds[1].percent is "0"',
    ],
    ['alerts: { thresholds: [{ level: info }] }\n', '~/purser.yaml:1:24: alerts.thresholds[1] has no "percent"'],
    ['alerts: { notifications: [{ type: sms }] }\n', 'alerts.notifications[1].type must be one of in_app, email, webhook'],
    ['alerts: { notifications: [{ type: email, enabled: 1 }] }\n', 'alerts.notifications[1].enabled must be true or false'],
    ['projects: { atlas: { limits: { max_cost_per_run: 5 } } }\n', '"projects.atlas.limits.max_cost_per_run" is not a key'],
    [
      'projects: { "": { limits: { max_cost_per_day: 5 } } }\n',
      '~/purser.yaml:1:13: projects. cannot be: Label "project" must be text that is not empty',
    ],
    [
      'limits: { global: { max_cost_per_day: 5 } }\nbudgets: { limits.global.max_cost_per_day: { limit: 5, window: day } }\n',
      'the budget "limits.global.max_cost_per_day" is defined by ~/purser.yaml:2:12 too',
    ],
    ['user_profiles: users/*.json\n', '~/purser.yaml:1:16: user_profiles must be a list of texts'],
    ['env_file: gone.env\n', '~/purser.yaml:1:1: env_file names ~/gone.env, which does not exist'],
  ])('%j', async (yaml, message) => {
    await expect(read({ yaml })).rejects.toThrow(message)
    await expect(read({ yaml })).rejects.toThrow(expect.objectContaining({ code: 'PURSER_BAD_CONFIG' }))
  })

  test.each<[string, string, string]>([
    ['MONTHLY_BUDGET_USD', 'fifty', 'MONTHLY_BUDGET_USD is "fifty"; it must be dollars of 0 or more'],
    ['MONTHLY_BUDGET_USD', '-1', 'MONTHLY_BUDGET_USD is "-1"'],
    ['COST_ALERT_THRESHOLD', '0.8', 'COST_ALERT_THRESHOLD is "0.8"; it must be a whole percent from 1 to 100'],
    ['COST_ALERT_THRESHOLD', '101', 'COST_ALERT_THRESHOLD is "101"'],
    ['BLOCK_AT_BUDGET_LIMIT', 'maybe', 'BLOCK_AT_BUDGET_LIMIT is "maybe"; it must be true or false'],
    ['COST_TRACKING_ENABLED', 'maybe', 'COST_TRACKING_ENABLED is "maybe"'],
    ['ENABLE_COST_OPTIMIZATION', '2', 'ENABLE_COST_OPTIMIZATION is "2"'],
  ])('%s=%s, in the environment and in a file', async (name, value, message) => {
    await expect(read({ env: { [name]: value } })).rejects.toThrow(message)
    const files = { '.env': `# first\n${name}=${value} # why\n` }
    await expect(read({ yaml: 'env_file: .env\n', files })).rejects.toThrow(`~/.env:2:${name.length + 2}: ${message}`)
  })

  test('a quote without its end', async () => {
    const files = { '.env': 'MONTHLY_BUDGET_USD="50\nSECRET="abc\n' }
    await expect(read({ yaml: 'env_file: .env\n', files })).rejects.toThrow('~/.env:1:20: MONTHLY_BUDGET_USD is "50; end a value in quotes')
  })

  test.each<[string, string]>([
    [
      '{ "user_id": 1,\n  "budget": { "monthly_limit": 5 } }',
      '~/p.json:2:15: "budget.monthly_limit" is not a key that purser knows. Did you mean "monthly_limit_usd"?',
    ],
    ['{ "user_id": 1, "budget": { "block_at_limit": "no" } }', 'budget.block_at_limit must be true or false'],
    [
      '{ "user_id": 1,\n  // a remark "with quotes\n  "budget": { "monthly_limit_usd": "lots" } }',
      '~/p.json:3:15: budget.monthly_limit_usd is "lots"; it must be dollars',
    ],
    [
      '{ "user_id": 1, "budget": { "monthly_limit_usd": 5, "alert_threshold_percent": 0.8 } }',
      '~/p.json:1:53: budget.alert_threshold_percent is 0.8; it must be a percent from 1 to 100',
    ],
    [
      '{ "user_id": 1, "budget": { "block_at_limit": true } }',
      '~/p.json:1:17: budget has no monthly_limit_usd, and MONTHLY_BUDGET_USD is not set',
    ],
    ['{ "budget": { "monthly_limit_usd": 5 } }', 'user_id must be a number or text'],
    ['{ "user_id": 1, "cost_preferences": { "show": true } }', '"cost_preferences.show" is not a key'],
    ['[]', 'A profile must be an object'],
    ['{ "user_id": 1, "credentials": { "key": sk-secret } }', '~/p.json:1:41: This is not JSON.'],
  ])('the profile %s', async (json, message) => {
    await expect(read({ yaml: 'user_profiles: [p.json]\n', files: { 'p.json': json } })).rejects.toThrow(message)
  })

  test('two profiles of one user', async () => {
    const json = '{ "user_id": 1, "budget": { "monthly_limit_usd": 5 } }'
    const files = { 'a.json': json, 'b.json': json.replace('1', '"1"') }
    await expect(read({ yaml: 'user_profiles: ["*.json"]\n', files })).rejects.toThrow('~/b.json: user_id is 1, and so it is in ~/a.json')
  })
})
