import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type ProviderScript, startProviderServer } from './provider-server.ts'
import { copyExample, expectVerified } from './run-example.ts'

/** Three stories, a script, pictures of 1,290 tokens, and whatever the script says as speech. */
function studio(dialogue: string): ProviderScript {
  let stories = 0
  return ({ api, model, body }) => {
    if (api === 'elevenlabs.speech') return {}
    if (model === 'gemini-2.5-flash-image') return { images: 1, inputTokens: 40, outputTokens: 1290 }
    if (JSON.stringify(body).includes('Write the dialogue')) {
      return { text: dialogue, inputTokens: 1800, outputTokens: 800, reasoningTokens: 200 }
    }
    stories += 1
    return { text: `Story ${stories}.`, inputTokens: 80 + 20 * stories, outputTokens: 490 + 10 * stories }
  }
}

const made = ['v1', 'Lighthouses']

// Foreseen: 3 stories of 600 tokens at $0.00025 a thousand are 0.00045, the script of 1,000 is 0.00025, 4 pictures at $0.02 are 0.08,
// 1,500 characters at $0.30 a thousand are 0.45: 0.5307, and a tenth more is 0.58377.
// Made: stories of 100 + 500, 120 + 510 and 140 + 520 tokens are 0.00015, 0.0001575 and 0.000165; the script of 1,800 + 800 is
// 0.00065, together 0.0011225. 4 pictures are 0.08, 1,400 characters 0.42: 0.5011225, which is 0.0826475 or 14.16 % less.
const printed = (
  today: string,
  [year, month] = today.split('-').map(Number),
): string => `Video v1 will cost about $0.5838, with a buffer of 10 %.
Cost logged: gemini.story_generation = $0.00015
Cost logged: gemini.story_generation = $0.0001575
Cost logged: gemini.story_generation = $0.000165
Cost logged: gemini.script_generation = $0.00065
Cost logged: nanobanana.image_generation = $0.02
Cost logged: nanobanana.image_generation = $0.02
Cost logged: nanobanana.image_generation = $0.02
Cost logged: nanobanana.image_generation = $0.02
Cost logged: elevenlabs.voice_synthesis = $0.42
Video v1 is made.
{"video_id":"v1","costs_by_service":{"elevenlabs":0.42,"gemini":0.0011225,"nanobanana":0.08},"total":0.5011225}
{"date":"${today}","costs_by_service":{"elevenlabs":0.42,"gemini":0.0011225,"nanobanana":0.08},"total":0.5011225}
{"year":${year},"month":${month},"costs_by_service":{"elevenlabs":0.42,"gemini":0.0011225,"nanobanana":0.08},"total":0.5011225}
Estimated $0.58377, actual $0.5011225 (-14.2 %)
`

test('a video is foreseen with its buffer, made, and accounted for by service', async () => {
  await using server = await startProviderServer(studio('x'.repeat(1400)))
  const example = copyExample('video-factory', 'videos.db')
  const { code, out, err } = await example.run(made, server.environment)
  expect({ code, err }).toEqual({ code: 0, err: '' })
  const today = new Date().toISOString().slice(0, 10)
  expect(out).toBe(printed(today))
  expect(server.calls.map(({ api }) => api)).toEqual([...Array<string>(8).fill('gemini.content'), 'elevenlabs.speech'])
  for (const file of ['1.png', '4.png', 'voice.mp3']) expect(existsSync(join(example.folder, 'out/v1', file))).toBe(true)

  const ledger = await example.ledger()
  const charges = await Array.fromAsync(ledger.charges())
  const common = { run: 'v1', video: 'v1', project: 'factory' }
  expect(charges.map(({ costNanos, labels }) => [costNanos, labels])).toEqual([
    ...[150_000n, 157_500n, 165_000n].map((nanos) => [
      nanos,
      { ...common, stage: 'story', service: 'gemini', operation: 'story_generation' },
    ]),
    [650_000n, { ...common, stage: 'script', service: 'gemini', operation: 'script_generation' }],
    ...[1, 2, 3, 4].map((picture) => [
      20_000_000n,
      { ...common, stage: 'images', service: 'nanobanana', operation: 'image_generation', artifact: `out/v1/${picture}.png` },
    ]),
    [420_000_000n, { ...common, stage: 'voice', service: 'elevenlabs', operation: 'voice_synthesis' }],
  ])
  expect(charges[8]?.usage).toEqual({ characters: 1400 })
  expect(await ledger.budgets.status()).toMatchObject([
    { budget: 'videos.daily', spent: 501_122_500n, held: 0n, presumed: 0n },
    { budget: 'videos.monthly', spent: 501_122_500n, held: 0n, presumed: 0n },
  ])
  await expectVerified(example)
})

test('a video whose voice fails is finished by running it again, and nothing is paid twice', async () => {
  const answers = studio('x'.repeat(1400))
  let isSpeechless = true
  await using server = await startProviderServer((call) =>
    isSpeechless && call.api === 'elevenlabs.speech' ? { status: 401, message: 'Invalid API key' } : answers(call),
  )
  const example = copyExample('video-factory', 'videos.db')
  const failed = await example.run(made, server.environment)
  expect(failed).toMatchObject({ code: 1, err: expect.stringContaining('Invalid API key') as string })
  expect(server.calls).toHaveLength(9)
  isSpeechless = false
  const { code, out } = await example.run(made, server.environment)
  expect({ code, calls: server.calls.length }).toEqual({ code: 0, calls: 10 })
  // What is there is not made again; the video comes to the same as one that went well at once.
  const today = new Date().toISOString().slice(0, 10)
  const lines = printed(today).split('\n')
  expect(out.split('\n')).toEqual([lines[0], ...lines.slice(9)])
  expect(readFileSync(join(example.folder, 'out/v1/voice.mp3'), 'utf8')).toBe('ID3')
  const again = await example.run(made, server.environment)
  expect(again).toMatchObject({ code: 1, err: expect.stringContaining('PURSER_CONFLICT') as string })
  await expectVerified(example)
})

test('takes of one video add up, and the day is told at 80 % and at its limit, which stops nothing', async () => {
  // Each story is a first one: 3 × 0.00015 + 0.00065 = 0.0011, with pictures and voice 0.5011, and two takes are 1.0022.
  await using server = await startProviderServer((call) => studio('x'.repeat(1400))(call))
  const example = copyExample('video-factory', 'videos.db')
  const config = join(example.folder, 'purser.yaml')
  writeFileSync(config, readFileSync(config, 'utf8').replace('limit: 50.00', 'limit: 0.60'))
  const first = await example.run(made, server.environment)
  // 0.5011 of 0.60 is 83.5 %.
  expect(first).toMatchObject({ code: 0, err: 'Daily cost alert: $0.50 / $0.60 (80% threshold)\n' })
  // What the month before cost, and the first day of this one, without a video; that may be today.
  const [year, month, day] = new Date().toISOString().slice(0, 10).split('-').map(Number) as [number, number, number]
  const ledger = await example.ledger()
  const before = { provider: 'acme', model: 'flat', labels: { service: 'acme' } }
  await ledger.record({ ...before, costUsd: '7.00', at: new Date(Date.UTC(year, month - 1, 1) - 1).toISOString() })
  await ledger.record({ ...before, costUsd: '0.25', at: new Date(Date.UTC(year, month - 1, 1)).toISOString() })
  const second = await example.run([...made, 'v1-take-2'], server.environment)
  expect(second.code).toBe(0)
  const alerts = second.err.trimEnd().split('\n')
  expect(alerts[0]).toContain('Budget "videos.daily" ')
  expect(alerts.slice(1)).toEqual([`Daily cost limit exceeded: ${day === 1 ? '$1.25' : '$1.00'} / $0.60`])
  expect(second.out).toContain(
    '{"video_id":"v1","costs_by_service":{"elevenlabs":0.84,"gemini":0.0022,"nanobanana":0.16},"total":1.0022}\n',
  )
  // 1.0022 and 0.25.
  expect(second.out).toContain(
    `{"year":${year},"month":${month},"costs_by_service":{"acme":0.25,"elevenlabs":0.84,"gemini":0.0022,"nanobanana":0.16},"total":1.2522}\n`,
  )
  const { out } = await example.purser('runs', 'report', '--by', 'video=v1', '--format', 'json')
  expect(JSON.parse(out)).toMatchObject({ run_count: 2, total_cost_usd: 1.0022, average_per_run_usd: 0.5011 })
  await expectVerified(example)
})
