import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { denialShape } from '../../src/json/gate-shapes.ts'
import { costsShape, exportShape, recordedShape } from '../../src/json/json-shapes.ts'
import { costing, done, holdsOf, statusOf } from './gate-machine.ts'
import { bin, type Machine, newMachine, startPurser, whenEnded } from './run-purser.ts'

/** A machine whose ledger has one strict budget of $5.00, and `$PURSER` to call the program from within a command. */
async function limited(): Promise<{ machine: Machine; purser: { env: Record<string, string> } }> {
  const machine = newMachine()
  await done(machine, ['budgets', 'set', 'all', '--limit', '5', '--window', 'total'])
  return { machine, purser: { env: { PURSER: `${process.execPath} ${bin}` } } }
}

const inShell = (script: string): string[] => ['--', 'sh', '-c', script]

async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; !holds(); tries += 1) {
    if (tries > 200) throw new Error('It did not happen within ten seconds.')
    await sleep(50)
  }
}

describe.skipIf(process.platform === 'win32')('guard', () => {
  test('runs nothing a second time under an id whose money was given back', async () => {
    const { machine, purser } = await limited()
    const run = () =>
      machine.run(
        ['guard', '--id', 'nightly', '--max', '4', ...inShell('$PURSER record --provider a --model m --cost 3.5; touch ran')],
        purser,
      )
    expect((await run()).code).toBe(0)
    rmSync(join(machine.folder, 'ran'))
    const again = await run()
    expect(again).toMatchObject({
      code: 2,
      err: expect.stringContaining('There is a hold "nightly" already, and it is released. Nothing was run.'),
    })
    expect(existsSync(join(machine.folder, 'ran'))).toBe(false)
    expect(await statusOf(machine)).toMatchObject([{ spent: '3500000000', held: '0', overLimit: null }])
  })

  test('hands the command its labels and hold, settles what it records, and frees the rest', async () => {
    const { machine, purser } = await limited()
    const script =
      'echo "$PURSER_LABELS"; $PURSER record --provider acme --model m --cost 0.5 --json; $PURSER budgets status --json; exit 7'
    const { code, out, err } = await machine.run(['guard', '--label', 'run=42', '--max', '$2', ...inShell(script)], purser)
    expect(code).toBe(7)
    expect(err).toBe('guard: $0.50 of $2.00 was recorded; $1.50 is free again.\n')
    const [labels = '', charge = '', during = ''] = out.split('\n')
    expect(JSON.parse(labels)).toEqual({ run: '42' })
    expect(recordedShape.parse(JSON.parse(charge))).toMatchObject({ labels: { run: '42' }, costNanos: '500000000' })
    expect(JSON.parse(during)).toMatchObject([{ spent: '500000000', held: '1500000000' }])
    expect(await statusOf(machine)).toMatchObject([{ spent: '500000000', held: '0', presumed: '0' }])
    expect(await holdsOf(machine)).toEqual([])
  })

  test('a record inside may add labels, a hold inside is a part, and a guard inside another too', async () => {
    const { machine, purser } = await limited()
    const inner = '$PURSER guard --max 0.5 -- sh -c "$PURSER record --provider acme --model m --cost 0.2 --label stage=b"'
    const script = `set -e
      $PURSER record --provider acme --model m --cost 0.25 --label stage=a --id once
      $PURSER record --provider acme --model m --cost 0.25 --label stage=a --id once
      $PURSER hold reserve --amount 0.5 --id part
      $PURSER hold settle part --cost 0.1
      ${inner}
      $PURSER hold list --json`
    const { code, out, err } = await machine.run(['guard', '--label', 'run=42', '--max', '2', ...inShell(script)], purser)
    expect(code).toBe(0)
    const { holds } = JSON.parse(out.trim().split('\n').at(-1) ?? '')
    // 2 − 0.25 − 0.1 − 0.2
    expect(holds).toMatchObject([{ labels: { run: '42' }, left: { cost: '1450000000' } }])
    const [inside, outside] = err.split('\n')
    expect(inside).toBe(`guard: $0.20 of $0.50 was recorded; $0.30 goes back to the hold ${holds[0].id}.`)
    expect(outside).toBe('guard: $0.55 of $2.00 was recorded; $1.45 is free again.')
    const costs = await machine.json(costsShape, ['costs', '--by', 'run,stage', '--sort', 'name', '--asc'])
    expect(costs.rows.map(({ run, stage, costNanos, calls }) => [run, stage, costNanos, calls])).toEqual([
      ['42', 'a', '250000000', 1],
      ['42', 'b', '200000000', 1],
      ['42', null, '100000000', 1],
    ])
    expect(await statusOf(machine)).toMatchObject([{ spent: '550000000', held: '0' }])
  })

  test('what the guard inside did not spend is free again where the guard around it ran out', async () => {
    const { machine, purser } = await limited()
    await done(machine, ['hold', 'reserve', '--amount', '2', '--id', 'outer', '--ttl', '2s'])
    const env = { ...purser.env, PURSER_HOLD: 'outer' }
    const inside = await machine.run(['guard', '--max', '0.5', '--', 'sh', '-c', '$PURSER hold list; sleep 3'], { env })
    expect(inside.out).toMatch(/ outer$/m)
    expect(inside.err).toContain('guard: $0.00 of $0.50 was recorded; $0.50 is free again.')
  })

  test('what is for another stage than the guard inside is taken out of the guard around it', async () => {
    const { machine, purser } = await limited()
    const record = (cost: string, stage: string) => `$PURSER record --provider acme --model m --cost ${cost} --label stage=${stage}`
    const inner = `$PURSER guard --label stage=a --max 0.5 -- sh -c "${record('0.2', 'a')}; ${record('0.3', 'b')}; ${record('0.1', 'b --label run=2')}"`
    const { err } = await machine.run(['guard', '--label', 'run=1', '--max', '2', '--id', 'outer', ...inShell(inner)], purser)
    const [alone, inside, outside] = err.split('\n')
    expect(alone).toMatch(/^warning: The hold ".*" is for run=1, and the call has run=2\. The call is booked without it\.$/)
    expect(inside).toBe('guard: $0.20 of $0.50 was recorded; $0.30 goes back to the hold outer.')
    // 0.2 and 0.3, and not the call of another run
    expect(outside).toBe('guard: $0.50 of $2.00 was recorded; $1.50 is free again.')
    const costs = await machine.json(costsShape, ['costs', '--by', 'run,stage', '--sort', 'name', '--asc'])
    expect(costs.rows.map(({ run, stage, costNanos }) => [run, stage, costNanos])).toEqual([
      ['1', 'a', '200000000'],
      ['1', 'b', '300000000'],
      ['2', 'b', '100000000'],
    ])
    expect(await statusOf(machine)).toMatchObject([{ spent: '600000000', held: '0', presumed: '0', overLimit: null }])
  })

  test('money that is asked for within a hold that is gone is refused, naming the variable', async () => {
    const { machine } = await limited()
    await done(machine, ['hold', 'reserve', '--amount', '1', '--id', 'gone'])
    await done(machine, ['hold', 'release', 'gone'])
    const asks = [
      ['hold', 'reserve', '--amount', '0.1'],
      ['hold', 'split', '--amount', '0.1'],
      ['guard', '--max', '0.1', '--', 'echo', 'run'],
    ]
    for (const args of asks) {
      const within = (hold: string) => machine.run(args, { env: { PURSER_HOLD: hold } })
      expect(await within('gone')).toMatchObject({
        out: '',
        err: 'purser: PURSER_HOLD names the hold "gone", which is released, so nothing can be taken out of it. Unset PURSER_HOLD to reserve without it.\n',
      })
      expect((await within('nope')).err).toMatch(/^purser: PURSER_HOLD names the hold "nope", which .*purser\.db does not have, so nothing/)
    }
    expect(await statusOf(machine)).toMatchObject([{ spent: '0', held: '0' }])
  })

  test('runs nothing where the hold is denied', async () => {
    const { machine } = await limited()
    const { code, out, err } = await machine.run(['guard', '--max', '6', ...inShell('touch ran')])
    expect([code, out]).toEqual([4, ''])
    expect(err).toContain('denied: $6.00 is more than the whole of budget "all"')
    expect(existsSync(join(machine.folder, 'ran'))).toBe(false)
    const json = await machine.run(['guard', '--max', '6', '--json', ...inShell('touch ran')])
    expect(denialShape.parse(JSON.parse(json.out))).toMatchObject({ kind: 'never-fits', asked: '6000000000' })
  })

  test('a command that cannot be started leaves nothing held', async () => {
    const { machine } = await limited()
    const { code, err } = await machine.run(['guard', '--max', '1', '--', 'no-such-command'])
    expect(code).toBe(2)
    expect(err).toContain('"no-such-command" cannot be started')
    expect(await holdsOf(machine)).toEqual([])
    expect((await machine.run(['guard', '--max', 'abc', '--', 'true'])).err).toContain('--max is "abc"; it must be dollars')
    expect((await machine.run(['guard', '--', 'true'])).err).toContain("--max is missing; say for example --max '$2'")
  })

  test('of a command that is killed the hold stays, and is presumed once it runs out', async () => {
    const { machine, purser } = await limited()
    const script = '$PURSER record --provider acme --model m --cost 0.5; kill -9 $$'
    const { code, err } = await machine.run(['guard', '--max', '2', '--ttl', '1s', '--id', 'g', ...inShell(script)], purser)
    expect(code).toBe(137)
    expect(err).toContain('The command was ended by SIGKILL. $0.50 of $2.00 was recorded; $1.50 more may have been spent')
    await sleep(1100)
    expect(await statusOf(machine)).toMatchObject([{ spent: '500000000', held: '0', presumed: '1500000000' }])
  })

  test('a hard budget of calls refuses a command that may make any number of them, also inside another guard', async () => {
    const { machine, purser } = await limited()
    await done(machine, ['budgets', 'set', 'calls', '--metric', 'calls', '--limit', '2', '--window', 'total', '--where', 'stage=draft'])
    const draft = ['--label', 'stage=draft', '--max', '1']
    const refused = await machine.run(['guard', ...draft, '--json', ...inShell('touch ran')])
    expect([refused.code, denialShape.parse(JSON.parse(refused.out))]).toMatchObject([
      4,
      { kind: 'unbounded', budget: 'calls', metric: 'calls', asked: null, limit: '2', message: expect.stringContaining('--calls') },
    ])
    expect(existsSync(join(machine.folder, 'ran'))).toBe(false)
    const inner = (more: string) => inShell(`$PURSER guard --label stage=draft --max 0.5 ${more} -- touch ran`)
    const nested = await machine.run(['guard', '--max', '1', ...inner('')], purser)
    expect([nested.code, nested.err]).toEqual([4, expect.stringContaining('the calls of the call cannot be bounded')])
    expect(existsSync(join(machine.folder, 'ran'))).toBe(false)
    expect((await machine.run(['guard', '--max', '1', ...inner('--calls 2')], purser)).code).toBe(0)
    const never = await machine.run(['guard', ...draft, '--calls', '3', '--', 'true'])
    expect([never.code, never.err]).toEqual([4, expect.stringContaining('3 calls is more than the whole of budget "calls"')])
  })

  test('calls that nobody has counted beforehand are counted as they are recorded, where the budget only warns', async () => {
    const { machine, purser } = await limited()
    await done(machine, ['budgets', 'set', 'calls', '--metric', 'calls', '--limit', '1', '--window', 'total', '--mode', 'soft'])
    const script = '$PURSER record --provider a --model m --cost 0.1; $PURSER record --provider a --model m --cost 0.1 --label stage=b'
    const { code, err } = await machine.run(['guard', '--max', '1', ...inShell(script)], purser)
    expect([code, err]).toEqual([0, expect.stringContaining('Budget "calls" may be passed')])
    expect(await statusOf(machine, 'calls')).toMatchObject([{ spent: '2', held: '0', overLimit: { by: '1', cause: 'soft' } }])
  })

  test('says by how much more was recorded than was held', async () => {
    const { machine, purser } = await limited()
    const alone = await machine.run(['guard', '--max', '0.1', ...inShell('$PURSER record --provider a --model m --cost 0.2')], purser)
    expect(alone.err).toContain('guard: $0.20 was recorded, $0.10 more than the $0.10 that was held; nothing of it is left.\n')
    const part = '$PURSER record --provider a --model m --cost 0.2 --label stage=draft'
    const labelled = await machine.run(['guard', '--max', '0.1', '--label', 'run=7', ...inShell(part)], purser)
    expect(labelled.err).toContain('guard: $0.20 was recorded, $0.10 more than the $0.10 that was held')
    expect(await statusOf(machine)).toMatchObject([{ spent: '400000000', held: '0', presumed: '0' }])
  })

  test('says what stays presumed of a call that was cut, and how to resolve it', async () => {
    const { machine, purser } = await limited()
    const script = '$PURSER record --provider a --model m --cost 0.2 --outcome cut'
    const { err } = await machine.run(['guard', '--max', '0.5', '--id', 'g', ...inShell(script)], purser)
    expect(err).toBe(
      'guard: $0.20 of $0.50 was recorded; nothing of it is left.\nwarning: Of the hold g $0.30 still counts as presumed spent: ' +
        'a call of it was cut, or timed out, and may have come to more. `purser hold resolve g --cost USD` says what the rest cost, `--not-sent` that there was none.\n',
    )
    expect(await statusOf(machine)).toMatchObject([{ spent: '200000000', held: '0', presumed: '300000000' }])
    await done(machine, ['hold', 'resolve', 'g', '--cost', '0.05', '--provider', 'a', '--model', 'm'])
    expect(await statusOf(machine)).toMatchObject([{ spent: '250000000', held: '0', presumed: '0' }])
  })

  test('says what stays presumed of a call without a price', async () => {
    const { machine, purser } = await limited()
    const script = '$PURSER record --provider a --model m --usage inputTokens=5 2> /dev/null'
    const { err } = await machine.run(['guard', '--max', '0.5', '--id', 'g', ...inShell(script)], purser)
    expect(err).toContain('guard: $0.00 of $0.50 was recorded, and 1 call without a price; nothing of it is left.')
    expect(err).toContain('Of the hold g $0.50 still counts as presumed spent: a call of it has no price.')
  })

  test('says where no budget limits the command', async () => {
    const { err } = await newMachine().run(['guard', '--max', '1', '--', 'true'])
    expect(err).toContain('no budget applies to these labels: nothing limits this command.')
  })

  test('passes SIGTERM on, and ends as the command does', async () => {
    const { machine } = await limited()
    const script = 'trap "echo got it; exit 5" TERM; touch started; while :; do sleep 0.05; done'
    const child = startPurser(['guard', '--max', '2', ...inShell(script)], { cwd: machine.folder, env: machine.env })
    const ended = whenEnded(child)
    await until(() => existsSync(join(machine.folder, 'started')))
    child.kill('SIGTERM')
    expect(await ended).toMatchObject({
      code: 5,
      out: 'got it\n',
      err: expect.stringContaining('$0.00 of $2.00 was recorded; $2.00 is free again.'),
    })
    expect(await statusOf(machine)).toMatchObject([{ held: '0', presumed: '0' }])
  })

  test('keeps the hold alive as long as the command runs', async () => {
    const { machine, purser } = await limited()
    const script = 'sleep 2; $PURSER hold list --json'
    const { code, out } = await machine.run(['guard', '--max', '2', '--ttl', '900ms', ...inShell(script)], purser)
    expect(code).toBe(0)
    expect(JSON.parse(out).holds).toMatchObject([{ state: 'open' }])
  })

  test('where purser itself is killed, the hold runs out and is presumed', async () => {
    const { machine } = await limited()
    const child = startPurser(['guard', '--max', '2', '--ttl', '1s', ...inShell('touch started; sleep 3')], {
      cwd: machine.folder,
      env: machine.env,
    })
    const ended = whenEnded(child)
    await until(() => existsSync(join(machine.folder, 'started')))
    child.kill('SIGKILL')
    await ended
    await sleep(1100)
    expect(await statusOf(machine)).toMatchObject([{ held: '0', presumed: '2000000000' }])
  })

  test('what is recorded under a hold that is not there, or has ended, is booked all the same', async () => {
    const { machine } = await limited()
    await done(machine, ['hold', 'reserve', '--amount', '1', '--id', 'h', '--label', 'run=1'])
    const under = (hold: string, ...args: readonly string[]) =>
      machine.run(costing('0.1', ...args), { env: { PURSER_HOLD: hold, PURSER_LABELS: '{"run":"1"}' } })
    expect((await under('nope')).err).toContain('does not have. The call is booked without it.')
    expect((await under('h', '--label', 'run=2')).err).toContain('The hold "h" is for run=1, and the call has run=2.')
    expect((await under('h')).err).toBe('')
    await done(machine, ['hold', 'release', 'h'])
    expect((await under('h')).err).toContain('cannot be settled')
    const bad = await machine.run(costing('0.1'), { env: { PURSER_LABELS: 'run=1' } })
    expect([bad.code, bad.err]).toEqual([2, expect.stringContaining('must be a JSON object of texts')])
    expect(await statusOf(machine)).toMatchObject([{ spent: '400000000' }])
    expect(exportShape.parse(JSON.parse((await machine.run(['export', '--output', 'all.jsonl', '--json'])).out)).charges).toBe(4)
  })
})
