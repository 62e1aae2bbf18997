// Agents that work on tickets, within the limits of purser.yaml: five at a time, so much for a project and a day, and an
// agent that comes to the limit of its run is terminated. One builder serves all of them, on the account of the ticket.
//   node main.ts [tickets.json]
import { readFileSync } from 'node:fs'
import Anthropic from '@anthropic-ai/sdk'
import { formatUsd, nanos, Purser } from 'purser'
import { wrap } from 'purser/anthropic'

interface Ticket {
  readonly id: string
  readonly project: string
  readonly agent: string
  readonly task: string
}

const opus = 'claude-opus-5'
const sonnet = 'claude-sonnet-4-6'
const haiku = 'claude-haiku-4-5'
const models: Readonly<Record<string, string>> = { 'feature-dev': opus, 'bugfix-dev': sonnet, tester: sonnet, clarifier: haiku }
const mostSteps = 20

const tickets = JSON.parse(readFileSync(process.argv[2] ?? 'tickets.json', 'utf8')) as readonly Ticket[]
// The ledger, and the limits that are put into force, are those of the file.
const purser = await Purser.open({ config: 'purser.yaml' })
const anthropic = wrap(new Anthropic(), purser, { provider: 'anthropic' })
purser.listen(({ kind, body }) => {
  if (kind === 'threshold.crossed') console.log(`${body['level']}: ${body['message']} (${body['budget']})`)
})

/** An agent goes on until it says that it is done; each step reads all that was said before. */
async function work({ agent, task }: Ticket): Promise<number> {
  const messages: Anthropic.MessageParam[] = [{ role: 'user', content: `You are the ${agent}. ${task} Say DONE when you are.` }]
  for (let step = 1; step <= mostSteps; step += 1) {
    const { content } = await anthropic.messages.create({ model: models[agent] ?? sonnet, max_tokens: 4000, messages })
    if (content.some((part) => part.type === 'text' && part.text.includes('DONE'))) return step
    messages.push({ role: 'assistant', content }, { role: 'user', content: 'Go on.' })
  }
  return mostSteps
}

/** The builder belongs to no project. What it spends is spent on the ticket for which it builds, by the labels around it. */
async function build({ id, task }: Ticket): Promise<void> {
  await purser.withLabels({ agent: 'builder', agentType: 'support' }, () =>
    anthropic.messages.create({ model: haiku, max_tokens: 1000, messages: [{ role: 'user', content: `Build ${id}: ${task}` }] }),
  )
}

/** One agent on one ticket is a run. It waits while five others work, and does not begin where a day or a month is used up. */
async function runAgent(ticket: Ticket): Promise<string> {
  const { id, project, agent } = ticket
  const model = models[agent] ?? sonnet
  const estimate = await purser.estimate({ calls: [{ model, calls: 2, input: 1000, output: 2000 }] })
  const labels = { ticket: id, agent, agentType: 'worker' }
  const ended = await purser.run({ project, labels, estimate }, async (run) => {
    console.log(`${id} ${agent} begins (${run.admission.verdict})`)
    await run.stage('work', () => work(ticket))
    await run.stage('build', () => build(ticket))
  })
  if (ended.state === 'refused') return `${id} ${agent} is refused: ${ended.message}`
  const { total_cost_usd } = await purser.reports.summary(ended.run.id)
  const cost = purser.isTracking ? `$${total_cost_usd}` : 'cost unknown'
  return `${id} ${agent}: ${ended.state}, ${cost}${ended.state === 'completed' ? '' : `. ${ended.message}`}`
}

/** What was spent by the values of a label or property, with bars. */
async function showCosts(title: string, field: string): Promise<void> {
  const { rows, total } = await purser.costs({ groupBy: [field] })
  console.log(`\n${title}`)
  for (const { key, costNanos } of rows) {
    const percent = total.costNanos === 0n ? 0 : Number((costNanos * 1000n) / total.costNanos) / 10
    console.log(`  ${(key[0] ?? 'none').padEnd(18)} ${'█'.repeat(Math.ceil(percent / 5)).padEnd(20)} ${formatUsd(costNanos)} (${percent}%)`)
  }
}

/** How much of the month's limit is spent, with a cell for each begun tenth. */
async function showMonth(): Promise<void> {
  const month = (await purser.budgets.status()).find(({ budget }) => budget === 'limits.global.max_cost_per_month')
  if (month === undefined) return
  const percent = Number((month.spent * 1000n) / month.limit) / 10
  const bar = '█'.repeat(Math.min(10, Math.ceil(percent / 10))).padEnd(10, '░')
  console.log(`This month ${bar} ${percent}% of ${formatUsd(nanos(month.limit))}`)
}

/** The last seven days, each with a cell for each begun quarter of the dearest. */
async function showDays(): Promise<void> {
  const days = [6, 5, 4, 3, 2, 1, 0].map((ago) => new Date(Date.now() - ago * 24 * 60 * 60 * 1000).toISOString().slice(0, 10))
  const { rows } = await purser.costs({ groupBy: ['day'] })
  const costs = days.map((day) => rows.find(({ key }) => key[0] === day)?.costNanos ?? 0n)
  const most = costs.reduce((a, b) => (a > b ? a : b), 0n)
  console.log('\nDaily Usage')
  for (const quarter of [4n, 3n, 2n, 1n]) {
    const cells = costs.map((cost) => (cost * 4n > most * (quarter - 1n) ? '██' : '  ')).join(' ')
    console.log(`${formatUsd(nanos((most * quarter) / 4n)).padStart(10)} │ ${cells.trimEnd()}`)
  }
  console.log(`           └${'─'.repeat(21)}\n             ${days.map((day) => day.slice(-2)).join(' ')}`)
}

async function showLimits(): Promise<void> {
  console.log('\nLimits')
  for (const { budget, metric, scope, spent, limit, onLimit } of await purser.budgets.status()) {
    if (metric === 'concurrency' || scope['agent'] !== undefined) continue
    const [used, most] = metric === 'cost' ? [spent, limit].map((each) => formatUsd(nanos(each))) : [spent, limit]
    console.log(`  ${[budget, ...Object.values(scope)].join(' ')}: ${used} of ${most}, then ${onLimit}`)
  }
}

async function showDashboard(): Promise<void> {
  const { total } = await purser.costs()
  console.log(`\nTotal cost ${formatUsd(total.costNanos)}, ${total.totalTokens} tokens, ${total.runs} agent runs`)
  await showMonth()
  await showDays()
  await showCosts('Cost by Agent', 'agent')
  await showCosts('Cost by Model', 'model')
  await showCosts('Cost by Ticket', 'ticket')
  await showCosts('Cost by Project', 'project')
  await showLimits()
}

for (const line of await Promise.all(tickets.map(runAgent))) console.log(line)
if (purser.isTracking) await showDashboard()
else console.log('\nWhat the agents cost is unknown: cost tracking is off.')
await purser.close()
