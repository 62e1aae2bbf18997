import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { costDataSchema } from '../../src/reports/schemas/host-schemas.ts'
import { runReportSchema } from '../../src/reports/schemas/run-cost-schemas.ts'
import { type ProviderScript, startProviderServer } from './provider-server.ts'
import { copyExample, type Example, expectVerified } from './run-example.ts'

// gpt-4o-mini is $0.15 and $0.60 a million: 200 × 0.15 + 300 × 0.60 = 30 + 180 = $0.00021 a call.
// gpt-4o is $2.50 and $10 a million: 220 × 2.50 + 420 × 10 = 550 + 4,200 = $0.00475 a call.
const script: ProviderScript = ({ model }) =>
  model === 'gpt-4o' ? { text: 'Good.', inputTokens: 220, outputTokens: 420 } : { text: 'Seen.', inputTokens: 200, outputTokens: 300 }

// A scene is planned at 200 + 300 tokens for each of three drafts, and 220 + 400 for the review.
// economy: 3 × 0.00021 + (220 × 0.15 + 400 × 0.60 = 0.000273) = 0.000903; three scenes are 0.002709.
// balanced: 3 × 0.00021 + (220 × 2.50 + 400 × 10 = 0.00455) = 0.00518; three scenes are 0.01554.
// quality: 0.00021 + 2 × (200 × 2.50 + 300 × 10 = 0.0035) + 0.00455 = 0.01176; three scenes are 0.03528.
const estimates = `Estimate with economy: $0.002709
Estimate with balanced: $0.01554
Estimate with quality: $0.03528
`

test('a film pauses at its cap between two stages, is raised, goes on, and the project has no room for a second cut', async () => {
  await using server = await startProviderServer(script)
  const example = copyExample('film-pipeline', 'film.db')

  // Two scenes are 2 × (3 × 0.00021 + 0.00475) = 0.01076, and the drafts of the third 3 × 0.00021 = 0.00063: 0.01139 in all.
  // Of the cap 0.015 − 0.01139 = 0.00361 is left, which is less than the 0.008 that a review may cost. 0.01139 is
  // 0.00415 less than 0.01554: -26.7 %.
  const paused = `The run "cut-1" is paused before the stage "scene-3 review". The run's own cap of $0.015 is reached: $0.01139 spent, and $0.008 more is asked. \`purser runs raise cut-1 --by USD\` gives it more, and then it is resumed.

Run cut-1: $0.01139, estimated $0.01554 (-26.7 %)
Limit $0.015, remaining $0.00361
  extract: gpt-4o-mini, 3 calls, 600 + 900 tokens, $0.00063
  direct: gpt-4o-mini, 6 calls, 1200 + 1800 tokens, $0.00126
  review: gpt-4o, 2 calls, 440 + 840 tokens, $0.0095
  gpt-4o $0.0095, gpt-4o-mini $0.00189
  director $0.01013, cinematographer $0.00063, script_supervisor $0.00063
  scene-1 $0.00538, scene-2 $0.00538, scene-3 $0.00063
Runs of night-train: 1, $0.01139 in all, $0.01139 each, no trend yet
`
  const done = ['scene-1', 'scene-2'].map((scene) => `${scene} extract\n${scene} direct\n${scene} review\n`).join('')
  const first = await example.run([], server.environment)
  expect(first).toEqual({ code: 0, err: '', out: `${estimates}${done}scene-3 extract\nscene-3 direct\n${paused}` })
  // Three drafts a scene, and two reviews.
  expect(server.calls).toHaveLength(11)

  // Started again without more money, it sends nothing and stays where it is.
  expect(await example.run([], server.environment)).toEqual({ code: 0, err: '', out: `${estimates}${paused}` })
  expect(server.calls).toHaveLength(11)

  // The last review takes it to 0.01139 + 0.00475 = 0.01614: 80.7 % of the project's 0.02, of which 0.00386 is left, as it is
  // of the raised cap. It is 0.0006 more than was estimated: 3.9 %.
  const raised = await example.run(['--raise', '0.005'], server.environment)
  expect(raised).toEqual({
    code: 0,
    err: '',
    out: `${estimates}Raised the cap of cut-1 by $0.005.
Warning: 80 % of the budget film.project is spent.
scene-3 review
The run cut-1 is completed.

Run cut-1: $0.01614, estimated $0.01554 (3.9 %)
Limit $0.02, remaining $0.00386
  extract: gpt-4o-mini, 3 calls, 600 + 900 tokens, $0.00063
  direct: gpt-4o-mini, 6 calls, 1200 + 1800 tokens, $0.00126
  review: gpt-4o, 3 calls, 660 + 1260 tokens, $0.01425
  gpt-4o $0.01425, gpt-4o-mini $0.00189
  director $0.01488, cinematographer $0.00063, script_supervisor $0.00063
  scene-1 $0.00538, scene-2 $0.00538, scene-3 $0.00538
Runs of night-train: 1, $0.01614 in all, $0.01614 each, no trend yet
`,
  })
  expect(server.calls).toHaveLength(12)
  expect(server.calls.map(({ model }) => model)).toEqual([1, 2, 3].flatMap(() => ['gpt-4o-mini', 'gpt-4o-mini', 'gpt-4o-mini', 'gpt-4o']))
  await expectArtifacts(example)

  // The next cut is foreseen at 0.01554, and the project has 0.00386 left: it does not begin.
  const second = await example.run(['--run', 'cut-2'], server.environment)
  expect(second).toEqual({
    code: 0,
    err: '',
    out: `${estimates}Budget "film.project" (project=night-train) has no room for $0.01554: $0.01614 spent, $0.00 held of $0.02. Raise the limit to go on.
Runs of night-train: 1, $0.01614 in all, $0.01614 each, no trend yet
`,
  })
  expect(server.calls).toHaveLength(12)
  await expectVerified(example)
})

/** The report of the run, and nine artifacts that say what they cost, which the ledger answers as well. */
async function expectArtifacts({ folder, db, purser, ledger }: Example): Promise<void> {
  const read = (name: string): unknown => JSON.parse(readFileSync(join(folder, 'out', name), 'utf8'))
  const artifacts = readdirSync(join(folder, 'out')).filter((name) => /^cut-1\.scene-\d\.\w+\.json$/.test(name))
  expect(artifacts).toHaveLength(9)
  const review = read('cut-1.scene-3.review.json') as { content: string; metadata: { cost_data: unknown } }
  const costData = costDataSchema.parse(review.metadata.cost_data)
  expect(review.content).toBe('Good.')
  expect(costData).toMatchObject({ model: 'gpt-4o', input_tokens: 220, output_tokens: 420, estimated_cost_usd: 0.00475, call_count: 1 })
  const { out } = await purser('costs', '--db', db, '--where', 'artifact=cut-1.scene-3.review', '--json')
  expect(JSON.parse(out)).toMatchObject({ total: { costNanos: '4750000', calls: 1 } })

  const open = await ledger()
  const charge = await open.charge(costData.charge_ids[0] ?? '')
  expect(charge).toMatchObject({ costNanos: 4_750_000n, labels: { run: 'cut-1', scene: 'scene-3', stage: 'review', role: 'director' } })

  const report = runReportSchema.parse(read('cut-1.report.json'))
  expect(report.summary).toMatchObject({
    state: 'completed',
    calls: 12,
    input_tokens: 2460,
    output_tokens: 3960,
    total_cost_nanos: '16140000',
  })
  expect(report.stage_runs.map(({ key, state, attempt }) => `${key} ${state} ${attempt}`)).toEqual(
    [1, 2, 3].flatMap((scene) => ['extract', 'direct', 'review'].map((stage) => `scene-${scene} ${stage} completed 1`)),
  )
  expect(readFileSync(join(folder, 'out/cut-1.report.md'), 'utf8')).toContain('| review | gpt-4o | 3 | 660 | 1,260 | $0.01425 |')
}
