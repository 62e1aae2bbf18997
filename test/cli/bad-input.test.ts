import { execFileSync } from 'node:child_process'
import { chmodSync, closeSync, existsSync, mkdirSync, openSync, readdirSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, onTestFinished, test } from 'vitest'
import { costsShape, errorShape } from '../../src/json/json-shapes.ts'
import { mountDisk } from '../mount-disk.ts'
import { type Machine, newMachine } from './run-purser.ts'

const call = ['record', '--provider', 'openai', '--model', 'gpt-4o']
const usage = ['--usage', 'inputTokens=10']
const db = ['--db', 'spend.db']

/** The call is refused with a code and words that help, and nothing is booked. */
async function expectRefused(
  args: readonly string[],
  code: string,
  words: string | RegExp,
  machine = newMachine(),
  exitCode = 2,
): Promise<void> {
  const refused = await machine.run([...args, ...db, '--json'])
  expect(refused.code).toBe(exitCode)
  expect(refused.out).toBe('')
  const { error } = errorShape.parse(JSON.parse(refused.err))
  expect(error.code).toBe(code)
  expect(error.message).toMatch(words)
  if (existsSync(join(machine.folder, 'spend.db')) && exitCode === 2) {
    expect((await machine.json(costsShape, ['costs', '--period', 'all', ...db])).total.calls).toBe(0)
  }
}

describe('a call that cannot be right is refused, and nothing is booked', () => {
  const refusals: readonly (readonly [string, readonly string[], string, string | RegExp])[] = [
    ['an unknown usage key', [...call, '--usage', 'inputTokenz=10'], 'PURSER_UNKNOWN_METER', 'Did you mean "inputTokens"'],
    ['a negative token count', [...call, '--usage', 'inputTokens=-1'], 'PURSER_BAD_NUMBER', 'never negative'],
    ['a fractional token count', [...call, '--usage', 'inputTokens=1.5'], 'PURSER_BAD_NUMBER', 'whole number'],
    ['NaN', [...call, '--usage', 'inputTokens=NaN'], 'PURSER_BAD_NUMBER', 'NaN'],
    ['infinity', [...call, '--usage', 'inputTokens=Infinity'], 'PURSER_BAD_NUMBER', 'Infinity'],
    ['a number beyond 2^53', [...call, '--usage', 'inputTokens=9007199254740993'], 'PURSER_BAD_NUMBER', '2\\^53'],
    ['a usage without a number', [...call, '--usage', 'inputTokens'], 'PURSER_BAD_ARGUMENT', 'key=value'],
    ['a usage key twice', [...call, '--usage', 'inputTokens=1,inputTokens=2'], 'PURSER_BAD_ARGUMENT', 'twice'],
    ['a date in 1970', [...call, ...usage, '--at', '1970-01-01'], 'PURSER_BAD_TIME', '2000'],
    ['a date in 2090', [...call, ...usage, '--at', '2090-01-01T00:00:00Z'], 'PURSER_BAD_TIME', 'one year'],
    ['a date that is none', [...call, ...usage, '--at', 'yesterday noon'], 'PURSER_BAD_TIME', 'yesterday noon'],
    ['a label with a newline', [...call, ...usage, '--label', 'project=a\nb'], 'PURSER_BAD_LABEL', 'line break'],
    [
      '33 labels',
      [...call, ...usage, ...Array.from({ length: 33 }, (_, n) => ['--label', `k${n}=v`]).flat()],
      'PURSER_BAD_LABEL',
      '33 labels',
    ],
    ['a reserved key', [...call, ...usage, '--label', 'model=x'], 'PURSER_BAD_LABEL', 'reserved'],
    ['an empty label', [...call, ...usage, '--label', 'project='], 'PURSER_BAD_LABEL', 'empty'],
    ['a label without a value', [...call, ...usage, '--label', 'project'], 'PURSER_BAD_ARGUMENT', 'key=value'],
    [
      'an API key as a label',
      [...call, ...usage, '--label', `team=sk-ant-api03-${'a1B2'.repeat(12)}`],
      'PURSER_SECRET_IN_LABEL',
      'looks like an API key',
    ],
    ['metadata that is no JSON', [...call, ...usage, '--metadata', '{oops'], 'PURSER_BAD_ARGUMENT', 'not JSON'],
    ['metadata above 4 KB', [...call, ...usage, '--metadata', JSON.stringify({ text: 'x'.repeat(5000) })], 'PURSER_BAD_METADATA', '4096'],
    ['an unknown outcome', [...call, ...usage, '--outcome', 'fine'], 'PURSER_BAD_RECORD', 'ok, error, timeout, cut, aborted'],
    ['a negative cost', [...call, '--cost=-1'], 'PURSER_BAD_NUMBER', 'never negative'],
    ['a cost that is no number', [...call, '--cost', 'cheap'], 'PURSER_BAD_NUMBER', 'cheap'],
    ['no provider', ['record', '--model', 'gpt-4o', ...usage], 'PURSER_BAD_ARGUMENT', '--provider is missing'],
    ['an unknown option', [...call, ...usage, '--lable', 'a=b'], 'PURSER_BAD_ARGUMENT', /Did you mean --label\?/],
    ['an unknown command', ['recrod'], 'PURSER_BAD_ARGUMENT', /Did you mean "record"\?/],
    [
      'a raw response of an unknown API',
      ['record', '--provider', 'openai', '--api', 'chatt', '--body', 'body.json'],
      'PURSER_UNKNOWN_READER',
      'chat',
    ],
  ]
  test.each(refusals)('%s', async (_, args, code, words) => {
    const machine = newMachine()
    machine.write('body.json', '{"model":"gpt-4o","usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}')
    await expectRefused(args, code, typeof words === 'string' ? new RegExp(words) : words, machine)
  })
})

describe('a question that cannot be asked is refused', () => {
  const refusals: readonly (readonly [string, readonly string[], string, RegExp])[] = [
    ['an unknown period', ['--period', 'fortnight'], 'PURSER_BAD_QUERY', /today, yesterday, week/],
    ['a period and a start', ['--period', 'week', '--since', '2026-02-01'], 'PURSER_BAD_QUERY', /either/],
    ['an end before the start', ['--since', '2026-02-02', '--until', '2026-02-01'], 'PURSER_BAD_QUERY', /not before/],
    ['a day that does not exist', ['--since', '2026-02-30'], 'PURSER_BAD_TIME', /2026-02-30/],
    ['an unknown zone', ['--timezone', 'Mars/Olympus'], 'PURSER_BAD_TIME', /IANA/],
    ['a measure as a group', ['--by', 'cost'], 'PURSER_BAD_QUERY', /cannot be asked by/],
    ['two spans of time', ['--by', 'day,week'], 'PURSER_BAD_QUERY', /day and week/],
    ['a filter that is none', ['--where', 'project'], 'PURSER_BAD_QUERY', /label=value/],
    ['an unknown order', ['--sort', 'costs'], 'PURSER_BAD_QUERY', /Did you mean "cost"/],
    ['a limit that is no number', ['--limit', 'ten'], 'PURSER_BAD_ARGUMENT', /whole number/],
    ['ascending and descending', ['--asc', '--desc'], 'PURSER_BAD_ARGUMENT', /cannot be used with/],
  ]
  test('each with what can be asked instead', async () => {
    const machine = newMachine()
    await machine.run(['catalog', 'update', '--reset', ...db])
    machine.write('empty.jsonl', '')
    await machine.run(['import', 'jsonl', 'empty.jsonl', ...db])
    for (const [, args, code, words] of refusals) await expectRefused(['costs', ...args], code, words, machine)
  })
})

describe('a ledger that cannot be used is named, with exit code 4', () => {
  const record = [...call, ...usage]

  test('a corrupt database', async () => {
    const machine = newMachine()
    writeFileSync(
      join(machine.folder, 'spend.db'),
      'This is no database, and it is longer than a header of a database would be. '.repeat(20),
    )
    await expectRefused(record, 'PURSER_LEDGER_CORRUPT', /damaged or not a ledger/, machine, 4)
    await expectRefused(['costs'], 'PURSER_LEDGER_CORRUPT', /damaged or not a ledger/, machine, 4)
  })

  test('a damaged page inside the ledger', async () => {
    const machine = newMachine()
    await machine.run([...record, ...db])
    const database = new DatabaseSync(join(machine.folder, 'spend.db'))
    database.exec('PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE;')
    const pageSize = Number(database.prepare('PRAGMA page_size').get()?.['page_size'])
    database.close()
    const fd = openSync(join(machine.folder, 'spend.db'), 'r+')
    writeSync(fd, Buffer.alloc(pageSize * 3, 0x5a), 0, pageSize * 3, pageSize)
    closeSync(fd)
    await expectRefused(['verify'], 'PURSER_LEDGER_CORRUPT', /damaged/, machine, 4)
  })

  test('a database of another program', async () => {
    const machine = newMachine()
    const database = new DatabaseSync(join(machine.folder, 'spend.db'))
    database.exec('CREATE TABLE songs (title TEXT)')
    database.close()
    await expectRefused(record, 'PURSER_LEDGER_CORRUPT', /another program/, machine, 4)
  })

  test('a newer schema', async () => {
    const machine = newMachine()
    await machine.run([...record, ...db])
    const database = new DatabaseSync(join(machine.folder, 'spend.db'))
    database.exec('PRAGMA user_version = 99')
    database.close()
    await expectRefused(record, 'PURSER_LEDGER_NEWER', /Update purser; the ledger was not touched/, machine, 4)
  })

  test('a folder that may not be written', async ({ skip }) => {
    const machine = newMachine()
    const folder = join(machine.folder, 'sealed')
    mkdirSync(folder)
    const seal = sealFolder(folder)
    skip(!seal, 'this user writes everywhere')
    const refused = await machine.run([...record, '--db', join(folder, 'spend.db')])
    expect(refused.code).toBe(4)
    expect(refused.err).toMatch(/cannot be created|cannot be written|cannot be opened/)
    expect(readdirSync(folder)).toEqual([])
  })

  test('a full disk', async ({ skip }) => {
    const machine = newMachine()
    const folder = join(machine.folder, 'disk')
    mkdirSync(folder)
    skip(!mountDisk(folder, 'size=1m'), 'this user may not mount a small disk')
    const many = Array.from({ length: 20_000 }, (_, n) =>
      JSON.stringify({
        id: `c${n}`,
        at: '2026-02-01',
        provider: 'openai',
        model: 'gpt-4o',
        usage: { inputTokens: n + 1 },
        labels: { run: `r${n}` },
      }),
    )
    machine.write('many.jsonl', many.join('\n'))
    const path = join(folder, 'spend.db')
    const { code, err } = await machine.run(['import', 'jsonl', 'many.jsonl', '--db', path])
    expect(code).toBe(4)
    expect(err).toContain('is full')
    execFileSync('mount', ['-o', 'remount,size=64m', folder])
    expect((await machine.run(['verify', '--db', path])).code).toBe(0)
    expect((await machine.run(['import', 'jsonl', 'many.jsonl', '--db', path])).code).toBe(0)
    expect((await machine.json(costsShape, ['costs', '--period', 'all', '--db', path])).total.calls).toBe(20_000)
  })
})

/** Takes the right to write away, also from root where the file system can. */
function sealFolder(folder: string): boolean {
  chmodSync(folder, 0o500)
  onTestFinished(() => chmodSync(folder, 0o700))
  if (process.getuid?.() !== 0) return true
  return mountDisk(folder, 'ro,size=64k')
}

describe('a broken purser.yaml is refused with line, column and the nearest key', () => {
  const broken = async (machine: Machine, text: string): Promise<string> => {
    const path = machine.write('purser.yaml', text)
    const { code, err } = await machine.run(['costs'])
    expect(code).toBe(2)
    return err.replaceAll(path, 'purser.yaml').trim()
  }

  test('each kind of mistake', async () => {
    const machine = newMachine()
    expect(await broken(machine, 'db: spend.db\ntimezon: UTC\n')).toBe(
      'purser: purser.yaml:2:1: "timezon" is not a key that purser knows. Did you mean "timezone"?',
    )
    expect(await broken(machine, 'db: [unclosed\n')).toMatch(/^purser: purser\.yaml:\d+:\d+: /)
    expect(await broken(machine, 'a: 1\na: 2\n')).toMatch(/^purser: purser\.yaml:2:1: .*unique/)
    expect(await broken(machine, 'week_starts: mnday\n')).toMatch(/^purser: purser\.yaml:1:14: .*did you mean "monday"\?/)
    expect(await broken(machine, 'sources:\n  - kind: csv\n    pth: x\n')).toMatch(/^purser: purser\.yaml:3:5: .*Did you mean "path"\?/)
    expect(await broken(machine, 'sources:\n  - path: x\n')).toMatch(/^purser: purser\.yaml:2:5: sources\[1\] has no "kind"/)
    expect(await broken(machine, 'timezone: Mars/Olympus\n')).toMatch(/^purser: purser\.yaml:1:\d+: .*no time zone/)
    expect(await broken(machine, 'just text\n')).toMatch(/^purser: purser\.yaml:1:1: /)
  })

  test('a mistyped price', async () => {
    const machine = newMachine()
    const path = machine.write('purser.yaml', 'pricing:\n  models:\n    gpt-4.1:\n      provider: openai\n      input_per_milion: 3\n')
    const { code, err } = await machine.run(['price', '--provider', 'openai', '--model', 'gpt-4o', '--usage', 'inputTokens=1'])
    expect(code).toBe(2)
    expect(err).toContain(`${path}:5:7: `)
    expect(err).toContain('Did you mean "input_per_million"?')
  })
})
