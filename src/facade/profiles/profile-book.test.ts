import { join } from 'node:path'
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { temporaryFolder } from '../../../test/ledger/temporary-ledger.ts'
import { Purser } from '../../purser.ts'
import type { ProfilesInput } from '../../runs/profiles/parse-profiles.ts'
import type { LedgerEvent } from '../../stores/store.ts'

const profiles: ProfilesInput = {
  economy: { default: 'openai/gpt-4o-mini' },
  balanced: { default: 'openai/gpt-4o', stepDown: { to: 'economy', at: '95%', budget: 'daily' } },
  quality: {
    default: 'openai/gpt-4o',
    passes: { refine: 'anthropic/claude-opus-4-5' },
    stages: { voice: 'elevenlabs/eleven_multilingual_v2' },
    stepDown: { to: 'balanced', at: '80%' },
  },
}

afterEach(() => {
  vi.useRealTimers()
})

async function open(db = join(temporaryFolder(), 'ledger.db'), profile = 'economy'): Promise<Purser> {
  const purser = await Purser.open({ db, profiles, profile })
  onTestFinished(() => purser.close())
  return purser
}

/** Costs that their owner states, so that shares are told by heart. */
const spend = (purser: Purser, costUsd: string, labels: Record<string, string> = {}): Promise<unknown> =>
  purser.record({ provider: 'acme', model: 'upscaler', costUsd, labels })

function eventsOf(purser: Purser, kind: string): LedgerEvent[] {
  const seen: LedgerEvent[] = []
  purser.listen((event) => {
    if (event.kind === kind) seen.push(event)
  })
  return seen
}

describe('the profile in force', () => {
  test('is what is configured, until another is used, from the next call on', async () => {
    const purser = await open()
    const changes = eventsOf(purser, 'profile.changed')
    expect(await purser.profiles.model()).toEqual({ provider: 'openai', model: 'gpt-4o-mini', profile: 'economy' })
    await purser.profiles.use('quality', { author: 'ada' })
    expect(await purser.profiles.model({ pass: 'refine' })).toEqual({ provider: 'anthropic', model: 'claude-opus-4-5', profile: 'quality' })
    await purser.profiles.use(null)
    expect(await purser.profiles.inForce()).toEqual({ name: 'economy', by: 'configured' })
    expect(changes.map(({ body }) => body)).toEqual([
      { project: null, author: 'ada', before: 'economy', after: 'quality' },
      { project: null, author: 'sdk', before: 'quality', after: null },
    ])
  })

  test('is chosen for a project apart, and by another process for this one', async () => {
    const db = join(temporaryFolder(), 'ledger.db')
    const [here, there] = [await open(db), await open(db)]
    await there.profiles.use('quality', { project: 'film' })
    expect((await here.profiles.model({ project: 'film' })).profile).toBe('quality')
    expect((await here.profiles.model({ project: 'atlas' })).profile).toBe('economy')
    expect((await here.profiles.model({ labels: { project: 'film' } })).profile).toBe('quality')
    await there.profiles.use('balanced')
    expect((await here.profiles.model({ project: 'film' })).profile).toBe('quality')
    await there.profiles.use(null, { project: 'film' })
    expect((await here.profiles.model({ project: 'film' })).profile).toBe('balanced')
    expect(await here.profiles.projects()).toEqual(new Map())
  })

  test('answers for the stage, pass and project of the code that asks', async () => {
    const purser = await open()
    await purser.profiles.use('quality', { project: 'film' })
    const asked = await purser.withLabels({ project: 'film', stage: 'voice' }, () => purser.profiles.model())
    expect(asked).toEqual({ provider: 'elevenlabs', model: 'eleven_multilingual_v2', profile: 'quality' })
    // What is asked wins over the labels around it.
    const other = await purser.withLabels({ project: 'film', stage: 'voice' }, () =>
      purser.profiles.model({ stage: 'cut', pass: 'refine' }),
    )
    expect(other.model).toBe('claude-opus-4-5')
  })

  test('can only be one that there is', async () => {
    const purser = await open()
    await expect(purser.profiles.use('qualty')).rejects.toMatchObject({
      code: 'PURSER_NOT_FOUND',
      message: 'There is no profile "qualty" (did you mean "quality"?).',
    })
    expect(await purser.profiles.inForce()).toEqual({ name: 'economy', by: 'configured' })
    const none = await Purser.open({ db: ':memory:' })
    await expect(none.profiles.model()).rejects.toThrow('No profile is in force, so no model can be named: none is defined')
    await none.close()
  })

  test('that is no longer defined is an error, and never another model in silence', async () => {
    const db = join(temporaryFolder(), 'ledger.db')
    const purser = await open(db)
    await purser.profiles.use('quality', { project: 'film' })
    const later = await Purser.open({ db, profiles: { economy: { default: 'openai/gpt-4o-mini' } }, profile: 'economy' })
    onTestFinished(() => later.close())
    await expect(later.profiles.model({ project: 'film' })).rejects.toThrow(
      'Profile "quality" is in force for project "film" and is not defined here (known: economy)',
    )
    expect((await later.profiles.model()).profile).toBe('economy')
  })

  test('is chosen for all where cost tracking is off, and no estimate is kept', async () => {
    const db = join(temporaryFolder(), 'ledger.db')
    const tracking = await open(db)
    const off = await Purser.open({ db, profiles, profile: 'economy', tracking: false })
    onTestFinished(() => off.close())
    await off.profiles.use('quality', { project: 'film' })
    expect((await off.profiles.model({ project: 'film' })).profile).toBe('quality')
    expect((await off.profiles.model()).profile).toBe('economy')
    expect((await tracking.profiles.model({ project: 'film' })).profile).toBe('quality')
    await off.profiles.use(null, { project: 'film' })
    expect((await off.profiles.model({ project: 'film' })).profile).toBe('economy')
    await off.estimates.save('r1', await off.estimate({ calls: [{ input: 1 }] }))
    expect(await tracking.runs.list()).toEqual([])
  })

  test('wrong profiles are refused before anything is opened', async () => {
    const db = join(temporaryFolder(), 'ledger.db')
    const wrong = Purser.open({ db, profiles: { economy: { default: 'openai/gpt-4o-mini' } }, profile: 'quality' })
    await expect(wrong).rejects.toMatchObject({
      code: 'PURSER_BAD_ARGUMENT',
      message: '"profile" of the options of Purser.open names "quality", and there is no such profile (known: economy).',
    })
  })
})

describe('a profile that steps down', () => {
  test('does so once a budget is used as far as it says, one step after the other, and is told once', async () => {
    const purser = await open(undefined, 'quality')
    const steps = eventsOf(purser, 'profile.stepped-down')
    await purser.budgets.set('daily', { limit: 10, window: 'day' })
    await spend(purser, '7.99')
    expect(await purser.profiles.model()).toEqual({ provider: 'openai', model: 'gpt-4o', profile: 'quality' })
    await spend(purser, '0.01')
    const stepped = {
      provider: 'openai',
      model: 'gpt-4o',
      profile: 'balanced',
      steppedDownFrom: 'quality',
      because: 'Budget "daily" has $8.00 spent of $10.00: from 80% on, profile "quality" steps down to "balanced".',
    }
    expect(await purser.profiles.model()).toEqual(stepped)
    expect(await purser.profiles.model({ pass: 'refine' })).toEqual(stepped)
    await spend(purser, '1.5')
    for (let call = 0; call < 5; call += 1) {
      expect(await purser.profiles.model()).toMatchObject({ model: 'gpt-4o-mini', profile: 'economy', steppedDownFrom: 'quality' })
    }
    expect(steps.map(({ body }) => [body['profile'], body['to'], body['budget'], body['spent'], body['limit']])).toEqual([
      ['quality', 'balanced', 'daily', '8000000000', '10000000000'],
      ['balanced', 'economy', 'daily', '9500000000', '10000000000'],
    ])
  })

  test('goes back by itself in the next window, and is told anew there', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.parse('2026-11-20T12:00:00Z') })
    const purser = await open(undefined, 'quality')
    const steps = eventsOf(purser, 'profile.stepped-down')
    await purser.budgets.set('daily', { limit: 10, window: 'day' })
    await spend(purser, '9')
    expect((await purser.profiles.model()).profile).toBe('balanced')
    vi.setSystemTime(Date.parse('2026-11-20T23:59:59Z'))
    expect((await purser.profiles.model()).profile).toBe('balanced')
    vi.setSystemTime(Date.parse('2026-11-21T00:00:00Z'))
    expect(await purser.profiles.model()).toEqual({ provider: 'openai', model: 'gpt-4o', profile: 'quality' })
    await spend(purser, '8.5')
    expect((await purser.profiles.model()).profile).toBe('balanced')
    expect(steps.map(({ at }) => new Date(at).toISOString().slice(0, 10))).toEqual(['2026-11-20', '2026-11-21'])
  })

  test('goes back where the limit is raised, and is not told a second time in the same window', async () => {
    const purser = await open(undefined, 'quality')
    const steps = eventsOf(purser, 'profile.stepped-down')
    await purser.budgets.set('daily', { limit: 10, window: 'day' })
    await spend(purser, '9')
    expect((await purser.profiles.model()).profile).toBe('balanced')
    await purser.budgets.change('daily', { limit: 20 })
    expect((await purser.profiles.model()).profile).toBe('quality')
    await purser.budgets.change('daily', { limit: 10 })
    expect((await purser.profiles.model()).profile).toBe('balanced')
    expect(steps).toHaveLength(1)
  })

  test('counts what is presumed spent, and not what is only held', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.parse('2026-11-20T12:00:00Z') })
    const purser = await open(undefined, 'quality')
    await purser.budgets.set('daily', { limit: 10, window: 'day' })
    await spend(purser, '5')
    await purser.holds.reserve({ amount: { cost: '3.5' }, ttlMs: 60_000 })
    expect((await purser.profiles.model()).profile).toBe('quality')
    vi.setSystemTime(Date.parse('2026-11-20T12:02:00Z'))
    expect((await purser.profiles.model()).because).toBe(
      'Budget "daily" has $5.00 spent and $3.50 presumed of $10.00: from 80% on, profile "quality" steps down to "balanced".',
    )
  })

  test('looks only at budgets that apply to the call, and at the one that it names', async () => {
    const purser = await open(undefined, 'quality')
    await purser.budgets.set('per-project', { limit: 10, window: 'total', each: ['project'] })
    await spend(purser, '9.9', { project: 'film' })
    expect((await purser.profiles.model({ project: 'atlas' })).profile).toBe('quality')
    // "balanced" goes on down by "daily" alone, which is not this one.
    expect(await purser.profiles.model({ project: 'film' })).toMatchObject({
      profile: 'balanced',
      because: expect.stringContaining('Budget "per-project" (project=film) has $9.90 spent') as string,
    })
  })

  test('is told once by two processes that see it at the same time', async () => {
    const db = join(temporaryFolder(), 'ledger.db')
    const [one, two] = [await open(db, 'quality'), await open(db, 'quality')]
    const steps = [eventsOf(one, 'profile.stepped-down'), eventsOf(two, 'profile.stepped-down')]
    await one.budgets.set('daily', { limit: 10, window: 'day' })
    await spend(one, '9')
    await Promise.all([one, two, one, two].map((purser) => purser.profiles.model()))
    expect(steps.flat()).toHaveLength(1)
  })

  test('answers also on a ledger that can only be read', async () => {
    const db = join(temporaryFolder(), 'ledger.db')
    const writing = await open(db, 'quality')
    await writing.budgets.set('daily', { limit: 10, window: 'day' })
    await spend(writing, '9')
    const reading = await Purser.open({ db, profiles, profile: 'quality', readOnly: true })
    onTestFinished(() => reading.close())
    expect((await reading.profiles.model()).profile).toBe('balanced')
  })
})

describe('why', () => {
  test('names the models of the profile in force with which a refused request would fit', async () => {
    const purser = await open(undefined, 'quality')
    await purser.budgets.set('daily', { limit: '0.03', window: 'day' })
    const body = { model: 'gpt-4o', max_tokens: 4000, service_tier: 'default', messages: [{ role: 'user', content: 'Hello' }] }
    const request = { provider: 'openai', api: 'chat', body }
    // 5 bytes, 256 for the request and 16 for the message are 277 tokens at most. gpt-4o: 277 × $2.50 + 4,000 × $10 a million is
    // $0.0406925; gpt-4o-mini: 277 × $0.15 + 4,000 × $0.60 is $0.00244155; claude-opus-4-5: 4,000 × $25 alone is $0.10.
    const { decision, fits } = await purser.holds.why({ request })
    expect(decision).toMatchObject({ granted: false, asked: 40_692_500n })
    expect(fits).toEqual([{ provider: 'openai', model: 'gpt-4o-mini', worstNanos: 2_441_550n }])
    const raised = await purser.budgets.change('daily', { limit: '0.00244155' }).then(() => purser.holds.why({ request }))
    expect(raised.fits).toHaveLength(1)
    const lower = await purser.budgets.change('daily', { limit: '0.002441549' }).then(() => purser.holds.why({ request }))
    expect(lower.fits).toEqual([])
  })

  test('names none where another model would not help: calls are used up, or nobody asked by a request', async () => {
    const purser = await open(undefined, 'quality')
    await purser.budgets.set('calls', { metric: 'calls', limit: 1, window: 'day' })
    await purser.budgets.set('daily', { limit: '0.03', window: 'day' })
    await spend(purser, '0')
    const body = { model: 'gpt-4o', max_tokens: 4000, service_tier: 'default', messages: [{ role: 'user', content: 'Hello' }] }
    expect((await purser.holds.why({ request: { provider: 'openai', api: 'chat', body } })).fits).toEqual([])
    expect((await purser.holds.why({ amount: { cost: '1' } })).fits).toEqual([])
  })
})
