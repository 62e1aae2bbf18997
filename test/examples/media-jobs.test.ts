import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type ProviderScript, type ProviderServer, startProviderServer } from './provider-server.ts'
import { copyExample, type Example, expectVerified } from './run-example.ts'

const listen: ProviderScript = ({ api, model }) => {
  if (api === 'openai.transcription') return { text: 'It was a long day.', audioSeconds: 1790.5 }
  if (model === 'en-indic') return { text: 'एक लंबा दिन था।', inputTokens: 5000, outputTokens: 5200 }
  return { text: 'A day, and it was long.', inputTokens: 5210, outputTokens: 100 }
}

/** The example; its ledger lies where its variables say, in the home folder. */
function prepare(): Example {
  return copyExample('media-jobs', '../.cp-whisperx/costs/purser.db')
}

function services({ url, environment }: ProviderServer, more: Readonly<Record<string, string>> = {}): Record<string, string> {
  return { ...environment, WHISPERX_URL: `${url}/v1`, INDICTRANS2_URL: `${url}/v1`, ...more }
}

/** Sets the month of a user, in its profile. */
function setMonth(example: Example, user: string, dollars: number): void {
  const path = join(example.folder, 'users', user, 'profile.json')
  const profile = JSON.parse(readFileSync(path, 'utf8')) as { budget: object }
  writeFileSync(path, JSON.stringify({ ...profile, budget: { ...profile.budget, monthly_limit_usd: dollars } }))
}

const month = new Date().toISOString().slice(0, 7)

// Foreseen: 1,800 s at $0.006 a minute are 0.18; 5,400 + 5,400 tokens at $0.002 a thousand 0.0216; 5,400 at $0.03 and 300 at $0.06 a
// thousand 0.162 + 0.018. Together 0.3816.
// Made: 1,790.5 s are 0.17905; 5,000 + 5,200 tokens 0.0204; 5,210 and 100 tokens 0.1563 + 0.006 = 0.1623. Together 0.36175.
const interview = `Job interview of user 1 will cost about $0.3816.
✅ Within budget
💰 ASR cost: $0.1791
💰 Translation cost: $0.0204
💰 Summarization cost: $0.1623
A day, and it was long.
Job interview: $0.3618
  06_whisperx_asr whisperx: $0.1791, 1 call
  10_translation indictrans2: $0.0204, 1 call
  13_ai_summarization openai: $0.1623, 1 call
User 1 in ${month}: $0.3618 of $50.00 (ok), 1 job
  indictrans2: $0.0204, 1 call
  openai: $0.1623, 1 call
  whisperx: $0.1791, 1 call
`

test('a job is transcribed, translated and summed up, and each stage says what it cost', async () => {
  await using server = await startProviderServer(listen)
  const example = prepare()
  expect(await example.run([], services(server))).toEqual({ code: 0, out: interview, err: '' })
  expect(server.calls.map(({ api, model }) => `${api} ${model}`)).toEqual([
    'openai.transcription large-v3',
    'openai.chat en-indic',
    'openai.chat gpt-4o',
  ])
  const ledger = await example.ledger()
  const charges = await Array.fromAsync(ledger.charges())
  const labels = { run: 'interview', job: 'interview', project: 'media', user: '1', workflow: 'subtitle' }
  expect(charges.map(({ provider, model, usage, costNanos, ...each }) => [provider, model, usage, costNanos, each.labels])).toEqual([
    ['whisperx', 'large-v3', { audioSeconds: 1790.5 }, 179_050_000n, { ...labels, stage: '06_whisperx_asr' }],
    ['indictrans2', 'en-indic', { inputTokens: 5000, outputTokens: 5200 }, 20_400_000n, { ...labels, stage: '10_translation' }],
    ['openai', 'gpt-4o', { inputTokens: 5210, outputTokens: 100 }, 162_300_000n, { ...labels, stage: '13_ai_summarization' }],
  ])
  await expectVerified(example)
})

test('a job that fails goes on with the stage in which it failed', async () => {
  let fails = true
  await using server = await startProviderServer((call) =>
    fails && call.model === 'gpt-4o' ? { status: 400, message: 'The model is asleep.' } : listen(call),
  )
  const example = prepare()
  const failed = await example.run([], services(server))
  expect(failed).toMatchObject({ code: 1, err: expect.stringContaining('The model is asleep.') as string })
  fails = false
  const { code, out } = await example.run([], services(server))
  // Transcript and translation are those of the first try: one more call is made, and the job costs what it costs at once.
  expect({ code, calls: server.calls.length }).toEqual({ code: 0, calls: 4 })
  const lines = interview.split('\n')
  expect(out.split('\n')).toEqual([...lines.slice(0, 2), ...lines.slice(4)])
  await expectVerified(example)
})

test('a soft month lets a job through, with what it says of it', async () => {
  await using server = await startProviderServer(listen)
  const example = prepare()
  setMonth(example, '1', 0.3)
  const { code, out, err } = await example.run([], services(server))
  expect(code).toBe(0)
  expect(out).toContain('⚠ Budget limit exceeded. Job allowed (soft limit). Budget "user.monthly" (user=1) ')
  // 0.36175 of 0.30 passes both shares at once, with the last call.
  expect(err).toBe(
    '⚠ BUDGET ALERT: user 1 has spent $0.3618 of $0.30 this month (80% threshold, warning)\n' +
      '⚠ BUDGET ALERT: user 1 has spent $0.3618 of $0.30 this month (100% threshold, critical)\n',
  )
  expect(out).toContain(`User 1 in ${month}: $0.3618 of $0.30 (over), 1 job\n`)
  await expectVerified(example)
})

test('a hard month blocks the job that does not fit, before anything is sent; local translation costs nothing', async () => {
  // A lecture is foreseen at 5,400 s = 0.54, 16,200 tokens = 0.486, and 300 = 0.018: 1.044.
  await using server = await startProviderServer(({ api }) =>
    api === 'openai.transcription'
      ? { text: 'It was a long day.', audioSeconds: 5400 }
      : { text: 'A day.', inputTokens: 16_000, outputTokens: 100 },
  )
  const example = prepare()
  const first = await example.run(['jobs/lecture.json'], services(server))
  // Made: 0.54, nothing, and 0.48 + 0.006: 1.026.
  expect(first).toEqual({
    code: 0,
    out: `Job lecture of user 2 will cost about $1.04.
✅ Within budget
💰 ASR cost: $0.54
💰 Translation cost: $0.00
💰 Summarization cost: $0.486
A day.
Job lecture: $1.03
  06_whisperx_asr whisperx: $0.54, 1 call
  10_translation local: $0.00, 1 call
  13_ai_summarization openai: $0.486, 1 call
User 2 in ${month}: $1.03 of $2.00 (ok), 1 job
  local: $0.00, 1 call
  openai: $0.486, 1 call
  whisperx: $0.54, 1 call
`,
    err: '',
  })
  expect(server.calls).toHaveLength(2)

  // 1.026 + 1.044 = 2.07 is more than 2.
  const lecture = readFileSync(join(example.folder, 'jobs/lecture.json'), 'utf8')
  writeFileSync(join(example.folder, 'jobs/another.json'), lecture)
  const blocked = await example.run(['jobs/another.json'], services(server))
  expect(blocked.code).toBe(4)
  expect(blocked.out).toContain(
    'Budget limit reached. Job blocked. Budget "user.monthly" (user=2) has no room for $1.044: $1.026 spent, $0.00 held of $2.00.',
  )
  expect(blocked.out).toContain('Job another: $0.00\n')
  expect(server.calls).toHaveLength(2)

  // The month of the other user is another one.
  writeFileSync(join(example.folder, 'jobs/third.json'), lecture.replace('"2"', '"1"'))
  expect((await example.run(['jobs/third.json'], services(server))).code).toBe(0)

  // Raised, the blocked job goes through. Two jobs are 2 × 0.54 and 2 × 0.486: 2.052, more than 80 % of 2.07.
  setMonth(example, '2', 2.07)
  const raised = await example.run(['jobs/another.json'], services(server))
  expect(raised).toMatchObject({ code: 0, err: '⚠ BUDGET ALERT: user 2 has spent $2.05 of $2.07 this month (80% threshold, warning)\n' })
  expect(raised.out).toContain(`User 2 in ${month}: $2.05 of $2.07 (warning), 2 jobs
  local: $0.00, 2 calls
  openai: $0.972, 2 calls
  whisperx: $1.08, 2 calls
`)
  await expectVerified(example)
})

test('with tracking off the job runs, nothing is booked, and the hard month is said to bind nobody', async () => {
  await using server = await startProviderServer(listen)
  const example = prepare()
  const { code, out, err } = await example.run([], services(server, { COST_TRACKING_ENABLED: 'false' }))
  expect(code).toBe(0)
  expect(out).toContain('A day, and it was long.\nWhat job interview cost is unknown: cost tracking is off.\n')
  expect(out).not.toContain('💰')
  expect(err).toContain(
    'Cost tracking is off (COST_TRACKING_ENABLED or `tracking`), so nothing is booked or held, and nothing keeps to the budgets user.monthly.',
  )
  expect(server.calls).toHaveLength(3)
  expect(existsSync(example.db)).toBe(false)
})
