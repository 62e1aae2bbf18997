import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { grantShape, holdOutcomeShape } from '../../src/json/gate-shapes.ts'
import { catalogListShape, chargeShape, costsShape, errorShape, importShape, warningShape } from '../../src/json/json-shapes.ts'
import { costing, denied, done, granted, holdsOf, statusOf } from './gate-machine.ts'
import { type Machine, newMachine } from './run-purser.ts'

/** A machine whose ledger has one strict budget of $5.00. */
async function limited(...more: readonly string[]): Promise<Machine> {
  const machine = newMachine()
  await done(machine, ['budgets', 'set', 'all', '--limit', '5', '--window', 'total', ...more])
  return machine
}

const hold = (machine: Machine, ...args: readonly string[]) => machine.json(holdOutcomeShape, ['hold', ...args])

describe('hold reserve', () => {
  test('grants what fits, exactly, and denies one nano more with the figures and exit code 4', async () => {
    const machine = await limited('--each', 'project')
    const before = Date.now()
    const grant = await granted(machine, ['--amount', '4.999999999', '--label', 'project=a', '--ttl', '60s', '--id', 'call-1'])
    expect(grant).toMatchObject({ granted: true, id: 'call-1', warnings: [] })
    expect(Date.parse(grant.expiresAt) - before).toBeGreaterThanOrEqual(60_000)
    expect(Date.parse(grant.expiresAt) - before).toBeLessThan(90_000)
    expect(await denied(machine, ['--amount', '0.000000002', '--label', 'project=a'])).toMatchObject({
      kind: 'contended',
      budget: 'all',
      metric: 'cost',
      scope: { project: 'a' },
      limit: '5000000000',
      spent: '0',
      held: '4999999999',
      presumed: '0',
      asked: '2',
      resetsAt: null,
      also: [],
    })
    await granted(machine, ['--amount', '0.000000001', '--label', 'project=a'])
    await granted(machine, ['--amount', '5', '--label', 'project=b'])
    expect(await denied(machine, ['--amount', '5.01'])).toMatchObject({ kind: 'never-fits', scope: {}, retryAfterMs: null })
  })

  test('says in words what it holds, and why it is denied', async () => {
    const machine = await limited()
    expect(await done(machine, ['hold', 'reserve', '--amount', '$2', '--id', 'x', '--tokens', '8k'])).toMatch(
      /^x {2}\$2\.00, 8,000 tokens held until .*, for 10 min\n$/,
    )
    const { code, out, err } = await machine.run(['hold', 'reserve', '--amount', '4'])
    expect([code, out]).toEqual([4, ''])
    expect(err).toContain('denied: Budget "all" has no room for $4.00 while other calls hold theirs: $0.00 spent, $2.00 held of $5.00.')
    expect(err).toContain('`purser why`')
  })

  test('the same id gets the same grant; with other content it is refused', async () => {
    const machine = await limited()
    const args = ['--amount', '3', '--id', 'a', '--label', 'project=a']
    expect(await granted(machine, args)).toEqual(await granted(machine, args))
    expect(await statusOf(machine)).toMatchObject([{ held: '3000000000' }])
    const { code, err } = await machine.run(['hold', 'reserve', '--amount', '2', '--id', 'a', '--label', 'project=a', '--json'])
    expect(code).toBe(2)
    expect(errorShape.parse(JSON.parse(err)).error).toMatchObject({
      code: 'PURSER_ID_CONFLICT',
      message: expect.stringContaining('another amount: $3.00, 1 call, 1 place then, $2.00, 1 call, 1 place now.'),
    })
  })

  test('a request tells by itself what it can cost at most, and is shortened until it fits', async () => {
    const machine = await limited()
    const message = (role: string, content: string) => ({ role, content })
    const messages = [message('system', 'You are terse.'), message('user', 'Hello there')]
    machine.write('request.json', JSON.stringify({ model: 'gpt-4o', max_tokens: 100, service_tier: 'default', messages }))
    const args = ['--provider', 'openai', '--api', 'chat', '--request', 'request.json']
    expect(await granted(machine, [...args, '--id', 'r'])).toMatchObject({ maxOutputTokens: 100 })
    // The chat of docs/guide/bounds.md: 313 × $2.50 and 100 × $10 a million.
    expect(await holdsOf(machine)).toMatchObject([{ asked: { cost: '1782500', tokens: '413' }, model: 'gpt-4o' }])
    const { revision } = await machine.json(catalogListShape, ['catalog', 'list'])
    expect((await holdsOf(machine))[0]?.catalog).toBe(revision)
    await done(machine, ['budgets', 'set', 'all', '--limit', '0.003'])
    expect(await denied(machine, args)).toMatchObject({ kind: 'contended', asked: '1782500', room: '1217500' })
    // What is left after the prompt buys 43.5 tokens at $10 a million.
    expect(await granted(machine, [...args, '--shrink'])).toMatchObject({ maxOutputTokens: 43 })
    expect((await machine.run(['why', ...args])).code).toBe(4)
    expect((await machine.run(['hold', 'reserve', '--provider', 'openai', '--request', 'request.json'])).err).toContain('--api is missing')
  })

  test('a call that nobody can bound is refused by a hard budget', async () => {
    expect(await denied(await limited(), ['--label', 'project=a'])).toMatchObject({ kind: 'unbounded', asked: null })
  })

  test('a plan-covered call asks nothing of a budget that does not count plans', async () => {
    const machine = await limited()
    await granted(machine, ['--amount', '50', '--basis', 'plan'])
    expect(await statusOf(machine)).toMatchObject([{ held: '0' }])
  })

  test('of a soft budget over its limit is granted with a warning', async () => {
    const machine = await limited('--mode', 'soft')
    const { warnings } = await granted(machine, ['--amount', '6'])
    expect(warnings).toMatchObject([{ budget: 'all', limit: '5000000000', asked: '6000000000', held: '0' }])
    const { code, err } = await machine.run(['hold', 'reserve', '--amount', '1'])
    expect(code).toBe(0)
    expect(err).toBe('⚠ warning: Budget "all" is passed: $0.00 spent, $6.00 held, $1.00 more of $5.00. It only warns.\n')
  })

  test('of a soft budget that has room says that a call without a bound may pass it', async () => {
    const machine = await limited('--mode', 'soft')
    const { err } = await machine.run(['hold', 'reserve'])
    expect(err).toContain(
      'Budget "all" may be passed: $0.00 spent, $0.00 held of $5.00, and the cost of this call cannot be bounded. It only warns.\n',
    )
  })

  test('says where no budget applies, and that a ledger was created', async () => {
    const machine = newMachine()
    const first = await machine.run(['hold', 'reserve', '--amount', '1', '--label', 'project=a', '--json', '--db', 'typo.db'])
    expect(grantShape.parse(JSON.parse(first.out))).toMatchObject({ granted: true, warnings: [] })
    const remarks = first.err
      .trim()
      .split('\n')
      .map((line) => warningShape.parse(JSON.parse(line)).warning.message)
    expect(remarks).toEqual([
      expect.stringMatching(/^A new ledger is created: .*typo\.db$/),
      expect.stringMatching(/^no budget applies to these labels: nothing limits this call\..*typo\.db/),
    ])
    await done(machine, ['budgets', 'set', 'b', '--limit', '5', '--window', 'total', '--where', 'project=b'])
    expect((await machine.run(['hold', 'reserve', '--amount', '1', '--label', 'project=a'])).err).toMatch(
      /^no budget applies to these labels/,
    )
    expect((await machine.run(['hold', 'reserve', '--amount', '1', '--label', 'project=b'])).err).toBe('')
  })

  test('waits while other holds are in the way', async () => {
    const machine = await limited()
    await granted(machine, ['--amount', '5', '--id', 'first'])
    const waiting = machine.run(['hold', 'reserve', '--amount', '1', '--wait', '20s', '--json'])
    await sleep(300)
    await hold(machine, 'release', 'first')
    expect(grantShape.parse(JSON.parse((await waiting).out)).granted).toBe(true)
  })

  test('of ten processes that ask at once for a fifth of the limit, five get it', async () => {
    const machine = await limited()
    const answers = await Promise.all(Array.from({ length: 10 }, () => machine.run(['hold', 'reserve', '--amount', '1', '--json'])))
    expect(answers.map(({ code }) => code).toSorted((a, b) => (a ?? 0) - (b ?? 0))).toEqual([0, 0, 0, 0, 0, 4, 4, 4, 4, 4])
    expect(await statusOf(machine)).toMatchObject([{ held: '5000000000', spent: '0' }])
  })

  test.each([
    [['--amount', 'much'], '--amount is "much"; it must be dollars of 0 or more'],
    [['--tokens', '1.5'], '--tokens is "1.5"; it must be a whole number of tokens'],
    [['--ttl', '5 minutes'], '--ttl: "5 minutes" is no span of time'],
    [['--amount', '1', '--basis', 'gratis'], '--basis is "gratis"; it must be one of metered, plan, free'],
    [['--amount', '1', '--ttl', '0s'], '--ttl is 0s: a hold that lives no time holds nothing'],
    [['--amount', '1', '--expected', '1.01'], '--expected is $1.01, above the most that the call can cost, $1.00'],
    [['--amount', '1', '--shrink'], '--shrink needs --request'],
    [['--amount', '1', '--api', 'chat'], '--api needs --request'],
    [['--label', 'project'], '--label takes key=value'],
    [['--amount', '1', '--ttl', '500d'], 'lives from 1 millisecond to 400 days'],
  ])('refuses %j', async (args, words) => {
    const { code, err } = await newMachine().run(['hold', 'reserve', ...args])
    expect(code).toBe(2)
    expect(err).toContain(words)
  })
})

describe('the end of a hold', () => {
  test('settle books the call under its labels and gives the rest back', async () => {
    const machine = await limited()
    await granted(machine, ['--amount', '2', '--label', 'project=a', '--id', 'h', '--provider', 'openai', '--model', 'gpt-4o'])
    const settled = await hold(machine, 'settle', 'h', '--usage', 'inputTokens=1000,outputTokens=200')
    expect(settled).toMatchObject({ state: 'settled', costNanos: '4500000', costUsd: 0.0045, overrun: [] })
    expect(await hold(machine, 'settle', 'h', '--usage', 'inputTokens=1000,outputTokens=200')).toEqual(settled)
    const costs = await machine.json(costsShape, ['costs', '--by', 'project,model'])
    expect(costs.rows).toMatchObject([{ project: 'a', model: 'gpt-4o', calls: 1 }])
    expect(await statusOf(machine)).toMatchObject([{ spent: '4500000', held: '0' }])
    const again = await machine.run(['hold', 'settle', 'h', '--cost', '1', '--id', 'another'])
    expect(again.code).toBe(2)
    expect(again.err).toContain('is settled and cannot be settled')
  })

  test('settle --partial keeps the rest held; a body and a stated cost do as well as a usage', async () => {
    const machine = await limited()
    machine.write(
      'response.json',
      '{"id":"chatcmpl-1","model":"gpt-4o","usage":{"prompt_tokens":1000,"completion_tokens":200,"total_tokens":1200}}',
    )
    await granted(machine, ['--amount', '2', '--id', 'h'])
    const body = ['--provider', 'openai', '--api', 'chat', '--body', 'response.json']
    expect(await hold(machine, 'settle', 'h', '--partial', ...body)).toMatchObject({ state: 'open', charge: 'openai:chatcmpl-1' })
    expect(await statusOf(machine)).toMatchObject([{ spent: '4500000', held: '1995500000' }])
    const said = await done(machine, ['hold', 'settle', 'h', '--cost', '0.5', '--provider', 'acme', '--model', 'upscaler'])
    expect(said).toBe('h  settled\n  acme.upscaler = $0.50 (stated)\n')
    expect(await statusOf(machine)).toMatchObject([{ spent: '504500000', held: '0' }])
  })

  test('a call that cost more than was held is booked, and flagged', async () => {
    const machine = await limited()
    await granted(machine, ['--amount', '2', '--id', 'h'])
    const { code, err } = await machine.run(['hold', 'settle', 'h', '--cost', '6'])
    expect(code).toBe(0)
    expect(err).toContain('the call took $4.00 more of budget "all" than was held for it')
    expect(await statusOf(machine)).toMatchObject([{ level: 'over', overLimit: { by: '1000000000', cause: 'overrun' } }])
  })

  test('what was cut is settled as an estimate, and the rest stays presumed in a strict budget', async () => {
    const machine = await limited()
    await granted(machine, ['--amount', '2', '--id', 'h'])
    const { charge } = await hold(machine, 'settle', 'h', '--cost', '0.5', '--outcome', 'cut')
    expect(await statusOf(machine)).toMatchObject([{ spent: '500000000', held: '0', presumed: '1500000000' }])
    const again = await machine.run(['hold', 'settle', 'h', '--cost', '0.8'])
    expect([again.code, again.err]).toEqual([
      2,
      expect.stringContaining('A call is booked under the hold "h" already, with other figures.'),
    ])
    expect(again.err).toContain('`purser hold resolve h --cost USD` says what the rest cost')
    expect(await done(machine, ['hold', 'list'])).toMatch(/^h +presumed +\(none\) +\$1\.50 +\$0\.50 .* cut$/m)
    const exported = (await machine.run(['export'])).out.trim()
    expect(chargeShape.parse(JSON.parse(exported))).toMatchObject({ id: charge, estimated: true, outcome: 'cut', hold: 'h' })
  })

  test('release gives everything back, and extend keeps it alive', async () => {
    const machine = await limited()
    const { expiresAt } = await granted(machine, ['--amount', '2', '--id', 'h', '--ttl', '60s'])
    const extended = await hold(machine, 'extend', 'h', '--ttl', '2h')
    expect(Date.parse(extended.expiresAt) - Date.parse(expiresAt)).toBeGreaterThan(60 * 60 * 1000)
    expect(await hold(machine, 'release', 'h')).toMatchObject({ state: 'released', charge: null })
    expect(await statusOf(machine)).toMatchObject([{ spent: '0', held: '0', presumed: '0' }])
    const { code, err } = await machine.run(['hold', 'extend', 'h', '--ttl', '1h'])
    expect(code).toBe(2)
    expect(err).toContain('is released and cannot be extended')
    expect((await machine.run(['hold', 'release', 'nope'])).err).toContain('There is no hold "nope"')
  })

  test('that has ended is not granted again, and one for no call is refused', async () => {
    const machine = newMachine()
    await done(machine, ['hold', 'reserve', '--amount', '1', '--id', 'a'])
    await done(machine, ['hold', 'release', 'a'])
    expect(await machine.run(['hold', 'reserve', '--amount', '1', '--id', 'a'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('The hold "a" was granted before and is released; it is not granted twice.'),
    })
    expect((await machine.run(['hold', 'reserve', '--amount', '1', '--calls', '0'])).err).toContain('A hold is for one call at least')
    expect((await machine.run(['hold', 'extend', 'a', '--ttl', '4000d'])).err).toContain('from 1 millisecond to 400 days')
  })

  test('one that runs out is presumed spent until it is resolved', async () => {
    const machine = await limited()
    for (const id of ['a', 'b', 'c']) await granted(machine, ['--amount', '1', '--id', id, '--ttl', '1ms'])
    await granted(machine, ['--amount', '1', '--id', 'open'])
    expect((await holdsOf(machine)).map(({ id, state }) => [id, state])).toEqual([
      ['a', 'presumed'],
      ['b', 'presumed'],
      ['c', 'presumed'],
      ['open', 'open'],
    ])
    expect(await done(machine, ['hold', 'list'])).toMatch(/^a +presumed +\(none\) +\$1\.00/m)
    expect(await hold(machine, 'resolve', 'a', '--not-sent')).toMatchObject({ state: 'released' })
    expect(await hold(machine, 'resolve', 'b', '--cost', '0.25')).toMatchObject({ state: 'settled', costNanos: '250000000' })
    expect(await hold(machine, 'settle', 'c', '--cost', '0.50')).toMatchObject({ state: 'settled' })
    expect(await statusOf(machine)).toMatchObject([{ spent: '750000000', held: '1000000000', presumed: '0' }])
    expect((await machine.run(['hold', 'resolve', 'open', '--not-sent'])).err).toContain('is open: settle or release it')
    expect((await machine.run(['hold', 'resolve', 'open'])).err).toContain('Say either what is left came to')
    for (const answer of [['--not-sent'], ['--cost', '0.75']]) {
      const again = await machine.run(['hold', 'resolve', 'b', ...answer])
      expect([again.code, again.err]).toEqual([2, expect.stringContaining('What is left of the hold "b" was said before: $0.25.')])
    }
    expect(await hold(machine, 'resolve', 'b', '--cost', '0.25')).toMatchObject({ state: 'settled', costNanos: '250000000' })
    expect((await machine.run(['hold', 'resolve', 'c', '--cost', '0.5'])).err).toContain(
      'The hold "c" is settled: what it came to is booked',
    )
  })
})

describe('what is said of a hold more than once, or by somebody else', () => {
  test('a cost of a call without a price is its cost, and a price of later does not count it twice', async () => {
    const machine = await limited()
    await granted(machine, ['--amount', '1', '--id', 'u1'])
    const call = ['--usage', 'inputTokens=1000', '--provider', 'acme', '--model', 'nobody']
    const settled = await machine.run(['hold', 'settle', 'u1', ...call])
    expect(settled.err).toContain('say what it cost: `purser hold resolve u1 --cost USD`')
    expect(await done(machine, ['hold', 'resolve', 'u1', '--cost', '0.5'])).toBe('u1  settled\n  acme.nobody = $0.50 (stated)\n')
    machine.write('purser.yaml', 'pricing:\n  models:\n    nobody: { provider: acme, input_per_million: 500, output_per_million: 500 }\n')
    await done(machine, ['reprice', '--apply'])
    expect(await statusOf(machine)).toMatchObject([{ spent: '500000000', presumed: '0', unpricedCalls: 0 }])
    const costs = await machine.json(costsShape, ['costs'])
    expect(costs.rows).toMatchObject([{ calls: 1, costNanos: '500000000' }])
  })

  test('tokens that were missing are told beside a cost that is known', async () => {
    const machine = newMachine()
    await done(machine, ['budgets', 'set', 'tokens', '--metric', 'tokens', '--limit', '10k', '--window', 'day'])
    await granted(machine, ['--amount', '1', '--tokens', '3k', '--id', 't1'])
    const { err } = await machine.run(['hold', 'settle', 't1', '--cost', '0.4', '--provider', 'acme', '--model', 'up'])
    expect(err).toContain('`purser hold resolve t1 --usage inputTokens=…` says what it used')
    const wrong = await machine.run(['hold', 'resolve', 't1', '--cost', '0.1'])
    expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining('Say what they used (--usage inputTokens=…). Nothing was booked.')])
    for (const _ of [1, 2]) {
      const told = await done(machine, ['hold', 'resolve', 't1', '--usage', 'inputTokens=1000'])
      expect(told).toBe('t1  settled\n  acme.up + inputTokens=1000\n')
    }
  })

  test('a settlement that an import told otherwise says what, and one under the id of another call is refused', async () => {
    const machine = await limited()
    const call = { provider: 'acme', model: 'up', costUsd: 0.4, at: '2026-03-10T10:00:00Z' }
    const lines = [
      { ...call, id: 'r1' },
      { ...call, id: 'r2', hold: 'nope' },
    ].map((each) => JSON.stringify(each))
    machine.write('calls.jsonl', `${lines.join('\n')}\n`)
    const imported = await machine.json(importShape, ['import', 'jsonl', 'calls.jsonl'])
    expect(imported).toMatchObject({ booked: 2, unknownHolds: 1 })
    await granted(machine, ['--amount', '1', '--id', 'h1'])
    const settled = await machine.run(['hold', 'settle', 'h1', '--id', 'r1', '--cost', '0.9', '--provider', 'acme', '--model', 'up'])
    expect(settled.code).toBe(0)
    expect(settled.err).toContain('the call was imported before as r1, with another statedNanos. That charge stands')
    await done(machine, ['record', '--id', 'X', '--provider', 'acme', '--model', 'up', '--cost', '0.01'])
    await granted(machine, ['--amount', '1', '--id', 'h2'])
    const taken = await machine.run(['hold', 'settle', 'h2', '--id', 'X', '--cost', '0.9', '--provider', 'other', '--model', 'zzz'])
    expect([taken.code, taken.err]).toEqual([2, expect.stringContaining('booked already with another provider: "acme" then, "other" now')])
    const own = await machine.run(['record', '--id', 'hold:h2', '--provider', 'acme', '--model', 'up', '--cost', '0.4'])
    expect([own.code, own.err]).toEqual([2, expect.stringContaining("the form of the id of a hold's own charge")])
  })

  test('a hold for what a plan covers is settled so, and a call that is paid for is told', async () => {
    const machine = await limited()
    for (const id of ['pl', 'paid']) await granted(machine, ['--amount', '100', '--basis', 'plan', '--id', id])
    const covered = await machine.run(['hold', 'settle', 'pl', '--cost', '50', '--provider', 'a', '--model', 'b'])
    expect(covered.err).toBe('')
    expect(await statusOf(machine)).toMatchObject([{ spent: '0' }])
    const paid = await machine.run(['hold', 'settle', 'paid', '--cost', '50', '--basis', 'metered', '--provider', 'a', '--model', 'b'])
    expect(paid.err).toContain('the hold was for calls that a plan covers, and set no money aside; this call is booked as paid for')
  })
})

describe('parts of a hold', () => {
  test('are taken out of it, may add labels, and give their rest back to it', async () => {
    const machine = await limited()
    await granted(machine, ['--amount', '2', '--label', 'run=42', '--id', 'run'])
    const part = await machine.json(grantShape, ['hold', 'split', 'run', '--amount', '0.5', '--label', 'stage=draft', '--id', 'part'])
    expect(part.id).toBe('part')
    expect(await holdsOf(machine)).toMatchObject([
      { id: 'run', left: { cost: '1500000000' } },
      { id: 'part', parent: 'run', labels: { run: '42', stage: 'draft' }, asked: { cost: '500000000' } },
    ])
    await hold(machine, 'settle', 'part', '--cost', '0.2')
    expect(await holdsOf(machine)).toMatchObject([{ id: 'run', left: { cost: '1800000000' } }])
    expect(await statusOf(machine)).toMatchObject([{ spent: '200000000', held: '1800000000' }])
    const nameless = await machine.run(['hold', 'split', '--amount', '1'])
    expect([nameless.code, nameless.err]).toEqual([2, expect.stringContaining('Say which hold to split, as in `purser hold split run-42')])
    const short = await machine.run(['hold', 'split', 'run', '--amount', '1.9'])
    expect(short.code).toBe(4)
    expect(short.err).toContain('The hold "run" has $1.80 left of $2.00, and $1.90 is asked')
  })
})

describe('parts that are asked for as holds are', () => {
  test('are as many calls as their hold was asked for, and any number where none was said', async () => {
    const machine = newMachine()
    const one = (from: string) => machine.run(['hold', 'split', from, '--amount', '0.1', '--calls', '1'])
    await granted(machine, ['--amount', '1', '--calls', '2', '--id', 'two'])
    for (const _ of [1, 2]) expect((await one('two')).code).toBe(0)
    const third = await one('two')
    expect([third.code, third.err]).toEqual([4, expect.stringContaining('The hold "two" has 0 calls left of 2 calls, and 1 call is asked')])
    await granted(machine, ['--amount', '1', '--id', 'plain'])
    for (const _ of [1, 2, 3]) expect((await one('plain')).code).toBe(0)
  })

  test('take calls, tokens and expectations', async () => {
    const machine = newMachine()
    await done(machine, ['budgets', 'set', 'calls', '--metric', 'calls', '--limit', '10', '--window', 'total'])
    await done(machine, ['budgets', 'set', 'tokens', '--metric', 'tokens', '--limit', '10k', '--window', 'total'])
    await done(machine, [
      'budgets',
      'set',
      'a',
      '--limit',
      '5',
      '--window',
      'total',
      '--mode',
      'adaptive',
      '--tolerance',
      '1',
      '--where',
      'stage=a',
    ])
    await granted(machine, ['--amount', '2', '--tokens', '8k', '--calls', '5', '--id', 'run'])
    const asked = ['--amount', '1', '--expected', '0.25', '--tokens', '3k', '--calls', '2', '--label', 'stage=a', '--id', 'part']
    await machine.json(grantShape, ['hold', 'split', 'run', ...asked])
    expect(await holdsOf(machine)).toMatchObject([
      { id: 'run', left: { cost: '1000000000', tokens: '5000', calls: '3' } },
      { id: 'part', left: { cost: '1000000000', tokens: '3000', calls: '2' } },
    ])
    expect(await statusOf(machine)).toMatchObject([{ held: '5' }, { held: '8000' }, { held: '1000000000', expected: '250000000' }])
    const help = await done(machine, ['hold', 'split', '--help'], { env: { COLUMNS: '300' } })
    for (const option of ['--calls', '--tokens', '--expected', '--request', '--api', '--shrink', '--provider', '--wait'])
      expect(help).toContain(option)
  })

  test('are bounded by their request', async () => {
    const machine = await limited()
    const body = { model: 'gpt-4o', max_tokens: 100, service_tier: 'default', messages: [{ role: 'user', content: 'Hello' }] }
    machine.write('request.json', JSON.stringify(body))
    await granted(machine, ['--amount', '0.001', '--id', 'run'])
    const request = ['--provider', 'openai', '--api', 'chat', '--request', 'request.json']
    const short = await machine.run(['hold', 'split', 'run', ...request])
    // 5 bytes + 256 + 16 tokens at $2.50 a million and 100 at $10
    expect([short.code, short.err]).toEqual([4, expect.stringContaining('$0.0016925 is asked')])
    // What is left after the prompt, $0.0003075, buys 30 tokens.
    expect(await machine.json(grantShape, ['hold', 'split', 'run', ...request, '--shrink'])).toMatchObject({ maxOutputTokens: 30 })
  })
})

describe('hold end', () => {
  test.each([
    [['--how', 'refused'], { state: 'released', charge: null }],
    [['--how', 'rejected'], { state: 'released', charge: null }],
    [['--status', '429'], { state: 'released', charge: null }],
    [['--how', 'ok', '--cost', '0.5'], { state: 'settled', costNanos: '500000000' }],
    [['--how', 'cut', '--cost', '0.5'], { state: 'presumed', costNanos: '500000000' }],
    [['--how', 'timeout'], { state: 'open', charge: null }],
    [['--status', '503'], { state: 'open', charge: null }],
  ])('%j', async (args, outcome) => {
    const machine = await limited()
    await granted(machine, ['--amount', '2', '--id', 'h'])
    expect(await hold(machine, 'end', 'h', ...args)).toMatchObject(outcome)
  })

  test.each([
    [[], 'Say how the call ended'],
    [['--how', 'timeout', '--status', '503'], 'Say how the call ended'],
    [['--how', 'gone'], 'Allowed choices are ok, refused'],
    [['--how', 'rejected', '--cost', '1'], 'has no answer, so there is nothing to book'],
    [['--how', 'timeout', '--cost', '1'], 'so nobody knows what it came to'],
    [['--how', 'cut', '--outcome', 'ok'], '--outcome goes with settle'],
  ])('refuses %j', async (args, words) => {
    const machine = await limited()
    await granted(machine, ['--amount', '2', '--id', 'h'])
    const { code, err } = await machine.run(['hold', 'end', 'h', ...args])
    expect([code, err]).toEqual([2, expect.stringContaining(words)])
    expect(await holdsOf(machine)).toMatchObject([{ id: 'h', state: 'open' }])
  })
})

describe('an id', () => {
  test('that a shell takes apart stands quoted in the commands that are named', async () => {
    const machine = await limited()
    const id = "it's 1; rm -rf x"
    await granted(machine, ['--amount', '1', '--id', id, '--ttl', '10m'])
    const { err } = await machine.run(['hold', 'end', id, '--how', 'timeout'])
    expect(err).toContain(`\`purser hold settle 'it'\\''s 1; rm -rf x'\` books it should an answer come`)
    expect((await machine.run(['hold', 'end', id, '--how', 'cut', '--cost', '0.1', '--provider', 'a', '--model', 'b'])).err).toContain(
      `\`purser hold resolve 'it'\\''s 1; rm -rf x' --cost USD\``,
    )
  })

  test('does not begin as an option does', async () => {
    const machine = await limited()
    expect(await machine.run(['hold', 'reserve', '--amount', '1', '--id', '-x'])).toMatchObject({
      code: 2,
      err: 'purser: --id is -x, which commands would take for an option. Begin it with another character.\n',
    })
    const status = await machine.run(['hold', 'end', 'h', '--status', '302'])
    expect([status.code, status.err]).toEqual([2, expect.stringContaining('302 is not the HTTP status of an answer or an error')])
  })
})

describe('hold list', () => {
  test('gives long ids and labels the room of a narrow terminal, and drops times first', async () => {
    const machine = await limited()
    const id = '0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b'
    await granted(machine, ['--amount', '1', '--id', id, '--label', 'project=harbour', '--label', 'run=7'])
    const out = await done(machine, ['hold', 'list'], { env: { COLUMNS: '80' } })
    expect(out).toMatch(new RegExp(`^${id} +open +project=harbour, run=7 +\\$1\\.00`, 'm'))
  })

  test('keeps to a budget where one is named', async () => {
    const machine = await limited('--where', 'project=a')
    await granted(machine, ['--amount', '1', '--id', 'in', '--label', 'project=a', '--provider', 'openai', '--model', 'gpt-4o'])
    await granted(machine, ['--amount', '1', '--id', 'out', '--label', 'project=b'])
    expect(await holdsOf(machine, '--budget', 'all')).toMatchObject([
      { id: 'in', state: 'open', labels: { project: 'a' }, provider: 'openai', model: 'gpt-4o', parent: null, spent: {} },
    ])
    expect(await holdsOf(machine)).toHaveLength(2)
    const wrong = await machine.run(['hold', 'list', '--budget', 'al'])
    expect(wrong).toMatchObject({ code: 2, out: '', err: 'purser: There is no budget "al". Did you mean "all"?\n' })
    for (const id of ['in', 'out']) await hold(machine, 'release', id)
    expect(await done(machine, ['hold', 'list'])).toBe('No holds are open or presumed.\n')
  })
})

test('without a budget everything is granted', async () => {
  const machine = newMachine()
  await granted(machine, ['--amount', '1000000', '--id', 'h'])
  expect((await machine.run(costing('1'))).err).toBe('')
  expect(await holdsOf(machine)).toMatchObject([{ id: 'h' }])
})
