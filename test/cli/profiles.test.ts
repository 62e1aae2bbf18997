import { beforeEach, expect, test } from 'vitest'
import { configShowShape } from '../../src/json/config-shapes.ts'
import { whyShape } from '../../src/json/gate-shapes.ts'
import { profileListShape, profileShowShape, profileUseShape } from '../../src/json/profile-shapes.ts'
import { done } from './gate-machine.ts'
import { type Machine, newMachine } from './run-purser.ts'

const yaml = `profiles:
  economy:
    default: gpt-4o-mini
    stages: { review: { refine: anthropic/claude-haiku-4-5 } }
  quality:
    default: openai/gpt-4o
    step_down: { to: economy, at: 80%, budget: daily }
profile: quality
`
let machine: Machine

beforeEach(() => {
  machine = newMachine()
  machine.write('purser.yaml', yaml)
})

const lines = (text: string): string[] => text.split('\n').map((line) => line.trim().replace(/\s+/g, ' '))

test('are listed with what is in force, also where there is no ledger yet', async () => {
  const { code, out, err } = await machine.run(['profiles', 'list'])
  expect([code, err]).toEqual([0, ''])
  expect(lines(out)).toEqual([
    'profile default others steps down in force',
    'economy openai/gpt-4o-mini 1',
    'quality openai/gpt-4o 0 to economy at 80% all',
    '',
  ])
  expect(await machine.json(profileListShape, ['profiles', 'list'])).toMatchObject({ inForce: 'quality', by: 'configured', projects: {} })
})

test('are put into force for all and for a project, and given back', async () => {
  expect(await machine.json(profileUseShape, ['profiles', 'use', 'economy'])).toEqual({
    project: null,
    before: 'quality',
    after: 'economy',
  })
  const film = await machine.run(['profiles', 'use', 'quality', '--project', 'film'])
  expect(film.out).toBe('Profile quality is in force for project film, from the next call on.\n')
  expect(await machine.json(profileListShape, ['profiles', 'list'])).toMatchObject({
    inForce: 'economy',
    by: 'ledger',
    projects: { film: 'quality' },
  })
  expect(lines(await done(machine, ['profiles', 'list']))[2]).toBe('quality openai/gpt-4o 0 to economy at 80% film')
  expect(await machine.json(profileUseShape, ['profiles', 'use', '--reset', '--project', 'film'])).toEqual({
    project: 'film',
    before: 'quality',
    after: 'economy',
  })
  expect(await machine.json(profileUseShape, ['profiles', 'use', '--reset'])).toMatchObject({ after: 'quality' })
})

test('show their models, the most specific first, and what they step down by', async () => {
  expect(await machine.json(profileShowShape, ['profiles', 'show', 'economy'])).toEqual({
    name: 'economy',
    choices: [
      { stage: 'review', role: null, pass: 'refine', model: 'anthropic/claude-haiku-4-5', resolved: 'anthropic/claude-haiku-4-5' },
      { stage: null, role: null, pass: null, model: 'gpt-4o-mini', resolved: 'openai/gpt-4o-mini' },
    ],
    stepDown: null,
    warnings: [],
    inForceFor: [],
  })
  const { out, err } = await machine.run(['profiles', 'show', 'quality'])
  expect(lines(out)).toEqual([
    'quality in force for all',
    '',
    'stage role pass model',
    'any any any openai/gpt-4o',
    '',
    'Steps down to "economy" while budget "daily" has 80% of its limit spent or presumed.',
    '',
  ])
  expect(err).toBe('warning: there is no budget "daily" in the ledger, so "quality" never steps down by it.\n')
})

test('with a model that nobody has a price for say so, by `list`, `show` and `config check`', async () => {
  machine.write('purser.yaml', yaml.replace('default: openai/gpt-4o', 'default: openai/gpt-4oo'))
  const said = 'No price is known for the model "openai/gpt-4oo". Nearest known: openai/gpt-4o'
  expect((await machine.run(['profiles', 'list'])).err).toContain(`warning: ${said}`)
  expect((await machine.run(['profiles', 'show', 'quality'])).out).toContain(said)
  expect((await machine.run(['config', 'check'])).out).toContain(`purser.yaml:6:5: profile "quality": ${said}`)
})

test.each([
  [['use', 'qualty'], 'There is no profile "qualty" (did you mean "quality"?).'],
  [['show', 'nothing'], 'There is no profile "nothing" (known: economy, quality).'],
  [['use'], 'Say either the name of a profile'],
  [['use', 'economy', '--reset'], 'Say either the name of a profile'],
])('profiles %o is refused', async (args, message) => {
  const { code, err } = await machine.run(['profiles', ...args])
  expect(code).toBe(2)
  expect(err).toContain(message)
})

test('are shown by the configuration', async () => {
  expect(await machine.json(configShowShape, ['config', 'show'])).toMatchObject({
    profileNames: ['economy', 'quality'],
    profile: 'quality',
  })
  expect(await done(machine, ['config', 'show'])).toMatch(/^profiles +economy, quality; quality in force$/m)
})

test('say, where a request is refused, which of their models would fit', async () => {
  machine.write(
    'request.json',
    '{"model":"gpt-4o","max_tokens":4000,"service_tier":"default","messages":[{"role":"user","content":"Hello"}]}',
  )
  await done(machine, ['budgets', 'set', 'daily', '--limit', '0.03', '--window', 'day'])
  const ask = ['why', '--request', 'request.json', '--provider', 'openai', '--api', 'chat']
  const { code, out } = await machine.run(ask)
  expect(code).toBe(4)
  // 5 bytes, 256 for the request and 16 for the message are 277 tokens at most, and the answer 4,000. gpt-4o-mini:
  // 277 × $0.15 + 4,000 × $0.60 a million. claude-haiku-4-5: 277 × $2 for a write to its cache for an hour + 4,000 × $5.
  expect(out).toContain(
    'Models of your profile that would fit\n  anthropic/claude-haiku-4-5, at most $0.020554\n  openai/gpt-4o-mini, at most $0.00244155\n',
  )
  const json = await machine.run([...ask, '--json'])
  expect(whyShape.parse(JSON.parse(json.out)).fits).toEqual([
    { provider: 'anthropic', model: 'claude-haiku-4-5', worst: '20554000' },
    { provider: 'openai', model: 'gpt-4o-mini', worst: '2441550' },
  ])
})
