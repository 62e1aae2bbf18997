import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { errorShape, priceAnswerShape, pricedShape } from '../../src/json/json-shapes.ts'
import { bin, newMachine } from './run-purser.ts'

const gpt4o = ['price', '--provider', 'openai', '--model', 'gpt-4o', '--usage', 'inputTokens=1000,outputTokens=200']

describe('price', () => {
  test('answers in the documented shape, line by line', async () => {
    // 1,000 × $2.50 / 1M = $0.0025; 200 × $10 / 1M = $0.002.
    const priced = await newMachine().json(pricedShape, gpt4o)
    expect(priced).toMatchObject({
      status: 'priced',
      costUsd: 0.0045,
      costNanos: '4500000',
      lines: [
        { meter: 'inputTokens', quantity: 1000, rateUsd: '2.5', per: 1_000_000, costNanos: '2500000' },
        { meter: 'outputTokens', quantity: 200, rateUsd: '10', per: 1_000_000, costNanos: '2000000' },
      ],
      card: { provider: 'openai', model: 'gpt-4o', origin: 'shipped' },
      match: 'exact',
    })
  })

  test('half price in a batch, at the time given', async () => {
    const args = [...gpt4o, '--at', '2026-02-20T00:00:00Z', '--service-tier', 'batch']
    expect(await newMachine().json(pricedShape, args)).toMatchObject({ costUsd: 0.00225, costNanos: '2250000' })
  })

  test('tells people the cost, how it is made up and where the price is from', async () => {
    const { out, code } = await newMachine().run(gpt4o)
    expect(code).toBe(0)
    expect(out).toMatch(/^\$0\.0045\n/)
    expect(out).toContain('1,000 × $2.5 / 1M tokens')
    expect(out).toContain('https://')
  })

  test('unpriced is null and no zero, and an error only with --strict', async () => {
    const machine = newMachine()
    const args = ['price', '--provider', 'acme', '--model', 'zeta-9', '--usage', 'inputTokens=5']
    expect(await machine.json(pricedShape, args)).toMatchObject({
      status: 'unpriced',
      costUsd: null,
      costNanos: null,
      card: null,
      match: null,
    })
    const strict = await machine.run([...args, '--strict'])
    expect(strict.code).toBe(3)
    expect(strict.err).toContain('zeta-9')
    expect(strict.err).toContain('input_per_million')
  })

  test('uses the prices of purser.yaml', async () => {
    const machine = newMachine()
    machine.write(
      'purser.yaml',
      'pricing:\n  last_updated: 2026-11-01\n  models:\n    zeta-9: { provider: acme, input_per_million: 3, output_per_million: 15 }\n',
    )
    // 1,000 × $3 / 1M + 200 × $15 / 1M = $0.006.
    const args = ['price', '--provider', 'acme', '--model', 'zeta-9', '--usage', 'inputTokens=1000,outputTokens=200']
    expect(await machine.json(pricedShape, args)).toMatchObject({ costNanos: '6000000', card: { origin: 'owner' } })
  })

  test('leaves no ledger behind', async () => {
    const machine = newMachine()
    await machine.run(gpt4o)
    expect((await machine.run(['costs'])).err).toContain('There is no ledger')
  })
})

test('prices are told where the ledger cannot be opened', async () => {
  const machine = newMachine()
  mkdirSync(join(machine.folder, 'spend.db'))
  const { code, out, err } = await machine.run([...gpt4o, '--db', 'spend.db'])
  expect(code).toBe(0)
  expect(out).toMatch(/^\$0\.0045\n/)
  expect(err).toMatch(/^warning: Prices of updates are not in force/)
})

describe('price --jsonl', () => {
  test('takes what lines leave out from its options, and passes over a byte order mark', async () => {
    const input = '\uFEFF{"usage":{"inputTokens":1000}}\n{"model":"gpt-4o-mini","usage":{"inputTokens":1000}}\n'
    const { code, out } = await newMachine().run(['price', '--jsonl', '--provider', 'openai', '--model', 'gpt-4o'], { input })
    expect(code).toBe(0)
    // $2.50 and $0.15 for a million.
    const lines = out.trimEnd().split('\n')
    expect(lines.map((line) => (JSON.parse(line) as { costNanos: string }).costNanos)).toEqual(['2500000', '150000'])
  })

  test('answers an empty line too, so that answers stay beside their questions', async () => {
    const input = '\n{"provider":"openai","model":"gpt-4o","usage":{"inputTokens":1000}}\n'
    const { code, out } = await newMachine().run(['price', '--jsonl'], { input })
    expect(code).toBe(2)
    const [first = '', second = ''] = out.trimEnd().split('\n')
    expect(errorShape.parse(JSON.parse(first)).error).toMatchObject({ line: 1, message: 'The line is empty.' })
    expect(pricedShape.parse(JSON.parse(second)).costNanos).toBe('2500000')
  })

  test('says that there were no lines', async () => {
    expect(await newMachine().run(['price', '--jsonl'], { input: '' })).toMatchObject({
      code: 0,
      err: expect.stringContaining('no lines') as string,
    })
  })

  test.skipIf(process.platform === 'win32')('refuses a standard input that is closed', () => {
    const { folder, env } = newMachine()
    const { status, stderr } = spawnSync('sh', ['-c', `"$0" "$1" price --jsonl <&-`, process.execPath, bin], {
      cwd: folder,
      env,
      encoding: 'utf8',
    })
    expect([status, stderr]).toEqual([2, expect.stringContaining('Standard input is closed')])
  })

  test('answers line by line in order, names bad lines and prices the others', async () => {
    const input = [
      '{"provider":"openai","model":"gpt-4o","usage":{"inputTokens":1000}}',
      'not json',
      '{"provider":"openai","api":"chat","body":{"model":"gpt-4o","usage":{"prompt_tokens":1000,"completion_tokens":200,"total_tokens":1200}}}',
      '{"provider":"openai","model":"gpt-4o","usage":{"inputTokenz":1}}',
      '{"provider":"openai","model":"gpt-4o","usage":{"inputTokens":1000},"at":"2026-02-20T00:00:00Z","serviceTier":"batch"}',
    ].join('\n')
    const { code, out } = await newMachine().run(['price', '--jsonl'], { input })
    expect(code).toBe(2)
    const answers = out
      .trimEnd()
      .split('\n')
      .map((line) => priceAnswerShape.parse(JSON.parse(line)))
    expect(answers.map((answer) => ('error' in answer ? [answer.error.line, answer.error.code] : answer.costNanos))).toEqual([
      '2500000',
      [2, 'PURSER_BAD_RECORD'],
      '4500000',
      [4, 'PURSER_UNKNOWN_METER'],
      '1250000',
    ])
    const { error } = errorShape.parse(answers[3])
    expect(error.message).toContain('Did you mean "inputTokens"?')
  })

  test('exits with 3 when a line has no price and --strict is given', async () => {
    const input = '{"provider":"acme","model":"zeta-9","usage":{"inputTokens":1}}\n'
    expect((await newMachine().run(['price', '--jsonl', '--strict'], { input })).code).toBe(3)
    expect((await newMachine().run(['price', '--jsonl'], { input })).code).toBe(0)
  })
})
