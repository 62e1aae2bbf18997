import { ElevenLabsClient } from '@elevenlabs/elevenlabs-js'
import { describe, expect, test } from 'vitest'
import { wrap } from '../../src/clients/elevenlabs.ts'
import type { Purser } from '../../src/purser.ts'
import { charges, counter, openLedger, openWire, type Wire } from './wire.ts'

const asked = { text: 'Hello there', modelId: 'test-model' }
/** Eleven characters at a million nanos. */
const voiceNanos = 11_000_000n
const piece = new Uint8Array(1024)

function openClient({ url }: Wire, purser: Purser): ElevenLabsClient {
  return wrap(new ElevenLabsClient({ apiKey: 'test', baseUrl: url }), purser, { provider: 'elevenlabs' })
}

async function lengthOf(sound: ReadableStream<Uint8Array>): Promise<number> {
  let length = 0
  for await (const each of sound) length += each.length
  return length
}

describe('a voice that ElevenLabs streams', () => {
  test('is booked once it was heard to its end', async () => {
    const { purser } = await openLedger('elevenlabs')
    const wire = await openWire(({ sound }) => sound([piece, piece, piece], 'end', { 'request-id': 'req-1' }))
    const heard = await openClient(wire, purser).textToSpeech.stream('voice', asked)
    expect(await lengthOf(heard)).toBe(3072)
    expect(wire.seen.map(({ path }) => path)).toEqual(['/v1/text-to-speech/voice/stream'])
    expect(await charges(purser)).toMatchObject([
      { id: 'elevenlabs:req-1', outcome: 'ok', estimated: false, usage: { characters: 11 }, costNanos: voiceNanos },
    ])
    expect(await counter(purser)).toEqual({ spent: voiceNanos, held: 0n, presumed: 0n })
  })

  test('is booked as an estimate of its whole text where it breaks off', async () => {
    const { purser } = await openLedger('elevenlabs')
    const wire = await openWire(({ sound }) => sound([piece], 'cut'))
    const heard = await openClient(wire, purser).textToSpeech.stream('voice', asked)
    await expect(lengthOf(heard)).rejects.toThrow(/terminated|aborted|closed/)
    expect(await charges(purser)).toMatchObject([{ outcome: 'cut', estimated: true, usage: { characters: 11 }, costNanos: voiceNanos }])
    expect(await counter(purser)).toEqual({ spent: voiceNanos, held: 0n, presumed: 0n })
  })

  test('is booked alike where its listener leaves, by the signal or by reading no further', async () => {
    const { purser } = await openLedger('elevenlabs')
    const client = openClient(await openWire(({ sound }) => sound([piece], 'wait')), purser)
    const leaving = new AbortController()
    const heard = await client.textToSpeech.stream('voice', asked, { abortSignal: leaving.signal })
    const reader = heard.getReader()
    expect((await reader.read()).value).toHaveLength(1024)
    leaving.abort()
    await expect(reader.read()).rejects.toThrow(/abort/i)
    const left = await client.textToSpeech.stream('voice', asked)
    await left.cancel()
    const aborted = { outcome: 'aborted', estimated: true, usage: { characters: 11 }, costNanos: voiceNanos }
    await expect.poll(() => charges(purser)).toMatchObject([aborted, aborted])
    expect(await counter(purser)).toEqual({ spent: 2n * voiceNanos, held: 0n, presumed: 0n })
  })
})
