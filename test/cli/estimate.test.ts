import { beforeEach, describe, expect, test } from 'vitest'
import { comparisonShape, estimateShape, noHistoryShape } from '../../src/json/estimate-shapes.ts'
import { configShowShape } from '../../src/json/config-shapes.ts'
import { Purser } from '../../src/purser.ts'
import { done } from './gate-machine.ts'
import { type Machine, newMachine } from './run-purser.ts'

// Dollars a million tokens: small 1 in and 4 out, large 10 in and 40 out; $0.05 an image.
const yaml = `pricing:
  last_updated: 2026-11-01
  acme:
    small: { input_per_million: 1, output_per_million: 4 }
    large: { input_per_million: 10, output_per_million: 40 }
    painter: { per_image: 0.05 }
profiles:
  economy: { default: acme/small }
  quality: { default: acme/small, stages: { review: acme/large } }
profile: economy
`
const plan = `project: film
counts: { scenes: 40 }
calls:
  - { stage: extract, per: scene, input: 3000, output: 500 }
  - { stage: review, role: director, pass: refine, per: scene, input: 1000, output: 100 }
  - { stage: art, model: acme/painter, calls: 2, images: 3 }
`
let machine: Machine

beforeEach(() => {
  machine = newMachine()
  machine.write('purser.yaml', yaml)
  machine.write('plan.yaml', plan)
})

/** The lines of a table, with single spaces. */
const lines = (text: string): string[] => text.split('\n').map((line) => line.trim().replace(/\s+/g, ' '))

describe('an estimate of a plan', () => {
  // extract: 40 × (3,000 × $1 + 500 × $4) a million = $0.20; review: 40 × (1,000 × $1 + 100 × $4) = $0.056; art: 6 images, $0.30
  test('shows its parts and what they come to, where there is no ledger yet', async () => {
    const { code, out, err } = await machine.run(['estimate', 'plan.yaml'], { env: { COLUMNS: '120' } })
    expect([code, err]).toEqual([0, ''])
    expect(lines(out)).toEqual([
      'Estimate of plan.yaml, profile economy',
      '',
      'stage role pass model calls tokens cost',
      'extract acme/small 40 140K $0.20',
      'review director refine acme/small 40 44.0K $0.056',
      'art acme/painter 2 0 $0.30',
      '',
      'Total 82 184K $0.556',
      '',
    ])
  })

  test('puts a buffer on top, of the plan or of the command', async () => {
    const buffered = await machine.json(estimateShape, ['estimate', 'plan.yaml', '--buffer', '10%'])
    expect(buffered).toMatchObject({
      costNanos: '611600000',
      bufferPercent: 10,
      calls: 82,
      tokens: 184_000,
      profile: 'economy',
      isLowerBound: false,
    })
    expect(lines(await done(machine, ['estimate', 'plan.yaml', '--buffer', '10']))).toContain('+ 10% $0.6116')
    machine.write('buffered.yaml', `buffer: 50%\n${plan}`)
    expect(await machine.json(estimateShape, ['estimate', 'buffered.yaml'])).toMatchObject({ costNanos: '834000000' })
    expect(await machine.json(estimateShape, ['estimate', 'buffered.yaml', '--buffer', '0'])).toMatchObject({ costNanos: '556000000' })
  })

  test('is put side by side with several profiles', async () => {
    // review with the large model: 40 × (1,000 × $10 + 100 × $40) a million = $0.56
    const { code, out } = await machine.run(['estimate', 'plan.yaml', '--compare', 'economy,quality'], { env: { COLUMNS: '120' } })
    expect(code).toBe(0)
    expect(lines(out)).toEqual([
      'Estimate of plan.yaml',
      '',
      'stage economy quality',
      'extract $0.20 $0.20',
      'review $0.056 $0.56',
      'art $0.30 $0.30',
      '',
      'Total $0.556 $1.06',
      'to economy +$0.504 (+90.6%)',
      '',
      'The plan itself names the model of 1 of its 3 lines; they cost the same with each profile.',
      '',
    ])
    const compared = await machine.json(comparisonShape, ['estimate', 'plan.yaml', '--compare', 'economy', '--compare', 'quality'])
    expect(compared).toMatchObject({ names: ['economy', 'quality'], differenceNanos: ['0', '504000000'] })
    expect(compared.rows).toEqual([
      { stage: 'extract', costNanos: ['200000000', '200000000'], isLowerBound: [false, false] },
      { stage: 'review', costNanos: ['56000000', '560000000'], isLowerBound: [false, false] },
      { stage: 'art', costNanos: ['300000000', '300000000'], isLowerBound: [false, false] },
    ])
  })

  test('names models that nobody has a price for, leaves them out, and exits with 3', async () => {
    machine.write('plan.yaml', `${plan}  - { stage: dub, model: acme/smal, calls: 4, input: 10 }\n`)
    const { code, out } = await machine.run(['estimate', 'plan.yaml'], { env: { COLUMNS: '120' } })
    expect(code).toBe(3)
    expect(lines(out)).toContain('dub acme/smal 4 40 unpriced')
    expect(lines(out)).toContain('Total 86 184K ≥ $0.556')
    expect(out).toContain('Left out: 4 calls of stage dub. No price is known for the model "acme/smal". Nearest known: acme/small.')
    const json = await machine.run(['estimate', 'plan.yaml', '--json'])
    expect([json.code, json.err]).toEqual([3, ''])
    expect(estimateShape.parse(JSON.parse(json.out))).toMatchObject({
      costNanos: '556000000',
      isLowerBound: true,
      unpriced: [{ stage: 'dub', provider: 'acme', model: 'smal', calls: 4 }],
    })
    const compared = await machine.run(['estimate', 'plan.yaml', '--compare', 'economy,quality', '--json'])
    expect(compared.code).toBe(3)
    expect(comparisonShape.parse(JSON.parse(compared.out)).rows.at(-1)).toEqual({
      stage: 'dub',
      costNanos: [null, null],
      isLowerBound: [true, true],
    })
  })

  test('calls nothing a saving that has no price', async () => {
    machine.write('purser.yaml', yaml.replace('profiles:', 'profiles:\n  cheapest: { default: acme/nobody }'))
    // 1,000 × $1 + 500 × $4 a million = $0.003 with economy
    machine.write('short.yaml', 'calls:\n  - { stage: extract, input: 1000, output: 500 }\n')
    const compare = ['estimate', 'short.yaml', '--compare', 'economy,cheapest,quality']
    const { code, out } = await machine.run(compare, { env: { COLUMNS: '120' } })
    expect(code).toBe(3)
    expect(lines(out)).toEqual(
      expect.arrayContaining([
        'stage economy cheapest quality',
        'extract $0.003 unpriced $0.003',
        'Total $0.003 ≥ $0.00 $0.003',
        'to economy unknown $0.00 (0.0%)',
        'unknown: no price for calls of acme/nobody, so nobody knows how far that is from economy.',
      ]),
    )
    const { out: json } = await machine.run([...compare, '--json'])
    expect(comparisonShape.parse(JSON.parse(json)).differenceNanos).toEqual(['0', null, '0'])
    const first = await machine.run(['estimate', 'short.yaml', '--compare', 'cheapest,economy', '--json'])
    expect(comparisonShape.parse(JSON.parse(first.out)).differenceNanos).toEqual([null, null])
  })

  test('marks what has no price in part as more than it says', async () => {
    machine.write('plan.yaml', 'calls:\n  - { stage: art, model: acme/small, input: 1000000, images: 2 }\n')
    const { code, out } = await machine.run(['estimate', 'plan.yaml'], { env: { COLUMNS: '120' } })
    expect(code).toBe(3)
    expect(lines(out)).toContain('art acme/small 1 1.00M ≥ $1.00')
    expect(out).toContain('Left out: 1 call of stage art. Its card has no rate for images; the rest is counted.')
  })

  test('reads JSON, and standard input', async () => {
    const calls = [{ model: 'acme/small', input: 1_000_000 }]
    machine.write('plan.json', JSON.stringify({ calls }))
    expect(await machine.json(estimateShape, ['estimate', 'plan.json'])).toMatchObject({ costNanos: '1000000000', profile: null })
    expect(await machine.json(estimateShape, ['estimate', '-'], { input: JSON.stringify({ calls }) })).toMatchObject({
      costNanos: '1000000000',
    })
  })

  test('is kept with a run to come', async () => {
    const { err, out } = await machine.run(['estimate', 'plan.yaml', '--save', 'film-42', '--label', 'episode=7'])
    expect(err).toContain('A new ledger is created')
    expect(out).toContain('It is kept with run film-42.')
    expect(await machine.json(estimateShape, ['estimate', 'plan.yaml', '--buffer', '10', '--save', 'film-42'])).toMatchObject({
      saved: 'film-42',
    })
  })
})

test('a kept estimate leaves the profile to the run, unless the command or the plan names one', async () => {
  await done(machine, ['estimate', 'plan.yaml', '--save', 'in-force'])
  await done(machine, ['estimate', 'plan.yaml', '--profile', 'quality', '--save', 'by-option'])
  machine.write('own.yaml', `profile: quality\n${plan}`)
  await done(machine, ['estimate', 'own.yaml', '--save', 'by-plan'])
  const { db } = await machine.json(configShowShape, ['config', 'show'])
  const purser = await Purser.open({ db })
  const kept = async (id: string) => {
    const run = await purser.runs.get(id)
    return [run?.estimate?.profile, run?.profile]
  }
  expect([await kept('in-force'), await kept('by-option'), await kept('by-plan')]).toEqual([
    ['economy', null],
    ['quality', 'quality'],
    ['quality', 'quality'],
  ])
  await purser.close()
})

describe('a plan that is wrong is refused with its place', () => {
  test.each([
    [
      'plan.yaml',
      'calls:\n  - { stage: a, model: acme/small, inptu: 3 }\n',
      'plan.yaml:2:36: calls[1].inptu is not a key that purser knows; did you mean "input"?',
    ],
    ['plan.yaml', 'calls:\n  - { stage: a, input: 3\n', 'plan.yaml:3:1: '],
    ['plan.yaml', 'calls: []\n', 'plan.yaml:1:1: calls is []; it must be a list of calls'],
    ['plan.json', '{ "calls": [ { "input": "x" } ] }', 'plan.json:1:16: calls[1].input is "x"; it must be a whole number'],
    ['plan.json', '{ "calls": ', 'plan.json:1:'],
    ['plan.yaml', '', 'plan.yaml:1:1: The plan is null; it must be a plan'],
  ])('%s %#', async (name, text, message) => {
    machine.write(name, text)
    const { code, out, err } = await machine.run(['estimate', name])
    expect([code, out]).toEqual([2, ''])
    expect(err).toContain(message)
  })

  test.each([
    [['nowhere.yaml'], 'The plan nowhere.yaml cannot be read'],
    [[], 'Say what to estimate from: a plan, like plan.yaml, or --history, or --run'],
    [['plan.yaml', '--history'], 'Estimate from one thing at a time'],
    [['plan.yaml', '--stage', 'x'], '--stage goes with --history.'],
    [['--history', '--compare', 'economy'], '--compare goes with a plan or --run.'],
    [['plan.yaml', '--models', 'a=b'], '--models goes with --run.'],
    [['plan.yaml', '--compare', 'economy', '--save', 'r'], '--save does not go with --compare, which makes several estimates.'],
    [['plan.yaml', '--compare', 'economy', '--profile', 'quality'], '--profile does not go with --compare'],
    [['plan.yaml', '--label', 'a=b'], '--label goes with --save.'],
    [['--run', 'r'], '--run needs other models'],
    [['plan.yaml', '--buffer', '0.1'], 'The buffer is "0.1"; it must be a percent from 1 to 1000'],
    [['plan.yaml', '--profile', 'qualty'], 'There is no profile "qualty" (did you mean "quality"?).'],
    [['plan.yaml', '--compare', 'economy,cheep'], 'There is no profile "cheep"'],
  ])('options %o', async (args, message) => {
    const { code, err } = await machine.run(['estimate', ...args])
    expect(code).toBe(2)
    expect(err).toContain(message)
  })
})

describe('an estimate by the past', () => {
  const costing = (run: string, stage: string, cost: string): string[] => {
    const labels = ['project=film', `run=${run}`, `stage=${stage}`].flatMap((label) => ['--label', label])
    return ['record', '--provider', 'acme', '--model', 'upscaler', '--cost', cost, ...labels]
  }

  test('says what such runs cost, and with too few that it cannot', async () => {
    for (const [run, cost] of [
      ['r1', '1.00'],
      ['r2', '2.00'],
    ] as const)
      await done(machine, costing(run, 'extract', cost))
    const few = await machine.run(['estimate', '--history', '--project', 'film', '--json'])
    expect(few.code).toBe(3)
    expect(noHistoryShape.parse(JSON.parse(few.out))).toEqual({
      source: 'history',
      costUsd: null,
      samples: 2,
      leftOut: 0,
      message: 'Only 2 such runs have ended; an estimate by the past takes 3.',
    })
    await done(machine, costing('r3', 'extract', '4.00'))
    await done(machine, costing('r3', 'review', '0.50'))
    // Runs of 1.00, 2.00 and 4.50
    const { code, out } = await machine.run(['estimate', '--history', '--project', 'film', '--buffer', '10'], { env: { COLUMNS: '120' } })
    expect(code).toBe(0)
    expect(lines(out)).toEqual([
      'What film cost before',
      '',
      'stage runs half at most 9 of 10 at most',
      'extract 3 $2.00 $4.00',
      '',
      'A run 3 $2.00 $4.50',
      '+ 10% $2.20',
      '',
    ])
    const stage = await machine.json(estimateShape, ['estimate', '--history', '--project', 'film', '--stage', 'extract'])
    expect(stage).toMatchObject({
      costNanos: '2000000000',
      quantiles: { p50Usd: 2, p90Usd: 4, samples: 3 },
      stages: [{ stage: 'extract', samples: 3 }],
    })
  })
})

describe('an estimate of a past run under other models', () => {
  test('prices its calls anew, and says what it cost', async () => {
    const usage = ['--usage', 'inputTokens=1000000', '--label', 'run=r1', '--label', 'stage=review']
    await done(machine, ['record', '--provider', 'acme', '--model', 'small', ...usage])
    // A million tokens: $1 with the small model, $10 with the large one.
    const { code, out } = await machine.run(['estimate', '--run', 'r1', '--models', 'small=acme/large'], { env: { COLUMNS: '120' } })
    expect(code).toBe(0)
    expect(lines(out).slice(0, 6)).toEqual([
      'Run r1 with other models',
      '',
      'stage model calls tokens cost',
      'review acme/large 1 1.00M $10.00',
      '',
      'Total 1 1.00M $10.00',
    ])
    expect(out).toContain('It cost $1.00. Tokens are those that it used; other models count them differently.')
    expect(await machine.json(estimateShape, ['estimate', '--run', 'r1', '--profile', 'quality'])).toMatchObject({
      source: 'repriced',
      costUsd: 10,
      actual: { costUsd: 1, unpricedCalls: 0, planCalls: 0 },
    })
    const compared = await machine.json(comparisonShape, ['estimate', '--run', 'r1', '--compare', 'economy,quality'])
    expect(compared).toMatchObject({ differenceNanos: ['0', '9000000000'], actual: { costUsd: 1 } })
    const unknown = await machine.run(['estimate', '--run', 'r1', '--models', 'small=acme/nobody'])
    expect([unknown.code, lines(unknown.out)]).toEqual([3, expect.arrayContaining(['Total 1 1.00M ≥ $0.00'])])
    const none = await machine.run(['estimate', '--run', 'r2', '--profile', 'quality'])
    expect([none.code, none.err]).toEqual([2, 'purser: No call of the ledger carries the run "r2".\n'])
  })
})
