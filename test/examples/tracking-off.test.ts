import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { costDataSchema } from '../../src/reports/schemas/host-schemas.ts'
import { runReportSchema } from '../../src/reports/schemas/run-cost-schemas.ts'
import { type ProviderServer, startProviderServer } from './provider-server.ts'
import { copyExample, type Example, expectVerified } from './run-example.ts'

// With COST_TRACKING_ENABLED=false every example does its work, in full and with a good end, and its ledger knows nothing of it.

function untracked({ environment }: ProviderServer): Record<string, string> {
  return { ...environment, COST_TRACKING_ENABLED: 'false' }
}

/** Expects that a ledger which is there has no call, no hold and no run. */
async function expectNothingBooked(example: Example): Promise<void> {
  const ledger = await example.ledger()
  const { total } = await ledger.costs()
  expect([total.calls, await ledger.holds.list(), await ledger.runs.list()]).toEqual([0, [], []])
  await expectVerified(example)
}

/** Expects that nothing which nobody knows is said to have cost something, or nothing. */
function expectNoFigures(out: string): void {
  expect(out).not.toMatch(/\$\d|undefined|null/)
}

const untold = (budget: string): string =>
  `Cost tracking is off (COST_TRACKING_ENABLED or \`tracking\`), so nothing is booked or held, and nothing keeps to the budgets ${budget}.`

test('film-pipeline makes every scene, says that its cap binds nobody, and raises nothing', async () => {
  await using server = await startProviderServer(() => ({ text: 'Good.', inputTokens: 220, outputTokens: 420 }))
  const example = copyExample('film-pipeline', 'film.db')
  const ran = await example.run([], untracked(server))
  expect({ code: ran.code, err: ran.err }).toEqual({ code: 0, err: expect.stringContaining(untold('film.project')) as string })
  expect(ran.out).toContain('The run cut-1 is completed.\n')
  expect(ran.out).toMatch(/Run cut-1: cost unknown, as cost tracking is off\n$/)
  expectNoFigures(ran.out.replace(/^Estimate with .*\n/gm, ''))
  // Three scenes of three drafts and a review.
  expect(server.calls).toHaveLength(12)
  const read = (name: string): unknown => JSON.parse(readFileSync(join(example.folder, 'out', name), 'utf8'))
  const artifacts = readdirSync(join(example.folder, 'out')).filter((name) => /^cut-1\.scene-\d\.\w+\.json$/.test(name))
  expect(artifacts).toHaveLength(9)
  const review = read('cut-1.scene-3.review.json') as { content: unknown; metadata: { cost_data: unknown } }
  expect(review.content).toBe('Good.')
  const none = { model: null, call_count: 0, cost_nanos: '0', is_lower_bound: true, charge_ids: [] }
  expect(costDataSchema.parse(review.metadata.cost_data)).toMatchObject(none)
  const { summary } = runReportSchema.parse(read('cut-1.report.json'))
  expect(summary).toMatchObject({ calls: 0, total_cost_nanos: '0', is_lower_bound: true, estimate: null, variance: null, state: null })
  expect(summary.message).toMatch(/^Cost tracking is off/)
  expect(existsSync(example.db)).toBe(false)

  const raised = await example.run(['--raise', '0.005', '--run', 'cut-2'], untracked(server))
  expect({ code: raised.code, calls: server.calls.length }).toEqual({ code: 0, calls: 24 })
  expect(existsSync(example.db)).toBe(false)
})

test('persona-cli writes its personas, and its report says why it has no figures', async () => {
  await using server = await startProviderServer(() => ({ text: 'Ada, 34.', inputTokens: 4000, outputTokens: 2000 }))
  const example = copyExample('persona-cli', 'personas.db')
  const ran = await example.run(['generate', '--count', '2'], untracked(server))
  expect({ code: ran.code, err: ran.err }).toMatchObject({ code: 0 })
  // Two personas, and what they have in common.
  expect(server.calls).toHaveLength(3)
  const written = JSON.parse(readFileSync(join(example.folder, 'personas.json'), 'utf8')) as Record<string, unknown>
  expect(written).toEqual({ personas: ['Ada, 34.', 'Ada, 34.'], summary: 'Ada, 34.', costs: null })
  expect(ran.out).toContain('Cost tracking is off, so no call is booked, and nothing is known of the run.\n')
  expectNoFigures(ran.out.replace(/^2 personas will cost .*\n/, ''))
  const costs = await example.run(['costs'], untracked(server))
  expect(costs).toMatchObject({ code: 0, out: expect.stringContaining('Cost tracking is off') as string })
  expectNoFigures(costs.out)
  expect(existsSync(example.db)).toBe(false)
})

test('agent-platform lets all its agents work', async () => {
  await using server = await startProviderServer(() => ({ text: 'DONE', inputTokens: 200, outputTokens: 2000 }))
  const example = copyExample('agent-platform', 'agents.db')
  const ran = await example.run([], untracked(server))
  expect(ran).toMatchObject({ code: 0, err: expect.stringContaining('limits.global.max_cost_per_day') as string })
  expect(ran.out.match(/: completed, cost unknown\n/g)).toHaveLength(8)
  expect(ran.out).toMatch(/\n\nWhat the agents cost is unknown: cost tracking is off\.\n$/)
  expectNoFigures(ran.out)
  // Eight agents are done at once, and each has something built.
  expect(server.calls).toHaveLength(16)
  expect(existsSync(example.db)).toBe(false)
})

test('video-factory makes its video beside a ledger that has budgets', async () => {
  await using server = await startProviderServer(({ api, model }) => {
    if (api === 'elevenlabs.speech') return {}
    return model === 'gemini-2.5-flash-image' ? { images: 1, inputTokens: 40, outputTokens: 1290 } : { text: 'A story.', inputTokens: 9 }
  })
  const example = copyExample('video-factory', 'videos.db')
  await example.purser('budgets', 'apply')
  const ran = await example.run(['v1', 'Lighthouses'], untracked(server))
  // Its budgets are soft, so there is nothing to say of them.
  expect({ code: ran.code, err: ran.err }).toEqual({ code: 0, err: '' })
  expect(ran.out).toMatch(/Video v1 is made\.\nWhat video v1 cost is unknown: cost tracking is off\.\n$/)
  expectNoFigures(ran.out.replace(/^Video v1 will cost .*\n/, ''))
  // Three stories, the script, four pictures and a voice.
  expect(server.calls).toHaveLength(9)
  for (const file of ['1.png', '4.png', 'voice.mp3']) expect(existsSync(join(example.folder, 'out/v1', file))).toBe(true)
  await expectNothingBooked(example)
})

test('media-jobs transcribes beside a ledger in which other jobs are booked', async () => {
  await using server = await startProviderServer(({ api }) =>
    api === 'openai.transcription'
      ? { text: 'It was a long day.', audioSeconds: 60 }
      : { text: 'A day.', inputTokens: 10, outputTokens: 10 },
  )
  const services = { WHISPERX_URL: `${server.url}/v1`, INDICTRANS2_URL: `${server.url}/v1` }
  const example = copyExample('media-jobs', '../.cp-whisperx/costs/purser.db')
  expect((await example.run([], { ...server.environment, ...services })).code).toBe(0)
  writeFileSync(join(example.folder, 'jobs/second.json'), readFileSync(join(example.folder, 'jobs/interview.json'), 'utf8'))
  const ran = await example.run(['jobs/second.json'], { ...untracked(server), ...services })
  expect(ran).toMatchObject({
    code: 0,
    out: expect.stringMatching(/A day\.\nWhat job second cost is unknown: cost tracking is off\.\n$/) as string,
  })
  expectNoFigures(ran.out.replace(/^Job second .* will cost .*\n/, ''))
  expect(server.calls).toHaveLength(6)
  const ledger = await example.ledger()
  expect((await ledger.costs()).total.calls).toBe(3)
  expect((await ledger.runs.list()).map(({ id }) => id)).toEqual(['interview'])
  expect(await ledger.holds.list()).toEqual([])
})
