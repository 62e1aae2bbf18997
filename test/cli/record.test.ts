import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { recordedShape, costsShape } from '../../src/json/json-shapes.ts'
import { newMachine } from './run-purser.ts'

const call = ['record', '--provider', 'openai', '--model', 'gpt-4o', '--usage', 'inputTokens=1000,outputTokens=200']

describe('record', () => {
  test('books the call and gives the charge', async () => {
    const machine = newMachine()
    const args = ['record', '--provider', 'elevenlabs', '--model', 'eleven_multilingual_v2', '--usage', 'characters=1200']
    const charge = await machine.json(recordedShape, [
      ...args,
      '--label',
      'video=v1',
      '--label',
      'operation=voice',
      '--at',
      '2026-02-20T10:00:00Z',
    ])
    expect(charge).toMatchObject({
      at: '2026-02-20T10:00:00.000Z',
      provider: 'elevenlabs',
      labels: { video: 'v1', operation: 'voice' },
      usage: { characters: 1200 },
      status: 'priced',
      outcome: 'ok',
      basis: 'metered',
    })
    const costs = await machine.json(costsShape, ['costs', '--by', 'video', '--period', 'all'])
    expect(costs.rows).toHaveLength(1)
    expect(costs.rows[0]).toMatchObject({ video: 'v1', calls: 1, costNanos: charge.costNanos })
  })

  test('says what it cost in one line, and how with --explain', async () => {
    const machine = newMachine()
    expect((await machine.run(call)).out).toBe('openai.gpt-4o = $0.0045\n')
    expect((await machine.run([...call, '--explain'])).out).toContain('200 × $10 / 1M tokens')
  })

  test('charges a call that serves several to each by weight', async () => {
    const machine = newMachine()
    const serves = JSON.stringify([{ labels: { ticket: 'T-1' }, weight: 2 }, { labels: { ticket: 'T-2' } }])
    const shared = [...call, '--label', 'agent=builder', '--serves', serves]
    expect((await machine.run([...shared, '--id', 'one'])).out).toBe(
      'openai.gpt-4o = $0.003  part 1 of 2: agent=builder, ticket=T-1\nopenai.gpt-4o = $0.0015  part 2 of 2: agent=builder, ticket=T-2\n',
    )
    const told = await machine.json(recordedShape, [...shared, '--id', 'one'])
    expect(told).toMatchObject({ id: 'one', costNanos: '3000000', alreadyBooked: true, part: { of: 'one', index: 1, weights: ['2', '1'] } })
    expect(told.parts?.map(({ id, costNanos }) => [id, costNanos])).toEqual([
      ['one', '3000000'],
      ['one#2/2', '1500000'],
    ])
    await machine.run(['hold', 'reserve', '--amount', '0.10', '--id', 'h1', '--label', 'agent=builder'])
    const settled = await machine.run(['hold', 'settle', 'h1', ...call.slice(1), '--serves', serves, '--json'])
    expect(JSON.parse(settled.out)).toMatchObject({ state: 'settled', costNanos: '4500000' })
    const costs = await machine.json(costsShape, ['costs', '--by', 'ticket', '--period', 'all'])
    expect(costs.rows.map(({ ticket, calls, costNanos }) => [ticket, calls, costNanos])).toEqual([
      ['T-1', 2, '6000000'],
      ['T-2', 0, '3000000'],
    ])
    expect((await machine.run([...call, '--serves', 'T-1'])).err).toContain('--serves is not JSON')
    expect((await machine.run([...call, '--serves', '[]'])).err).toContain('serves is a list of 0')
  })

  test('keeps the ledger in the data folder unless told otherwise', async () => {
    const machine = newMachine()
    await machine.run(call)
    await machine.run(call, { env: { XDG_DATA_HOME: join(machine.home, 'data') } })
    await machine.run([...call, '--db', 'here.db'])
    const paths = ['.local/share/purser/purser.db', 'data/purser/purser.db', 'project/here.db'].map((path) => join(machine.home, path))
    expect(paths.map((path) => existsSync(path))).toEqual(process.platform === 'linux' ? [true, true, true] : [false, true, true])
  })

  test('the same id with the same call is one charge, with another call an error', async () => {
    const machine = newMachine()
    const first = await machine.json(recordedShape, [...call, '--id', 'a-1'])
    const again = await machine.json(recordedShape, [...call, '--id', 'a-1'])
    expect(again).toEqual({ ...first, alreadyBooked: true })
    expect((await machine.run([...call, '--id', 'a-1'])).out).toContain('already booked as a-1')
    const other = await machine.run([...call.slice(0, -1), 'inputTokens=7', '--id', 'a-1', '--json'])
    expect(other.code).toBe(2)
    expect(other.err).toContain('PURSER_ID_CONFLICT')
  })

  test('a stated cost counts where there is no price', async () => {
    const charge = await newMachine().json(recordedShape, ['record', '--provider', 'acme', '--model', 'upscaler', '--cost', '$0.05'])
    expect(charge).toMatchObject({ status: 'stated', costUsd: 0.05, costNanos: '50000000', statedNanos: '50000000' })
  })

  test('keeps outcome, metadata and the rest of what is known', async () => {
    const more = [
      '--outcome',
      'error',
      '--metadata',
      '{"retry":true}',
      '--attempt',
      '2',
      '--call-id',
      'c-9',
      '--duration-ms',
      '1200',
      '--basis',
      'plan',
    ]
    const charge = await newMachine().json(recordedShape, [
      ...call,
      ...more,
      '--stop-reason',
      'length',
      '--estimated',
      '--model-asked',
      'gpt-4o-latest',
    ])
    expect(charge).toMatchObject({
      outcome: 'error',
      metadata: { retry: true },
      attempt: 2,
      callId: 'c-9',
      durationMs: 1200,
      basis: 'plan',
      stopReason: 'length',
      estimated: true,
      modelAsked: 'gpt-4o-latest',
    })
  })

  test('reads a raw response from a file or standard input', async () => {
    const machine = newMachine()
    const body = '{"id":"chatcmpl-1","model":"gpt-4o","usage":{"prompt_tokens":1000,"completion_tokens":200,"total_tokens":1200}}'
    machine.write('response.json', body)
    const args = ['record', '--provider', 'openai', '--api', 'chat', '--body']
    const charge = await machine.json(recordedShape, [...args, 'response.json'])
    expect(charge).toMatchObject({ id: 'openai:chatcmpl-1', costNanos: '4500000', model: 'gpt-4o' })
    expect(await machine.json(recordedShape, [...args, '-'], { input: body })).toEqual({ ...charge, alreadyBooked: true })
  })

  test('books what has no price, and shows how to give it one', async () => {
    const machine = newMachine()
    const args = ['record', '--provider', 'whisperx', '--model', 'large-v3', '--usage', 'audioSeconds=60.5']
    const { code, out, err } = await machine.run(args)
    expect([code, out]).toEqual([0, 'whisperx.large-v3 = unpriced\n'])
    expect(err).toContain('per_audio_second: …')
    expect((await machine.run([...args, '--strict'])).code).toBe(3)
  })

  test('images are priced by their size and quality', async () => {
    const args = [
      'record',
      '--provider',
      'openai',
      '--model',
      'dall-e-3',
      '--usage',
      'images=2',
      '--attribute',
      'size=1024x1024,quality=standard',
    ]
    // Two images at $0.04: https://platform.openai.com/docs/pricing
    expect(await newMachine().json(recordedShape, args)).toMatchObject({ costNanos: '80000000' })
  })
})
