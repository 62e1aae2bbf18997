import { describe, expect, test } from 'vitest'
import { inputPlace, pathText } from '../../budgets/input-place.ts'
import { parseProfiles } from './parse-profiles.ts'
import { chooseModel, type ModelNeed, type Profile, stepsOf } from './profile.ts'

function read(input: Readonly<Record<string, unknown>>): Map<string, Profile> {
  const place = inputPlace((path, predicate) => {
    throw new Error(`${pathText(path)} ${predicate}`)
  })
  return parseProfiles(input, (name) => place.in(name))
}

const one = (written: object): Profile => read({ one: written }).get('one') as Profile

describe('the most specific choice of a profile wins', () => {
  // One model for every combination, named after it: s, r and p are the stage, role and pass that it is for.
  const full = one({
    default: 'any',
    passes: { refine: 'p' },
    roles: { director: { default: 'r', refine: 'rp' } },
    stages: { review: { default: 's', refine: 'sp', roles: { director: { default: 'sr', refine: 'srp' } } } },
  })
  const model = (profile: Profile, need: ModelNeed): string | undefined => chooseModel(profile, need)?.model
  const everything = { stage: 'review', role: 'director', pass: 'refine' }

  test.each<[string, ModelNeed]>([
    ['srp', everything],
    ['sr', { stage: 'review', role: 'director', pass: 'draft' }],
    ['sp', { stage: 'review', role: 'editor', pass: 'refine' }],
    ['s', { stage: 'review', role: 'editor', pass: 'draft' }],
    ['s', { stage: 'review' }],
    ['rp', { stage: 'extract', role: 'director', pass: 'refine' }],
    ['r', { role: 'director' }],
    ['p', { stage: 'extract', role: 'editor', pass: 'refine' }],
    ['any', { stage: 'extract', role: 'editor', pass: 'draft' }],
    ['any', {}],
  ])('%s for %o', (expected, need) => {
    expect(model(full, need)).toBe(expected)
  })

  test('in the stated order, as each choice is taken away from a profile', () => {
    const order = ['srp', 'sr', 'sp', 's', 'rp', 'r', 'p', 'any']
    for (const [taken, expected] of order.entries()) {
      const left = { ...full, choices: full.choices.filter((choice) => !order.slice(0, taken).includes(choice.model)) }
      expect(model(left, everything)).toBe(expected)
    }
  })

  test('a profile without a default names no model for what it does not speak of', () => {
    const narrow = one({ stages: { review: 'big' } })
    expect([model(narrow, { stage: 'review' }), model(narrow, { stage: 'extract' }), model(narrow, {})]).toEqual([
      'big',
      undefined,
      undefined,
    ])
  })
})

describe('a profile is refused at the place that is wrong', () => {
  test.each<[object, string]>([
    [{}, 'one names no model; give it a default, like default: openai/gpt-4o-mini'],
    [{ default: 7 }, 'one.default is 7; it must be a model, like openai/gpt-4o-mini'],
    [{ default: 'two words' }, 'one.default is "two words"; it must be a model'],
    [{ default: 'openai/' }, 'one.default is "openai/"; it must be a model'],
    [{ defualt: 'gpt-4o' }, 'one.defualt is not a key that purser knows; did you mean "default"?'],
    [{ stages: { review: { refine: ['a'] } } }, 'one.stages.review.refine is ["a"]; it must be a model'],
    [{ stages: { review: { roles: { director: {} } } } }, 'one.stages.review.roles.director names no model'],
    [{ roles: 'gpt-4o' }, 'one.roles is "gpt-4o"; it must be a mapping of names to models'],
    [{ default: 'a', step_down: { at: 80 } }, 'one.step_down must say which profile it steps down to'],
    [{ default: 'a', step_down: { to: 'two' } }, 'one.step_down must say from which percent'],
    [
      { default: 'a', step_down: { to: 'one', at: 0.8 } },
      'one.step_down.at is 0.8, which is less than a percent; write four fifths as 80%',
    ],
    [{ default: 'a', step_down: { to: 'one', at: 'half' } }, 'one.step_down.at is "half"; it must be a percent'],
    [{ default: 'a', step_down: { to: 'two', at: 80 } }, 'one.step_down.to names "two", and there is no such profile (known: one)'],
    [{ default: 'a', step_down: { to: 'one', at: 80 } }, 'one.step_down.to goes in a circle: one → one'],
  ])('%o', (written, message) => {
    expect(() => one(written)).toThrow(message)
  })

  test('three profiles that step down in a circle', () => {
    const down = (to: string) => ({ default: 'a', step_down: { to, at: '80%' } })
    expect(() => read({ a: down('b'), b: down('c'), c: down('a') })).toThrow('a.step_down.to goes in a circle: a → b → c → a')
  })

  test('and a way down that ends is not', () => {
    const profiles = read({ a: { default: 'x', stepDown: { to: 'b', at: '92.5%', budget: 'daily' } }, b: { default: 'y' } })
    expect(profiles.get('a')?.stepDown).toEqual({ to: 'b', atPercent: 92.5, budget: 'daily' })
    expect(stepsOf(profiles, profiles.get('a') as Profile).map(({ name }) => name)).toEqual(['a', 'b'])
  })
})
