import { utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { importClaudeCode } from '../../src/importers/claude-code.ts'
import { importCodex } from '../../src/importers/codex.ts'
import { importCsv } from '../../src/importers/csv.ts'
import type { ImportSummary } from '../../src/importers/importer.ts'
import { importJsonl } from '../../src/importers/jsonl.ts'
import type { Purser } from '../../src/purser.ts'
import { call, openTemporaryLedger } from '../ledger/temporary-ledger.ts'
import { createFolder, type Folder } from './folder.ts'

let folder: Folder
let purser: Purser

beforeEach(async () => {
  folder = createFolder()
  purser = await openTemporaryLedger()
})

function csv(file: string, map = 'at=t,model=m,inputTokens=i'): Promise<ImportSummary> {
  return purser.import('csv', (sink) => importCsv({ files: [file], map, provider: 'acme', zone: 'UTC' }, sink))
}

function jsonl(file: string): Promise<ImportSummary> {
  return purser.import('jsonl', (sink) => importJsonl({ files: [file], provider: 'acme', zone: 'UTC' }, sink))
}

function rested(file: string, ms: number): string {
  utimesSync(file, new Date(), new Date(Date.now() - ms))
  return file
}

const rows = ['t,m,i', '2026-02-01,big,1000', '2026-02-02,big,2000']

describe('a last row without a line break', () => {
  it('is booked where the file was written two seconds ago', async () => {
    const file = rested(folder.write('n.csv', rows, ''), 2500)
    const summary = await csv(file)
    expect(summary).toMatchObject({ read: 2, booked: 2 })
    expect(summary.unfinished).toBeUndefined()
  })

  it('is left and named where the file was written just now, and booked by the next import though nothing was written', async () => {
    const file = rested(folder.write('n.csv', rows, ''), 500)
    expect(await csv(file)).toMatchObject({ read: 1, booked: 1, unfinished: [file] })
    await new Promise((resolve) => setTimeout(resolve, 1600))
    const second = await csv(file)
    expect(second).toMatchObject({ read: 1, booked: 1 })
    expect(second.unfinished).toBeUndefined()
  })

  it('is left and named where columns are missing, however long the file rested', async () => {
    const file = rested(folder.write('n.csv', [...rows, '2026-02-03,big'], ''), 120_000)
    expect(await csv(file)).toMatchObject({ read: 2, booked: 2, unfinished: [file] })
  })
})

describe('a last line that is cut off', () => {
  const cut = '{"at":"2026-02-20T10:0'

  it('is named, of JSON lines', async () => {
    const line = { at: '2026-02-20T10:00:00Z', model: 'big', usage: { inputTokens: 1 } }
    const file = folder.write('a.jsonl', [line, cut], '')
    expect(await jsonl(file)).toMatchObject({ read: 1, booked: 1, skipped: {}, unfinished: [file] })
    folder.write('a.jsonl', [line])
    expect((await jsonl(file)).unfinished).toBeUndefined()
  })

  it('is named, of transcripts and rollouts', async () => {
    const transcript = folder.write('projects/-home-dev/s.jsonl', ['{"type":"assistant","mess'], '')
    const claude = await purser.import('claude-code', (sink) => importClaudeCode({ paths: [folder.path], env: {} }, sink))
    expect(claude.unfinished).toEqual([transcript])
    const rollout = folder.write('rollout-1.jsonl', ['{"type":"session_meta","payl'], '')
    const codex = await purser.import('codex', (sink) => importCodex({ paths: [rollout], env: {} }, sink))
    expect(codex.unfinished).toEqual([rollout])
  })
})

describe('an id that is booked already', () => {
  const map = 'at=t,model=m,inputTokens=i,id=id'
  const header = 't,m,i,id'
  const reason = 'id booked with other content'

  it('is already known where the row says the same, and told where it says something else', async () => {
    await csv(folder.write('a.csv', [header, '2026-02-01,big,1000,x1', '2026-02-02,big,5,x2']), map)
    const file = folder.write('b.csv', [header, '2026-02-01,big,1000,x1', '2026-02-02,big,6,x2', '2026-02-03,big,5,x2'])
    const summary = await csv(file, map)
    expect(summary).toMatchObject({ read: 3, booked: 0, duplicates: 1, skipped: { [reason]: 2 } })
    expect(summary.skippedAt[reason]).toEqual([`${file}:3: another usage than "x2"`, `${file}:4: another at than "x2"`])
    expect(summary.knownFiles).toBeUndefined()
    expect((await purser.charge('x2' as never))?.usage).toEqual({ inputTokens: 5 })
  })

  it('is told of two rows of one file', async () => {
    const file = folder.write('a.csv', [header, '2026-02-01,big,1,x1', '2026-02-01,big,2,x1'])
    expect(await csv(file, map)).toMatchObject({ read: 2, booked: 1, duplicates: 0, skipped: { [reason]: 1 } })
  })

  it('is told of JSON lines, and compared only by what the line says', async () => {
    const line = { id: 'c1', at: '2026-02-20T10:00:00Z', model: 'big', usage: { inputTokens: 1 } }
    await jsonl(folder.write('a.jsonl', [{ ...line, labels: { project: 'atlas' }, durationMs: 9, costUsd: 2 }]))
    const file = folder.write('b.jsonl', [line, { ...line, labels: { project: 'other' } }, { ...line, costUsd: 3 }])
    const summary = await jsonl(file)
    expect(summary).toMatchObject({ booked: 0, duplicates: 1, skipped: { [reason]: 2 } })
    expect(summary.skippedAt[reason]).toEqual([`${file}:2: another labels than "c1"`, `${file}:3: another statedNanos than "c1"`])
  })

  it('is already known as it was booked and as it stands after corrections', async () => {
    const record = (inputTokens: number): object => ({ id: 'c1', at: '2026-02-20T10:00:00Z', model: 'big', usage: { inputTokens } })
    for (const inputTokens of [100, 300]) {
      const charge = call({ id: 'c1', usage: { inputTokens } })
      await purser.import('test', (sink) => sink.put([{ charge, onExisting: 'supersede' }], new Map()))
    }
    expect(await jsonl(folder.write('a.jsonl', [record(100), record(300), record(200)]))).toMatchObject({
      duplicates: 2,
      skipped: { [reason]: 1 },
    })
  })
})

describe('a file that is not UTF-8', () => {
  const text = `${rows.join('\n')}\n`
  it.each([
    ['UTF-16 with a byte order mark', Buffer.from(`\uFEFF${text}`, 'utf16le')],
    ['big-endian UTF-16', Buffer.from(`\uFEFF${text}`, 'utf16le').swap16()],
    ['UTF-16 without a mark', Buffer.from(text, 'utf16le')],
  ])('is refused: %s', async (_, bytes) => {
    for (const [name, run] of [
      ['a.csv', csv],
      ['a.jsonl', jsonl],
      ['a.json', jsonl],
    ] as const) {
      const file = join(folder.path, name)
      writeFileSync(file, bytes)
      await expect(run(file)).rejects.toMatchObject({
        code: 'PURSER_BAD_RECORD',
        message: `${file} is UTF-16 (or binary); save it as UTF-8.`,
      })
    }
  })
})

describe('a record that is refused', () => {
  it('is named with field and value', async () => {
    const file = folder.write('bills.csv', [
      't;m;i;usd;who',
      '2026-02-01;big;1,000;1;a',
      '2026-02-01;big;1;"1,25";a',
      'soon;big;1;1;a',
      '2026-02-01;big;1;20000000;a',
      `2026-02-01;big;"${'9 '.repeat(90)}";1;a`,
    ])
    const map = 'at=t,model=m,inputTokens=i,costUsd=usd,label:who=who'
    const { skippedAt } = await purser.import('csv', (sink) => importCsv({ files: [file], map, provider: 'nobody', zone: 'UTC' }, sink))
    const [first, second, long] = skippedAt['bad number'] ?? []
    expect([first, second, skippedAt['bad time']]).toEqual([
      `${file}:2: inputTokens is "1,000"`,
      `${file}:3: costUsd: "1,25" is not a decimal number`,
      [`${file}:4: at: "soon" is no date or time`],
    ])
    expect(long).toMatch(/:6: inputTokens is "9 9 9 .*…$/)
    expect((long ?? '').length - file.length).toBeLessThan(90)
    expect(skippedAt['amount out of range']).toEqual([`${file}:5: A call that costs $20,000,000.00 cannot be right`])
  })

  it('is named in JSON too, and without a value that looks like a key', async () => {
    const line = { at: '2026-02-20T10:00:00Z', model: 'big', usage: { inputTokens: 1 } }
    const key = `sk-proj-${'aB3'.repeat(14)}`
    const file = folder.write('a.jsonl', [
      { ...line, usage: { inputTokens: '1\u001B[2J' } },
      { ...line, outcome: key },
    ])
    const { skippedAt } = await jsonl(file)
    expect(skippedAt).toEqual({ 'bad number': [`${file}:1: inputTokens is "1\\u001b[2J"`], 'bad record': [`${file}:2`] })
    const document = folder.write('a.json', [JSON.stringify([line, { ...line, durationMs: -5 }])])
    expect((await jsonl(document)).skippedAt).toEqual({ 'bad record': [`${document}: entry 2: durationMs is -5`] })
  })
})
