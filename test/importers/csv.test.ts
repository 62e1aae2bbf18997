import { existsSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { type CsvImport, importCsv } from '../../src/importers/csv.ts'
import { createFolder, type Folder } from './folder.ts'
import { createMemorySink, type MemorySink } from './memory-sink.ts'

let folder: Folder
let sink: MemorySink

beforeEach(() => {
  folder = createFolder()
  sink = createMemorySink()
})

const map = 'at=TIMESTAMP,inputTokens=ContextTokens,outputTokens=GeneratedTokens'
const header = 'TIMESTAMP,ContextTokens,GeneratedTokens'

async function importFile(file: string, options: Partial<CsvImport> = {}, into = sink): Promise<MemorySink> {
  await importCsv({ files: [file], map, provider: 'openai', model: 'gpt-4o', zone: 'UTC', ...options }, into)
  return into
}

function charges({ charges: all }: MemorySink): unknown[] {
  return [...all.values()]
}

describe('a CSV file', () => {
  it('gives a call for each row by the mapping, with constants from the owner', async () => {
    const file = folder.write('a.csv', [header, '2023-11-16 18:17:03.9799600,4808,10'])
    expect(charges(await importFile(file, { labels: { project: 'azure' } }))).toEqual([
      {
        id: expect.stringMatching(/^csv:[0-9a-f]{32}$/),
        at: Date.UTC(2023, 10, 16, 18, 17, 3, 979),
        provider: 'openai',
        model: 'gpt-4o',
        usage: { inputTokens: 4808, outputTokens: 10 },
        labels: { project: 'azure' },
      },
    ])
  })

  it('maps every field of a call: labels, stated cost, outcome, tier, attributes, metadata', async () => {
    const columns = 'when;who;usd;how;tier;n;size;seconds;note'
    const all =
      'at=when,label:user=who,costUsd=usd,outcome=how,serviceTier=tier,images=n,attribute:size=size,durationMs=seconds,metadata.note=note'
    const file = folder.write('a.csv', [columns, '2026-02-20;ada;0.05;error;batch;2;1024x1024;1500;x'])
    expect(charges(await importFile(file, { map: all }))).toMatchObject([
      {
        labels: { user: 'ada' },
        statedNanos: 50_000_000n,
        outcome: 'error',
        serviceTier: 'batch',
        usage: { images: 2, attributes: { size: '1024x1024' } },
        durationMs: 1500,
        metadata: { note: 'x' },
      },
    ])
  })

  it('reads columns that are named like what they hold without a mapping', async () => {
    const file = folder.write('a.csv', [
      'at,provider,model,inputTokens,label:project,other',
      '2026-02-20T10:00:00+01:00,mistral,large,7,atlas,x',
    ])
    await importCsv({ files: [file], zone: 'UTC' }, sink)
    expect(charges(sink)).toMatchObject([
      { at: Date.UTC(2026, 1, 20, 9), provider: 'mistral', model: 'large', usage: { inputTokens: 7 }, labels: { project: 'atlas' } },
    ])
  })

  it('reads what an export wrote: stated and reported costs, no worked out ones, no corrections', async () => {
    const columns = 'id,at,bookedAt,provider,model,status,costUsd,costNanos,statedNanos,reportedNanos,corrects,inputTokens,label.project'
    const file = folder.write('a.csv', [
      columns,
      'c1,2026-02-20T10:00:00.000Z,2026-02-20T10:00:01.000Z,openai,gpt-4o,priced,0.0025,2500000,,,,1000,atlas',
      'c2,2026-02-20T10:00:00.000Z,2026-02-20T10:00:01.000Z,acme,x,stated,0.05,50000000,50000000,7,,,atlas',
      'c1~1,2026-02-20T10:00:00.000Z,2026-02-20T10:00:02.000Z,openai,gpt-4o,priced,0.0025,2500000,,,c1,1000,atlas',
    ])
    await importCsv({ files: [file], zone: 'UTC' }, sink)
    expect(sink.charges.get('c1')).toMatchObject({ usage: { inputTokens: 1000 }, labels: { project: 'atlas' } })
    expect(sink.charges.get('c1')).not.toHaveProperty('statedNanos')
    expect(sink.charges.get('c2')).toMatchObject({ statedNanos: 50_000_000n, reportedNanos: 7n })
    expect(Object.fromEntries(sink.skipped)).toEqual({ 'correction of another charge (export without --corrections)': [`${file}:4`] })
  })

  it('keeps equal rows two', async () => {
    const file = folder.write('a.csv', [header, '2024-01-01,5,1', '2024-01-01,5,1', '2024-01-01,5,2'])
    expect((await importFile(file)).counted).toEqual({ read: 3, booked: 3, superseded: 0, duplicates: 0 })
  })

  it('books nothing twice when the file comes again under another name', async () => {
    const lines = [header, '2024-01-01,5,1', '2024-01-01,5,1']
    await importFile(folder.write('a.csv', lines))
    expect((await importFile(folder.write('b.csv', lines), {}, sink.again())).counted).toEqual({
      read: 2,
      booked: 0,
      superseded: 0,
      duplicates: 2,
    })
  })

  it('imports only the rows that were appended, also one that equals an earlier row', async () => {
    const file = folder.write('a.csv', [header, '2024-01-01,5,1', '2024-01-01,6,1'])
    await importFile(file)
    expect((await importFile(file, {}, sink.again())).counted.read).toBe(0)
    folder.append('a.csv', ['2024-01-01,5,1'])
    expect((await importFile(file, {}, sink.again())).counted).toEqual({ read: 1, booked: 1, superseded: 0, duplicates: 0 })
    expect(sink.charges.size).toBe(3)
  })

  it('keeps equal rows of two files apart where the owner says that they are different calls', async () => {
    const lines = [header, '2024-01-01,5,1', '2024-01-01,5,1']
    for (const [name, project] of Object.entries({ a: 'a', b: 'b' })) {
      await importFile(folder.write(`${name}.csv`, lines), { labels: { project } }, sink.again())
    }
    expect([...sink.charges.values()].map(({ labels }) => labels['project'])).toEqual(['a', 'a', 'b', 'b'])
    for (const [name, more] of Object.entries({
      c: { model: 'gpt-5' },
      d: { provider: 'azure' },
      e: { map: `${map},durationMs=ContextTokens` },
    })) {
      const other = await importFile(folder.write(`${name}.csv`, lines), { labels: { project: 'a' }, ...more }, sink.again())
      expect(other.counted.booked).toBe(2)
    }
  })

  it('books nothing twice when it is written anew in another order, moved, or imported with the same labels in another order', async () => {
    const labels = { project: 'a', team: 'b' }
    const file = folder.write('a.csv', [header, '2024-01-01,5,1', '2024-01-02,6,1'])
    await importFile(file, { labels })
    folder.write('a.csv', [header, '2024-01-03,7,1', '2024-01-02,6,1', '2024-01-01,5,1'])
    expect((await importFile(file, { labels: { team: 'b', project: 'a' } }, sink.again())).counted).toMatchObject({
      booked: 1,
      duplicates: 2,
    })
  })

  it('refuses a point in a whole number, which may part thousands, and takes the fractions that tables write', async () => {
    const file = folder.write('a.csv', [
      'TIMESTAMP;ContextTokens;GeneratedTokens;s',
      '2024-01-01;1.000;1;1.250',
      '2024-01-01;1.234.567;1;2',
      '2024-01-01;5.0;7.00;1.250',
    ])
    const { skipped } = await importFile(file, { map: `${map},audioSeconds=s` })
    expect(Object.fromEntries(skipped)).toEqual({
      'bad number': [`${file}:2: inputTokens is "1.000"`, `${file}:3: inputTokens is "1.234.567"`],
    })
    expect([...sink.charges.values()].map(({ usage }) => usage)).toEqual([{ inputTokens: 5, outputTokens: 7, audioSeconds: 1.25 }])
  })

  it('takes times without an offset in the zone given', async () => {
    const file = folder.write('a.csv', [header, '2024-07-01 12:00:00,5,1'])
    expect(charges(await importFile(file, { zone: 'Europe/Paris' }))).toMatchObject([{ at: Date.UTC(2024, 6, 1, 10) }])
  })

  it('reads a byte order mark, semicolons, quoted line breaks and quotes', async () => {
    const file = folder.write('a.csv', ['\uFEFFat;model;label:note;inputTokens', '2024-01-01;m1;"a;b";5', '2024-01-01;"m""2";"c', 'd";6'])
    const { skipped, charges: all } = await importFile(file, { map: 'at=at,model=model,inputTokens=inputTokens' })
    expect([...all.values()].map(({ model, usage }) => [model, usage.inputTokens])).toEqual([
      ['m1', 5],
      ['m"2', 6],
    ])
    expect(skipped.size).toBe(0)
  })

  it('counts and names bad rows and takes the others', async () => {
    const file = folder.write('a.csv', [
      header,
      '1970-01-01,5,1',
      '2090-01-01,5,1',
      'soon,5,1',
      '2024-01-01,-5,1',
      '2024-01-01,1.5,1',
      '2024-01-01,NaN,1',
      '2024-01-01,5',
      '2024-01-01,7,1',
    ])
    const { skipped, counted } = await importFile(file)
    const at = (line: number): string => `${file}:${line}`
    expect(Object.fromEntries(skipped)).toEqual({
      'bad time': [
        expect.stringContaining(`${at(2)}: at: 1970-01-01T00:00:00.000Z is outside`),
        expect.stringContaining(`${at(3)}: at: 2090-01-01T00:00:00.000Z is outside`),
        `${at(4)}: at: "soon" is no date or time`,
      ],
      'bad number': [`${at(5)}: inputTokens is -5`, `${at(6)}: inputTokens is "1.5"`, `${at(7)}: inputTokens is "NaN"`],
      'wrong number of columns': [at(8)],
    })
    expect(counted).toEqual({ read: 8, booked: 1, superseded: 0, duplicates: 0 })
  })

  it('names a bad row once, also one that is appended later', async () => {
    const file = folder.write('a.csv', [header, '2024-01-01,5', '2024-01-01,5,1'])
    await importFile(file)
    folder.append('a.csv', ['2024-01-02,5', '2024-01-02,-1,1', '2024-01-02,5,1'])
    const second = await importFile(file, {}, sink.again())
    expect(second.counted).toEqual({ read: 3, booked: 1, superseded: 0, duplicates: 0 })
    expect(Object.fromEntries(second.skipped)).toEqual({
      'wrong number of columns': [`${file}:4`],
      'bad number': [`${file}:5: inputTokens is -1`],
    })
  })

  it('names a quote that is never closed, and takes the rows once it is', async () => {
    const file = folder.write('a.csv', [header, '2024-01-01,5,1', '2024-01-02,"5'])
    expect([...(await importFile(file)).skipped.keys()]).toEqual(['not CSV'])
    folder.append('a.csv', ['",1', '2024-01-03,5,1'])
    const second = await importFile(file, {}, sink.again())
    expect(second.counted).toEqual({ read: 2, booked: 2, superseded: 0, duplicates: 0 })
  })

  it('refuses a label that breaks the rules', async () => {
    const file = folder.write('a.csv', ['at,inputTokens,team', '2024-01-01,5,"a\nb"', '2024-01-01,5,web'])
    const { skipped, counted } = await importFile(file, { map: 'at=at,inputTokens=inputTokens,label:team=team' })
    expect([counted.booked, [...skipped.keys()]]).toEqual([1, ['bad label']])
  })

  it('takes a last row without a line break once the file has rested, and leaves it while it may be growing', async () => {
    const file = folder.write('a.csv', [header, '2024-01-01,5,1', '2024-01-01,48'], '')
    expect((await importFile(file)).counted.booked).toBe(1)
    folder.append('a.csv', ['08,1'], '')
    expect((await importFile(file, {}, sink.again())).counted.booked).toBe(0)
    utimesSync(file, new Date(), new Date(Date.now() - 120_000))
    expect((await importFile(file, {}, sink.again())).counted.booked).toBe(1)
    expect([...sink.charges.values()].map(({ usage }) => usage.inputTokens)).toEqual([5, 4808])
  })

  it('says what is wrong with a mapping', async () => {
    const file = folder.write('a.csv', [header, '2024-01-01,5,1'])
    const badTarget = importFile(file, { map: 'at=TIMESTAMP,inputTokns=ContextTokens' })
    await expect(badTarget).rejects.toMatchObject({ code: 'PURSER_BAD_ARGUMENT', message: expect.stringContaining('inputTokens') })
    const badColumn = importFile(file, { map: 'at=TIMESTAMPS' })
    await expect(badColumn).rejects.toMatchObject({ code: 'PURSER_BAD_ARGUMENT', message: expect.stringContaining('"TIMESTAMP"') })
    await expect(importFile(file, { map: 'inputTokens=ContextTokens' })).rejects.toMatchObject({ code: 'PURSER_BAD_ARGUMENT' })
    await expect(importFile(`${file}.absent`)).rejects.toMatchObject({ code: 'PURSER_NOT_FOUND' })
  })

  it('says so of a mapping also where a file has nothing new', async () => {
    const file = folder.write('a.csv', [header, '2024-01-01,5,1'])
    await importFile(file)
    const badColumn = { code: 'PURSER_BAD_ARGUMENT', message: expect.stringContaining('Did you mean "ContextTokens"?') as string }
    const wrong = { map: 'at=TIMESTAMP,inputTokens=ContextToken' }
    await expect(importFile(file, wrong, sink.again())).rejects.toMatchObject(badColumn)
    expect((await importFile(file, {}, sink.again())).counted).toMatchObject({ read: 0, booked: 0 })
    const quoted = folder.write('b.csv', ['\uFEFF"when, exactly";in', '2024-01-01;5'])
    await expect(importFile(quoted, { map: 'at=when,inputTokens=in' })).rejects.toMatchObject({
      message: expect.stringContaining('no column "when"') as string,
    })
  })

  it('books nothing of several files where one of them has not the column', async () => {
    const files = [folder.write('a.csv', [header, '2024-01-01,5,1']), folder.write('b.csv', ['TIMESTAMP,Tokens', '2024-01-02,5'])]
    const wrong = importCsv({ files, map, provider: 'openai', model: 'gpt-4o', zone: 'UTC' }, sink)
    await expect(wrong).rejects.toMatchObject({ message: expect.stringMatching(/b\.csv has no column "ContextTokens"/) as string })
    expect(sink.counted).toMatchObject({ read: 0, booked: 0 })
  })

  it('that is empty is no mistake of the mapping', async () => {
    expect((await importFile(folder.write('a.csv', [], ''))).counted.read).toBe(0)
  })
})

const data = join(import.meta.dirname, '../../../shared/data')

describe.skipIf(!existsSync(data))('the Azure traces of 2023 (skipped where the folder ../shared/data is absent)', () => {
  it.each([
    ['azure-llm-2023-code.csv', 8819, 18_059_974, 245_896],
    ['azure-llm-2023-conv.csv', 19_366, 22_361_870, 4_088_665],
  ])('%s gives all its calls, and equal rows stay', async (name, calls, input, output) => {
    const { charges: all, counted } = await importFile(join(data, name))
    expect(counted).toEqual({ read: calls, booked: calls, superseded: 0, duplicates: 0 })
    const sum = (of: 'inputTokens' | 'outputTokens'): number => [...all.values()].reduce((total, { usage }) => total + (usage[of] ?? 0), 0)
    expect([sum('inputTokens'), sum('outputTokens')]).toEqual([input, output])
  })
})
