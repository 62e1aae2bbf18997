import { beforeEach, describe, expect, it } from 'vitest'
import { importJsonl, type JsonlImport } from '../../src/importers/jsonl.ts'
import { createFolder, type Folder } from './folder.ts'
import { createMemorySink, type MemorySink } from './memory-sink.ts'

let folder: Folder
let sink: MemorySink

beforeEach(() => {
  folder = createFolder()
  sink = createMemorySink()
})

async function importFile(file: string, options: Partial<JsonlImport> = {}, into = sink): Promise<MemorySink> {
  await importJsonl({ files: [file], zone: 'UTC', ...options }, into)
  return into
}

const call = { at: '2026-02-20T10:00:00Z', provider: 'openai', model: 'gpt-4o', usage: { inputTokens: 10, outputTokens: 2 } }

describe('JSON lines', () => {
  it('read records in purser’s own words', async () => {
    const file = folder.write('a.jsonl', [{ ...call, labels: { project: 'atlas' }, id: 'call-1', outcome: 'error', costUsd: '0.05' }])
    expect([...(await importFile(file)).charges]).toEqual([
      [
        'call-1',
        {
          id: 'call-1',
          at: Date.UTC(2026, 1, 20, 10),
          provider: 'openai',
          model: 'gpt-4o',
          usage: { inputTokens: 10, outputTokens: 2 },
          labels: { project: 'atlas' },
          outcome: 'error',
          statedNanos: 50_000_000n,
        },
      ],
    ])
  })

  it('read raw responses of a provider, under the id that the provider gave', async () => {
    const body = { id: 'chatcmpl-1', model: 'gpt-4o-2024-08-06', usage: { prompt_tokens: 9, completion_tokens: 4, total_tokens: 13 } }
    const file = folder.write('a.jsonl', [{ at: call.at, provider: 'openai', api: 'chat', body }])
    const { charges } = await importFile(file)
    expect(charges.get('openai:chatcmpl-1')).toMatchObject({ model: 'gpt-4o-2024-08-06', usage: { inputTokens: 9, outputTokens: 4 } })
  })

  it('read what an export wrote, with stated and reported costs, and leave corrections out', async () => {
    const exported = {
      id: 'openai:resp_1',
      seq: 12,
      bookedAt: '2026-02-20T10:00:05.000Z',
      ...call,
      at: '2026-02-20T10:00:00.000Z',
      modelAsked: null,
      serviceTier: 'standard',
      speed: 'standard',
      region: null,
      basis: 'plan',
      outcome: 'ok',
      labels: { run: 'r1' },
      lines: [],
      costNanos: '45000',
      costUsd: 0.000045,
      statedNanos: null,
      reportedNanos: '46000',
      status: 'priced',
      card: {},
      batch: 'imp_1',
      corrects: null,
    }
    const file = folder.write('a.jsonl', [
      exported,
      { ...exported, id: 'openai:resp_2', status: 'stated', costNanos: '7', reportedNanos: null },
      { ...exported, id: 'openai:resp_1~1', corrects: 'openai:resp_1' },
    ])
    const { charges, skipped } = await importFile(file)
    expect(charges.get('openai:resp_1')).toMatchObject({ basis: 'plan', labels: { run: 'r1' }, reportedNanos: 46_000n })
    expect(charges.get('openai:resp_1')).not.toHaveProperty('statedNanos')
    expect(charges.get('openai:resp_2')).toMatchObject({ statedNanos: 7n })
    expect(Object.fromEntries(skipped)).toEqual({ 'correction of another charge (export without --corrections)': [`${file}:3`] })
  })

  it('read any objects by a mapping of paths', async () => {
    const file = folder.write('a.jsonl', [{ time: 1_771_581_600_000, llm: { name: 'm', tokens: { in: 3, out: 4 } }, team: 'web' }])
    const map = 'at=time,model=llm.name,inputTokens=llm.tokens.in,outputTokens=llm.tokens.out,label:team=team'
    expect([...(await importFile(file, { map, provider: 'acme' })).charges.values()]).toMatchObject([
      { at: 1_771_581_600_000, provider: 'acme', model: 'm', usage: { inputTokens: 3, outputTokens: 4 }, labels: { team: 'web' } },
    ])
  })

  it('keep equal lines two, book nothing twice, and take only what was appended', async () => {
    const file = folder.write('a.jsonl', [call, call])
    expect((await importFile(file)).counted.booked).toBe(2)
    expect((await importFile(file, {}, sink.again())).counted.read).toBe(0)
    folder.append('a.jsonl', [call])
    expect((await importFile(file, {}, sink.again())).counted).toEqual({ read: 1, booked: 1, superseded: 0, duplicates: 0 })
    const copy = folder.write('b.jsonl', [call, call, call])
    expect((await importFile(copy, {}, sink.again())).counted).toEqual({ read: 3, booked: 0, superseded: 0, duplicates: 3 })
  })

  it('count and name bad lines, and leave a truncated last one for the next time', async () => {
    const text = JSON.stringify({ ...call, id: 'late' })
    const bad = [
      'no json',
      '7',
      { ...call, usage: { inputTokns: 1 } },
      { ...call, usage: { inputTokens: -1 } },
      { ...call, at: '2090-01-01' },
      { ...call, labels: { project: 'a\nb' } },
      { ...call, labels: { model: 'x' } },
      { ...call, colour: 'red' },
      { provider: 'openai', model: 'gpt-4o' },
    ]
    const file = folder.write('a.jsonl', [...bad, '', call, text.slice(0, 40)], '')
    const { skipped, counted } = await importFile(file)
    const at = (line: number): string => `${file}:${line}`
    expect(Object.fromEntries(skipped)).toEqual({
      'not JSON': [at(1)],
      'not a JSON object': [at(2)],
      'unknown usage key': [`${at(3)}: Unknown usage key "inputTokns"`],
      'bad number': [`${at(4)}: inputTokens is -1`],
      'bad time': [expect.stringContaining(`${at(5)}: at: 2090-01-01T00:00:00.000Z is outside`), `${at(9)}: The record has no time`],
      'bad label': [
        `${at(6)}: Label "project" contains a line break or another control character`,
        `${at(7)}: "model" is a reserved name and cannot be a label key`,
      ],
      'bad record': [`${at(8)}: Unknown field "colour"`],
    })
    expect(counted).toEqual({ read: 10, booked: 1, superseded: 0, duplicates: 0 })
    folder.append('a.jsonl', [text.slice(40)])
    expect((await importFile(file, {}, sink.again())).charges.has('late')).toBe(true)
  })
})

describe('several files of one import', () => {
  const other = { ...call, at: '2026-02-21T10:00:00Z' }
  const importFiles = async (files: readonly string[]): Promise<MemorySink> => {
    const into = sink.again()
    await importJsonl({ files, zone: 'UTC' }, into)
    return into
  }

  it('keep equal lines of two files two, and books nothing twice when the files move', async () => {
    const files = [folder.write('d1.jsonl', [call, other]), folder.write('d2.jsonl', [call])]
    expect((await importFiles(files)).counted.booked).toBe(3)
    expect((await importFiles(files)).counted.read).toBe(0)
    const moved = [folder.write('old/d2.jsonl', [call]), folder.write('old/d1.jsonl', [call, other])]
    expect((await importFiles(moved)).counted).toMatchObject({ booked: 0, duplicates: 3 })
  })

  it('take a file and its copy for one', async () => {
    const files = ['d1.jsonl', 'copy.jsonl'].map((name) => folder.write(name, [call, call, other]))
    expect((await importFiles(files)).counted).toMatchObject({ booked: 3, duplicates: 3 })
  })

  it('count an equal line that a later file gains, though the files before it are unchanged', async () => {
    const files = [folder.write('d1.jsonl', [call]), folder.write('d2.jsonl', [other])]
    await importFiles(files)
    folder.append('d2.jsonl', [call])
    expect((await importFiles(files)).counted).toEqual({ read: 1, booked: 1, superseded: 0, duplicates: 0 })
    const documents = [folder.write('m1.json', [JSON.stringify([{ ...call, model: 'm' }])]), folder.write('m2.json', ['[]'])]
    await importFiles(documents)
    folder.write('m2.json', [JSON.stringify([{ ...call, model: 'm' }])], '\n\n')
    expect((await importFiles(documents)).counted.booked).toBe(1)
  })
})

describe('cost logs of media pipelines', () => {
  const entry = {
    timestamp: '2025-01-21T15:30:00.123456',
    service: 'nanobanana',
    operation: 'image_generation',
    cost: 0.02,
    metadata: { prompt: 'a red fox', num_images: 1 },
    video_id: 'v1',
  }

  it('by day, as JSON lines: stated cost under service, operation and video, without prompts', async () => {
    const file = folder.write('costs_2025-01-21.jsonl', [entry, { ...entry, service: 'gemini', video_id: null }])
    expect([...(await importFile(file, { zone: 'Europe/Paris' })).charges.values()]).toMatchObject([
      {
        at: Date.UTC(2025, 0, 21, 14, 30, 0, 123),
        provider: 'nanobanana',
        model: 'unknown',
        usage: {},
        statedNanos: 20_000_000n,
        labels: { service: 'nanobanana', operation: 'image_generation', video: 'v1' },
        metadata: { num_images: 1 },
      },
      { provider: 'google', labels: { service: 'gemini', operation: 'image_generation' } },
    ])
    expect(JSON.stringify([...sink.charges.values()].map(({ metadata }) => metadata))).not.toContain('fox')
  })

  it('by month, as a JSON document that grows', async () => {
    const use = {
      timestamp: '2025-12-10T09:00:00',
      service: 'openai',
      model: 'gpt-4o',
      tokens_input: 1500,
      tokens_output: 300,
      cost: 0.00675,
      stage: '13_ai_summarization',
      job_id: 'job-1',
      user_id: 1,
    }
    const file = folder.write('2025-12.json', [JSON.stringify({ month: '2025-12', entries: [use, use] })])
    expect([...(await importFile(file)).charges.values()]).toMatchObject([
      {
        provider: 'openai',
        model: 'gpt-4o',
        usage: { inputTokens: 1500, outputTokens: 300 },
        statedNanos: 6_750_000n,
        labels: { service: 'openai', stage: '13_ai_summarization', job: 'job-1', user: '1' },
      },
      {},
    ])
    folder.write('2025-12.json', [JSON.stringify([use, use, { ...use, tokens_input: 7 }, { ...use, timestamp: 'x' }])])
    const again = await importFile(file, {}, sink.again())
    expect(again.counted).toEqual({ read: 4, booked: 1, superseded: 0, duplicates: 2 })
    expect(Object.fromEntries(again.skipped)).toEqual({ 'bad time': [`${file}: entry 4: at: "x" is no date or time`] })
  })

  it('names a document that is no JSON and reads it when it is whole', async () => {
    const file = folder.write('2025-12.json', ['[{"timestamp":'])
    expect([...(await importFile(file)).skipped.keys()]).toEqual(['not JSON'])
    folder.write('2025-12.json', [JSON.stringify([entry])])
    expect((await importFile(file, {}, sink.again())).counted.booked).toBe(1)
  })
})
