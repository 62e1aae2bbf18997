// A film pipeline: every scene goes through three stages, in which roles ask the models that the profile in force names.
// The run pauses between two stages when its cap has no room for the next one. Raised, it goes on where it stopped.
//   node main.ts                          node main.ts --raise 0.005                          node main.ts --run cut-2
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import OpenAI from 'openai'
import { type BudgetInput, formatUsd, type PlanInput, type ProfilesInput, Purser } from 'purser'
import { wrap } from 'purser/openai'

interface Film {
  readonly project: string
  readonly runCap: string
  readonly stageCaps: Readonly<Record<'extract' | 'direct' | 'review', string>>
  readonly budgets: Readonly<Record<string, BudgetInput>>
  readonly profile: string
  readonly profiles: ProfilesInput
  readonly plan: PlanInput['calls']
}

const { values } = parseArgs({ options: { run: { type: 'string', default: 'cut-1' }, raise: { type: 'string' } } })
const film = JSON.parse(readFileSync('film.json', 'utf8')) as Film
const scenes = readFileSync('screenplay.txt', 'utf8').trim().split('\n\n')

const { profiles, profile } = film
const purser = await Purser.open({ db: 'film.db', profiles, profile, serviceTiers: { openai: ['standard'] } })
const openai = wrap(new OpenAI(), purser, { provider: 'openai' })
for (const [name, budget] of Object.entries(film.budgets)) await purser.budgets.set(name, budget)
purser.listen(({ kind, body }) => {
  if (kind === 'threshold.crossed') console.log(`Warning: ${body['percent']} % of the budget ${body['budget']} is spent.`)
})

/** What a role says of a scene, by the model that the profile in force names for the stage, the role and the pass. */
async function ask(role: string, pass: 'draft' | 'refine', task: string, scene: string): Promise<string> {
  return purser.withLabels({ role, pass }, async () => {
    const { model } = await purser.profiles.model()
    const answer = await openai.chat.completions.create({
      model,
      max_completion_tokens: 600,
      messages: [
        { role: 'system', content: `You are the ${role} of a film. ${task}` },
        { role: 'user', content: scene },
      ],
    })
    return answer.choices[0]?.message.content ?? ''
  })
}

const stages = {
  extract: async (scene: string) => ask('script_supervisor', 'draft', 'List who and what is seen.', scene),
  direct: async (scene: string) => [
    await ask('director', 'draft', 'Say how it is played.', scene),
    await ask('cinematographer', 'draft', 'Say how it is shot.', scene),
  ],
  review: async (scene: string) => ask('director', 'refine', 'Review it, and decide.', scene),
}

/** Every artifact says in its metadata what it cost. */
async function writeArtifact(artifact: string, content: unknown): Promise<void> {
  await purser.flush()
  const cost_data = await purser.reports.costData({ artifact })
  writeFileSync(`out/${artifact}.json`, JSON.stringify({ content, metadata: { cost_data } }, null, 2))
}

// Before anything is spent: what it will cost, and what it would with other models.
mkdirSync('out', { recursive: true })
const plan = { calls: film.plan, counts: { scenes: scenes.length }, project: film.project }
const { names, estimates } = await purser.estimates.compare(plan, Object.keys(film.profiles))
for (const [index, each] of estimates.entries()) console.log(`Estimate with ${names[index]}: ${formatUsd(each.costNanos)}`)

if (values.raise !== undefined) {
  await purser.runs.raise(values.run, { by: values.raise })
  console.log(`Raised the cap of ${values.run} by $${values.raise}.`)
}

const estimate = await purser.estimate(plan)
const ended = await purser.run({ id: values.run, project: film.project, estimate, budget: film.runCap }, async (run) => {
  for (const [index, scene] of scenes.entries()) {
    const id = `scene-${index + 1}`
    for (const [name, work] of Object.entries(stages)) {
      const artifact = `${run.id}.${id}.${name}`
      const budget = film.stageCaps[name as keyof typeof stages]
      await run.stage(name, { key: `${id} ${name}`, labels: { scene: id, artifact }, budget }, async () => {
        await writeArtifact(artifact, await work(scene))
        console.log(`${id} ${name}`)
      })
    }
  }
})
console.log(ended.state === 'completed' ? `The run ${values.run} is completed.` : ended.message)

// What it came to, until now or in all; once it is completed the ledger keeps the report, and so does the film.
if (ended.state !== 'refused') {
  const { report, markdown } = await purser.reports.report(values.run)
  writeFileSync(`out/${values.run}.report.json`, JSON.stringify(report, null, 2))
  writeFileSync(`out/${values.run}.report.md`, markdown)
  const { total_cost_usd, stages: costs, by_model, by_role, by_scene, variance, budget } = report.summary
  const foreseen = variance === null ? '' : `, estimated $${variance.estimated_usd} (${variance.variance_percent} %)`
  console.log(`\nRun ${values.run}: ${purser.isTracking ? `$${total_cost_usd}` : 'cost unknown, as cost tracking is off'}${foreseen}`)
  if (budget !== null && purser.isTracking) console.log(`Limit $${budget.limit_usd}, remaining $${budget.remaining_usd}`)
  for (const each of costs) {
    const { stage_id, model, call_count, input_tokens, output_tokens, estimated_cost_usd } = each
    console.log(`  ${stage_id}: ${model}, ${call_count} calls, ${input_tokens} + ${output_tokens} tokens, $${estimated_cost_usd}`)
  }
  for (const costsBy of [by_model, by_role, by_scene].filter((each) => Object.keys(each).length > 0)) {
    console.log(
      `  ${Object.entries(costsBy)
        .map(([name, usd]) => `${name} $${usd}`)
        .join(', ')}`,
    )
  }
}
if (purser.isTracking) {
  const { run_count, total_cost_usd, average_per_run_usd, trend } = await purser.reports.projectSummary(film.project)
  const costs = `$${total_cost_usd} in all, ${average_per_run_usd === null ? 'nobody knows how much' : `$${average_per_run_usd}`} each, ${trend?.direction ?? 'no trend yet'}`
  console.log(`Runs of ${film.project}: ${run_count}, ${costs}`)
}
await purser.close()
