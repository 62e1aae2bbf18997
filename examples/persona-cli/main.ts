// A tool that makes personas of interviews: says before what it will cost, and after what it did, against its budgets.
//   node main.ts generate [--count 3] [--data interviews.txt] [--experiment first] [--model NAME]     node main.ts costs
import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import Anthropic from '@anthropic-ai/sdk'
import { formatUsd, nanos, Purser } from 'purser'
import { wrap } from 'purser/anthropic'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    count: { type: 'string', default: '3' },
    data: { type: 'string', default: 'interviews.txt' },
    experiment: { type: 'string', default: 'first' },
    model: { type: 'string', default: 'claude-sonnet-4-5-20250929' },
  },
})
const { model } = values

// The ledger, and the budgets that are put into force, are those of the file.
const purser = await Purser.open({ config: 'purser.yaml' })
const anthropic = wrap(new Anthropic(), purser, { provider: 'anthropic' })
purser.listen(({ kind, body }) => {
  if (kind === 'threshold.crossed') console.log(`⚠️  ${body['percent']} % of ${body['budget']} is used.`)
})

async function ask(task: string, text: string): Promise<string> {
  const answer = await anthropic.messages.create({ model, max_tokens: 4000, messages: [{ role: 'user', content: `${task}\n\n${text}` }] })
  return answer.content.map((part) => (part.type === 'text' ? part.text : '')).join('')
}

async function generate(): Promise<void> {
  const [interviews, count] = [readFileSync(values.data, 'utf8'), Number(values.count)]
  // About four characters a token; a persona has about 2,200 of them, and so has the summary of all.
  const usual = { model, input: Math.ceil(interviews.length / 4), output: 2200 }
  const estimate = await purser.estimate({
    calls: [
      { stage: 'persona_generation', calls: count, ...usual },
      { stage: 'summary_generation', ...usual },
    ],
  })
  console.log(`${count} personas will cost about ${formatUsd(estimate.costNanos)}.`)

  const { experiment } = values
  const ended = await purser.run({ estimate, labels: { experiment } }, async (run) => {
    const personas: string[] = []
    await run.stage('persona_generation', async () => {
      for (let number = 1; number <= count; number += 1) {
        personas.push(await ask(`Write persona ${number} of ${count}, unlike the others, from these interviews.`, interviews))
      }
    })
    const summary = await run.stage('summary_generation', () => ask('Sum up what these people have in common.', interviews))
    return { personas, summary }
  })
  if (ended.state !== 'completed') {
    console.log(`Nothing is made: ${ended.message}`)
    process.exitCode = 4
    return
  }
  // Of calls that were not tracked nobody knows what they cost.
  const costs = purser.isTracking ? (await purser.reports.costsBlock(ended.run.id)).costs : null
  writeFileSync('personas.json', JSON.stringify({ ...ended.result, costs }, null, 2))
  if (costs !== null) console.log(JSON.stringify({ costs }, null, 2))
  await showCosts(ended.run.id)
}

/** The run, its experiment, and the month. */
async function showCosts(id: string | undefined): Promise<void> {
  const { run, group, budget, notes } = await purser.reports.costReport(id, 'month')
  console.log('💰 Cost Report')
  if (run !== null) {
    console.log('\nThis Run:')
    console.log(`  Estimated: ${run.estimated_nanos === null ? '(none)' : dollars(run.estimated_nanos)}`)
    console.log(`  Actual:    ${dollars(run.actual_nanos)}${run.variance_percent === null ? '' : ` (${signed(run.variance_percent)}%)`}`)
  }
  if (group !== null) {
    console.log(`\nExperiment Total (${group.runs} runs):`)
    console.log(`  Total cost: ${dollars(group.total_cost_nanos)}`)
    console.log(`  Average per run: ${dollars(group.average_per_run_nanos ?? 0)}`)
  }
  if (budget !== null) {
    const percent = budget.used_percent ?? 0
    // The last of thirty cells fills only at the limit.
    const cells = percent >= 100 ? 30 : Math.floor((percent * 29) / 100)
    console.log('\nBudget Status (Monthly):')
    console.log(`  Used: ${dollars(budget.used_nanos)} / ${dollars(budget.limit_nanos)} (${percent.toFixed(1)}%)`)
    console.log(`  Remaining: ${dollars(budget.remaining_nanos)}`)
    console.log(`\n  ${'█'.repeat(cells)}${'░'.repeat(30 - cells)} ${Math.floor(percent)}%`)
  }
  // Such as that cost tracking is off, and so nothing is known of the run.
  for (const note of notes) console.log(`\n${note}`)
}

function dollars(amount: string | number): string {
  return formatUsd(nanos(BigInt(amount)))
}

function signed(percent: number): string {
  return `${percent > 0 ? '+' : ''}${percent.toFixed(1)}`
}

await (positionals[0] === 'costs' ? showCosts(await purser.reports.last()) : generate())
await purser.close()
