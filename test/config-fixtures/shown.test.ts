import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { configCheckShape, configShowShape } from '../../src/json/config-shapes.ts'
import { type Machine, newMachine } from '../cli/run-purser.ts'

const read = (name: string): string => readFileSync(join(import.meta.dirname, name), 'utf8')

/** What `purser config show --expanded` says of a purser.yaml; only what a budget has beside the plainest one is kept. */
async function shown(machine: Machine, yaml: string) {
  machine.write('purser.yaml', yaml)
  const { budgets = [], ...others } = await machine.json(configShowShape, ['config', 'show', '--expanded'])
  return { ...others, budgets: budgets.map(withoutPlain) }
}

/** Fields of every budget that says nothing of them. Amounts are nano-dollars. */
const plain: Readonly<Record<string, unknown>> = {
  metric: 'cost',
  mode: 'strict',
  tolerance: '0',
  onLimit: 'block',
  thresholds: [
    { percent: 50, level: 'info' },
    { percent: 80, level: 'warning' },
    { percent: 95, level: 'critical' },
  ],
  where: [],
  each: [],
  timezone: 'UTC',
  overrides: [],
  increase: null,
  countsPlan: false,
  countsCacheReads: true,
  ceiling: null,
  learnBy: [],
  quantile: 0.9,
}

function withoutPlain({ from: _, ...budget }: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(budget).filter(([key, value]) => JSON.stringify(value) !== JSON.stringify(plain[key])))
}

const warnAndReach = [
  { percent: 80, level: 'warning' },
  { percent: 100, level: 'critical' },
]

test('the limits of an agent platform, with its alerts', async () => {
  const { budgets, notifications } = await shown(newMachine(), read('agent-platform-limits.yaml') + read('agent-platform-alerts.yaml'))
  const thresholds = [
    { percent: 50, level: 'info', message: '50% of daily budget used' },
    { percent: 80, level: 'warning', message: '80% of daily budget used' },
    { percent: 95, level: 'critical', message: '95% of daily budget used - approaching limit' },
  ]
  const newRuns = { onLimit: 'block-new-runs', thresholds }
  const run = { onLimit: 'terminate', thresholds, window: 'run', each: ['agent', 'run'] }
  const overridden = (limit: string) => ({ overrides: [{ match: { project: 'my-arpg' }, limit }], each: ['project'] })
  expect(budgets).toEqual([
    { name: 'limits.global.max_tokens_per_day', metric: 'tokens', limit: '1000000', window: 'day', countsCacheReads: false, ...newRuns },
    { name: 'limits.global.max_cost_per_day', limit: '50000000000', window: 'day', ...newRuns },
    { name: 'limits.global.max_cost_per_month', limit: '500000000000', window: 'month', ...newRuns },
    { name: 'limits.global.max_concurrent_agents', metric: 'concurrency', limit: '5', window: 'total', onLimit: 'queue', thresholds: [] },
    { name: 'limits.per_project.max_cost_per_day', limit: '20000000000', window: 'day', ...newRuns, ...overridden('30000000000') },
    { name: 'limits.per_project.max_cost_per_month', limit: '200000000000', window: 'month', ...newRuns, ...overridden('300000000000') },
    { name: 'limits.per_agent.max_tokens_per_run', metric: 'tokens', limit: '100000', countsCacheReads: false, ...run },
    { name: 'limits.per_agent.max_cost_per_run', limit: '5000000000', ...run },
  ])
  expect(notifications).toEqual([
    { type: 'in_app' },
    { type: 'email', enabled: true, recipients: ['admin@example.com'] },
    { type: 'webhook', enabled: false, url: 'https://hooks.example.com/alerts' },
  ])
})

test('the prices and the retention of an agent platform', async () => {
  const answer = await shown(newMachine(), read('agent-platform-pricing.yaml') + read('agent-platform-retention.yaml'))
  const price = (model: string, input: string, output: string) => ({
    model,
    rates: [
      expect.objectContaining({ meter: 'inputTokens', usd: input, per: 1_000_000 }),
      expect.objectContaining({ meter: 'outputTokens', usd: output, per: 1_000_000 }),
    ],
  })
  expect(answer.prices).toMatchObject([price('haiku', '0.25', '1.25'), price('sonnet', '3', '15'), price('opus', '15', '75')])
  expect(answer.retention).toEqual({ detailed: 90, daily: 365, monthly: 'forever' })
  expect(answer.budgets).toEqual([])
})

test('the budgets of a persona generator', async () => {
  const { budgets } = await shown(newMachine(), read('persona-cli-budgets.yaml'))
  expect(budgets).toEqual([
    { name: 'budgets.daily', limit: '10000000000', window: 'day', thresholds: warnAndReach },
    { name: 'budgets.weekly', limit: '50000000000', window: 'week', thresholds: warnAndReach },
    { name: 'budgets.monthly', limit: '150000000000', window: 'month', thresholds: warnAndReach },
  ])
})

test('budgets that pause first and block later are two, and so they are shown', async () => {
  const machine = newMachine()
  const { budgets } = await shown(
    machine,
    'budgets: { daily: 10.00, alerts: [{ threshold: 0.5, action: warn }, { threshold: 0.8, action: pause }, { threshold: 1.0, action: block }] }\n',
  )
  const critical = { percent: 100, level: 'critical' }
  expect(budgets).toEqual([
    // $5 are 62.5 % of $8.
    {
      name: 'budgets.daily',
      limit: '8000000000',
      window: 'day',
      onLimit: 'pause',
      thresholds: [{ percent: 62.5, level: 'info' }, critical],
    },
    { name: 'budgets.daily-block', limit: '10000000000', window: 'day', thresholds: [critical] },
  ])
  const { out } = await machine.run(['config', 'show', '--expanded'])
  expect(out).toMatch(/budgets\.daily .*\n +limit +\$8\.00, a day \(UTC\)\n +at limit +strict: pause\n/)
  expect(out).toMatch(/budgets\.daily-block .*\n +limit +\$10\.00, a day \(UTC\)\n +at limit +strict: block\n/)
})

test('a running run stops where an alert blocks, and not where one below it pauses', async () => {
  const machine = newMachine()
  machine.write(
    'purser.yaml',
    'budgets: { daily: 10.00, alerts: [{ threshold: 0.8, action: pause }, { threshold: 1.0, action: block }] }\n',
  )
  const reserve = (amount: string) => machine.run(['hold', 'reserve', '--amount', amount, '--label', 'run=7', '--db', 'spend.db'])
  expect((await reserve('7')).code).toBe(0)
  const paused = await reserve('2')
  expect([paused.code, paused.err]).toEqual([0, expect.stringContaining('Budget "budgets.daily" is passed')])
  expect((await reserve('1')).code).toBe(0)
  const blocked = await reserve('0.01')
  expect([blocked.code, blocked.err]).toEqual([4, expect.stringContaining('Budget "budgets.daily-block" has no room for $0.01')])
})

const soft = { mode: 'soft', onLimit: 'warn', thresholds: warnAndReach }
const perUser = { name: 'user.monthly', limit: '50000000000', window: 'month', each: ['user'], ...soft }

test.each(['media-jobs-short.env', 'media-jobs.env'])('the variables of media jobs: %s', async (fixture) => {
  const machine = newMachine()
  machine.write('config/.env.pipeline', read(fixture))
  const answer = await shown(machine, 'env_file: config/.env.pipeline\n')
  expect(answer.budgets).toEqual([perUser])
  expect(answer).toMatchObject({ db: join(machine.home, '.cp-whisperx/costs/purser.db'), trackingEnabled: true, optimizationEnabled: true })
  const short = {
    COST_TRACKING_ENABLED: 'true',
    MONTHLY_BUDGET_USD: '50.00',
    COST_ALERT_THRESHOLD: '80',
    COST_STORAGE_PATH: '~/.cp-whisperx/costs',
  }
  const all = { ...short, BLOCK_AT_BUDGET_LIMIT: 'false', ENABLE_COST_OPTIMIZATION: 'true' }
  expect(answer.environment).toMatchObject(fixture === 'media-jobs.env' ? all : short)
})

test('the variable that rolls media jobs back', async () => {
  const machine = newMachine()
  machine.write('config/.env.pipeline', read('media-jobs-off.env'))
  expect(await shown(machine, 'env_file: config/.env.pipeline\n')).toMatchObject({ trackingEnabled: false, budgets: [] })
})

test.each(['media-jobs-profile-short.json', 'media-jobs-profile.json'])('the profile of a user of media jobs: %s', async (fixture) => {
  const machine = newMachine()
  machine.write('config/.env.pipeline', read('media-jobs.env'))
  machine.write('users/1/profile.json', read(fixture))
  const yaml = 'env_file: config/.env.pipeline\nuser_profiles: [users/*/profile.json]\n'
  const answer = await shown(machine, yaml)
  const own = { match: { user: '1' }, limit: '50000000000', mode: 'soft', thresholds: warnAndReach }
  expect(answer.budgets).toEqual([{ ...perUser, overrides: [own] }])
  const isWhole = fixture === 'media-jobs-profile.json'
  expect(answer.costPreferences).toEqual(
    isWhole ? { '1': { show_estimates: true, show_realtime_costs: true, optimization_recommendations: true } } : {},
  )
  expect(answer.notificationEmails).toEqual(isWhole ? { '1': 'user@example.com' } : {})
  const { warnings } = await machine.json(configCheckShape, ['config', 'check'])
  expect(warnings.filter((warning) => warning.includes('cost_preferences'))).toHaveLength(isWhole ? 1 : 0)
  const { out } = await machine.run(['config', 'show'])
  expect(out.includes('user 1: show_estimates true, show_realtime_costs true, optimization_recommendations true')).toBe(isWhole)
  // Nothing else of a profile is kept.
  expect(out + JSON.stringify(answer)).not.toMatch(/Default User|credentials/)
})

test.each([
  ['"show_estimates": "yes"', /profile\.json:1:57: cost_preferences\.show_estimates must be true or false/],
  ['"show_estimate": true', /"cost_preferences\.show_estimate" is not a key that purser knows. Did you mean "show_estimates"\?/],
])('a profile whose preferences are wrong is refused with its place: %s', async (written, message) => {
  const machine = newMachine()
  machine.write('users/1/profile.json', `{ "user_id": 1, "cost_preferences": { ${written} } }`)
  machine.write('purser.yaml', 'user_profiles: [users/*/profile.json]\n')
  const { code, err } = await machine.run(['config', 'check'])
  expect([code, err]).toEqual([2, expect.stringMatching(message)])
})

test('the caps of a film pipeline', async () => {
  const { budgets } = await shown(newMachine(), read('film-pipeline.yaml'))
  const film = { onLimit: 'pause', thresholds: [{ percent: 80, level: 'warning' }] }
  const isStage = { where: [{ field: 'stage', op: 'present', values: [] }] }
  expect(budgets).toEqual([
    { name: 'film.project', limit: '400000000000', window: 'total', each: ['project'], ...film },
    { name: 'film.run', limit: '25000000000', window: 'run', each: ['project', 'run'], ...film },
    { name: 'film.stage', limit: '6000000000', window: 'run', each: ['run', 'stage'], ...isStage, ...film },
  ])
})

test('the limits of a video factory', async () => {
  const { budgets } = await shown(newMachine(), read('video-factory.yaml'))
  expect(budgets).toEqual([
    { name: 'videos.daily', limit: '50000000000', window: 'day', ...soft },
    { name: 'videos.monthly', limit: '500000000000', window: 'month', ...soft },
  ])
})

test('tiers that accounts are served are shown, and wrong ones refused', async () => {
  const machine = newMachine()
  const answer = await shown(machine, 'bounds: { service_tiers: { openai: [standard, flex] } }\n')
  expect(answer.serviceTiers).toEqual({ openai: ['standard', 'flex'] })
  expect((await machine.run(['config', 'show'])).out).toMatch(/tiers +openai standard or flex/)
  machine.write('purser.yaml', 'bounds: { service_tiers: { openai: [cheap] } }\n')
  expect((await machine.run(['config', 'check'])).err).toMatch(
    /purser\.yaml:1:\d+: bounds\.service_tiers\.openai\[1\] must be one of standard, flex, priority, fast/,
  )
})

test('a hold of a request is smaller where purser.yaml says that the account is standard', async () => {
  const machine = newMachine()
  machine.write('request.json', JSON.stringify({ model: 'gpt-4o', max_tokens: 100, messages: [{ role: 'user', content: 'Hello there' }] }))
  const reserve = ['hold', 'reserve', '--provider', 'openai', '--api', 'chat', '--request', 'request.json', '--db', 'spend.db']
  // 283 tokens at $2.50 and 100 at $10 a million, and at 1.7 times that.
  expect((await machine.run(reserve)).out).toContain('$0.00290275')
  machine.write('purser.yaml', 'bounds: { service_tiers: { openai: [standard] } }\n')
  expect((await machine.run(reserve)).out).toContain('$0.0017075')
})
