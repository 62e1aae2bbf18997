import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Budget } from '../../src/budgets/budget.ts'
import type { ConfiguredBudgets } from '../../src/config/read-budgets.ts'
import { loadConfig, type PurserConfig } from '../../src/config/load-config.ts'
import { defineBudget } from '../../src/budgets/define-budget.ts'

const fixtures = import.meta.dirname
const read = (name: string): string => readFileSync(join(fixtures, name), 'utf8')

/** Loads a purser.yaml made of texts, beside copies of fixtures by the name they have there. */
async function load(
  yaml: string,
  copies: Readonly<Record<string, string>> = {},
  env: Readonly<Record<string, string>> = {},
): Promise<{ config: PurserConfig; configured: ConfiguredBudgets; folder: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'purser-config-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  for (const [path, fixture] of Object.entries(copies)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    copyFileSync(join(fixtures, fixture), join(folder, path))
  }
  writeFileSync(join(folder, 'purser.yaml'), yaml)
  const config = await loadConfig({ cwd: folder, env: { HOME: folder, XDG_CONFIG_HOME: join(folder, 'none'), ...env } })
  return { config, configured: await config.budgets(), folder }
}

/** What a budget is where nothing else is said. */
const plain = {
  metric: 'cost',
  where: [],
  each: [],
  zone: 'UTC',
  mode: 'strict',
  onLimit: 'block',
  tolerance: 0n,
  overrides: [],
  increase: null,
  countsPlan: false,
  countsCacheReads: true,
  ceiling: null,
  learnBy: [],
  quantile: 0.9,
  origin: 'file',
  thresholds: [
    { percent: 50, level: 'info' },
    { percent: 80, level: 'warning' },
    { percent: 95, level: 'critical' },
  ],
} as const satisfies Partial<Budget>

const day = { kind: 'day' } as const
const month = { kind: 'month', anchorDay: 1 } as const
const dollar = 1_000_000_000n

const [daily, monthly] = [
  { ...plain, window: day, onLimit: 'block-new-runs' },
  { ...plain, window: month, onLimit: 'block-new-runs' },
] as const
const agentRun = { ...plain, each: ['agent', 'run'], window: { kind: 'run' }, onLimit: 'terminate' } as const

describe('the limits of an agent platform', () => {
  const expected: Budget[] = [
    { ...daily, name: 'limits.global.max_tokens_per_day', metric: 'tokens', limit: 1_000_000n, countsCacheReads: false },
    { ...daily, name: 'limits.global.max_cost_per_day', limit: 50n * dollar },
    { ...monthly, name: 'limits.global.max_cost_per_month', limit: 500n * dollar },
    {
      ...plain,
      name: 'limits.global.max_concurrent_agents',
      metric: 'concurrency',
      limit: 5n,
      window: { kind: 'total' },
      onLimit: 'queue',
      thresholds: [],
    },
    {
      ...daily,
      name: 'limits.per_project.max_cost_per_day',
      each: ['project'],
      limit: 20n * dollar,
      overrides: [{ match: { project: 'my-arpg' }, limit: 30n * dollar }],
    },
    {
      ...monthly,
      name: 'limits.per_project.max_cost_per_month',
      each: ['project'],
      limit: 200n * dollar,
      overrides: [{ match: { project: 'my-arpg' }, limit: 300n * dollar }],
    },
    { ...agentRun, name: 'limits.per_agent.max_tokens_per_run', metric: 'tokens', limit: 100_000n, countsCacheReads: false },
    { ...agentRun, name: 'limits.per_agent.max_cost_per_run', limit: 5n * dollar },
  ]

  test('are strict budgets: days and months block new runs, runs are terminated, places queue', async () => {
    const { configured, folder } = await load(read('agent-platform-limits.yaml'))
    expect(configured.budgets).toEqual(expected)
    expect(configured.warnings).toEqual([])
    expect(configured.from.get('limits.per_project.max_cost_per_day')).toBe(`${join(folder, 'purser.yaml')}:11:7`)
  })

  test('take the thresholds of the alerts beside them, with their levels and messages', async () => {
    const { configured } = await load(read('agent-platform-limits.yaml') + read('agent-platform-alerts.yaml'))
    const thresholds = [
      { percent: 50, level: 'info', message: '50% of daily budget used' },
      { percent: 80, level: 'warning', message: '80% of daily budget used' },
      { percent: 95, level: 'critical', message: '95% of daily budget used - approaching limit' },
    ] as const
    // Places are held and never spent, so no share of them is ever told.
    expect(configured.budgets).toEqual(expected.map((budget) => (budget.metric === 'concurrency' ? budget : { ...budget, thresholds })))
    expect(configured.notifications).toEqual([
      { type: 'in_app' },
      { type: 'email', enabled: true, recipients: ['admin@example.com'] },
      { type: 'webhook', enabled: false, url: 'https://hooks.example.com/alerts' },
    ])
  })

  test('alerts without limits make no budget, and that is said', async () => {
    const { configured } = await load(read('agent-platform-alerts.yaml'))
    expect(configured.budgets).toEqual([])
    expect(configured.warnings).toEqual([expect.stringMatching(/purser\.yaml:3:3: alerts\.thresholds are those of limits/)])
  })

  test('its prices and its retention load too, and make no budget', async () => {
    const { config, configured } = await load(read('agent-platform-pricing.yaml') + read('agent-platform-retention.yaml'))
    expect((await config.ownerCards()).cards.map(({ model }) => model)).toEqual(['haiku', 'sonnet', 'opus'])
    expect(config.retention).toEqual({ detailed: 90, daily: 365, monthly: 'forever' })
    expect(configured.budgets).toEqual([])
  })
})

describe('the budgets of a persona generator', () => {
  test('block at their limits, because an alert does, and warn at four fifths', async () => {
    const { configured } = await load(read('persona-cli-budgets.yaml'))
    const thresholds = [
      { percent: 80, level: 'warning' },
      { percent: 100, level: 'critical' },
    ] as const
    expect(configured.budgets).toEqual([
      { ...plain, name: 'budgets.daily', limit: 10n * dollar, window: day, thresholds },
      { ...plain, name: 'budgets.weekly', limit: 50n * dollar, window: { kind: 'week', startsOn: 1 }, thresholds },
      { ...plain, name: 'budgets.monthly', limit: 150n * dollar, window: month, thresholds },
    ])
    expect(configured.warnings).toEqual([])
  })
})

describe('the variables of media jobs', () => {
  const soft = { ...plain, window: month, mode: 'soft', onLimit: 'warn' } as const
  const thresholds = [
    { percent: 80, level: 'warning' },
    { percent: 100, level: 'critical' },
  ] as const
  const perUser: Budget = { ...soft, name: 'user.monthly', each: ['user'], limit: 50n * dollar, thresholds }

  test.each(['media-jobs-short.env', 'media-jobs.env'])(
    '%s: each user has a soft month, and the ledger lies where they say',
    async (fixture) => {
      const { config, configured, folder } = await load('env_file: config/.env.pipeline\n', { 'config/.env.pipeline': fixture })
      expect(configured.budgets).toEqual([perUser])
      expect(config).toMatchObject({
        db: join(folder, '.cp-whisperx/costs/purser.db'),
        dbFrom: join(folder, 'config/.env.pipeline'),
        trackingEnabled: true,
        optimizationEnabled: true,
      })
    },
  )

  test('media-jobs-off.env: tracking is off, and no budget is made', async () => {
    const { config, configured } = await load('env_file: off.env\n', { 'off.env': 'media-jobs-off.env' })
    expect([config.trackingEnabled, configured.budgets]).toEqual([false, []])
  })

  test.each(['media-jobs-profile-short.json', 'media-jobs-profile.json'])('%s overrides the month of its user', async (fixture) => {
    const copies = { 'config/.env.pipeline': 'media-jobs.env', 'users/1/profile.json': fixture }
    const { configured } = await load('env_file: config/.env.pipeline\nuser_profiles: [users/*/profile.json]\n', copies)
    expect(configured.budgets).toEqual([
      { ...perUser, overrides: [{ match: { user: '1' }, limit: 50n * dollar, mode: 'soft', thresholds }] },
    ])
  })

  test('a profile is a budget of its own where there is none for everybody', async () => {
    const { configured } = await load('user_profiles: [users/*/profile.json]\n', { 'users/1/profile.json': 'media-jobs-profile.json' })
    expect(configured.budgets).toEqual([
      { ...soft, name: 'user.monthly:1', where: [{ field: 'user', op: 'equals', values: ['1'] }], limit: 50n * dollar, thresholds },
    ])
    expect([...configured.notificationEmails]).toEqual([['1', 'user@example.com']])
    expect([...configured.costPreferences]).toEqual([
      ['1', { show_estimates: true, show_realtime_costs: true, optimization_recommendations: true }],
    ])
  })
})

test('the caps of a film pipeline: project, run and stage, each pausing', async () => {
  const { configured } = await load(read('film-pipeline.yaml'))
  const film = { ...plain, onLimit: 'pause', thresholds: [{ percent: 80, level: 'warning' }] } as const
  expect(configured.budgets).toEqual([
    { ...film, name: 'film.project', limit: 400n * dollar, each: ['project'], window: { kind: 'total' } },
    { ...film, name: 'film.run', limit: 25n * dollar, each: ['project', 'run'], window: { kind: 'run' } },
    {
      ...film,
      name: 'film.stage',
      limit: 6n * dollar,
      each: ['run', 'stage'],
      window: { kind: 'run' },
      where: [{ field: 'stage', op: 'present', values: [] }],
    },
  ])
  expect(configured.warnings).toEqual([])
})

test('the limits of a video factory warn at 80 and 100 %', async () => {
  const { configured } = await load(read('video-factory.yaml'))
  const thresholds = [
    { percent: 80, level: 'warning' },
    { percent: 100, level: 'critical' },
  ] as const
  const soft = { ...plain, mode: 'soft', onLimit: 'warn', thresholds } as const
  expect(configured.budgets).toEqual([
    { ...soft, name: 'videos.daily', limit: 50n * dollar, window: day },
    { ...soft, name: 'videos.monthly', limit: 500n * dollar, window: month },
  ])
})

test('the same budget is the same from a file and from code', async () => {
  const { configured } = await load(
    'budgets: { team: { limit: 5, window: day, on_limit: pause, each: [project], overrides: { atlas: 30 } } }',
  )
  const { budget } = defineBudget(
    'team',
    { limit: 5, window: 'day', onLimit: 'pause', each: 'project', overrides: { atlas: 30 } },
    { origin: 'file', zone: 'UTC', weekStart: 1 },
  )
  expect(configured.budgets).toEqual([budget])
})
