import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { loadShippedCatalog } from '../pricing/load-shipped.ts'
import { chooseModel } from '../runs/profiles/profile.ts'
import { loadConfig } from './load-config.ts'
import type { ConfiguredProfiles } from './read-profiles.ts'

/** The profiles of files in a folder of their own, whose path messages show as `~`. */
async function read(yaml: string, own?: string): Promise<ConfiguredProfiles> {
  const folder = mkdtempSync(join(tmpdir(), 'purser-config-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  writeFileSync(join(folder, 'purser.yaml'), yaml)
  mkdirSync(join(folder, 'own/purser'), { recursive: true })
  if (own !== undefined) writeFileSync(join(folder, 'own/purser/purser.yaml'), own)
  try {
    const config = await loadConfig({ cwd: folder, env: { HOME: folder, XDG_CONFIG_HOME: join(folder, 'own') } })
    const found = await config.profiles()
    return { ...found, unknownModels: (...given) => found.unknownModels(...given).map((text) => text.replaceAll(folder, '~')) }
  } catch (error) {
    if (error instanceof Error) error.message = error.message.replaceAll(folder, '~')
    throw error
  }
}

const film = `profiles:
  economy:
    default: openai/gpt-4o-mini
    stages: { review: { refine: anthropic/claude-haiku-4-5 } }
    roles: { director: openai/gpt-4o }
  quality:
    default: openai/gpt-4o
    passes: { draft: openai/gpt-4o-mini, refine: anthropic/claude-opus-4-5 }
    step_down: { to: economy, at: 80%, budget: daily }
profile: quality
`

describe('the profiles of purser.yaml', () => {
  test('are read with their choices and the one in force', async () => {
    const { profiles, profile } = await read(film)
    expect([[...profiles.keys()], profile]).toEqual([['economy', 'quality'], 'quality'])
    const economy = profiles.get('economy')
    if (economy === undefined) throw new Error('no economy')
    expect(chooseModel(economy, { stage: 'review', role: 'director', pass: 'refine' })?.model).toBe('anthropic/claude-haiku-4-5')
    expect(chooseModel(economy, { stage: 'review', role: 'director', pass: 'draft' })?.model).toBe('openai/gpt-4o')
    expect(profiles.get('quality')?.stepDown).toEqual({ to: 'economy', atPercent: 80, budget: 'daily' })
  })

  test('of both files count, and of equal names the nearer one', async () => {
    const own = 'profiles:\n  economy: { default: gpt-4o }\n  local: { default: ollama/llama3 }\nprofile: local\n'
    const { profiles, profile } = await read('profiles:\n  economy: { default: gpt-4o-mini }\n', own)
    expect([...profiles.keys()].toSorted()).toEqual(['economy', 'local'])
    expect([profiles.get('economy')?.choices[0]?.model, profile]).toEqual(['gpt-4o-mini', 'local'])
  })

  test('may be missing', async () => {
    expect(await read('profiles:\n')).toMatchObject({ profiles: new Map(), profile: undefined })
  })

  test('whose models nobody has a price for are told, with the place and the nearest names', async () => {
    const { unknownModels } = await read(film.replace('draft: openai/gpt-4o-mini', 'draft: openai/gpt-4o-mni'))
    expect(unknownModels(loadShippedCatalog({ owner: [], refreshed: [] }), Date.now())).toEqual([
      expect.stringMatching(
        /^~\/purser\.yaml:8:15: profile "quality": No price is known for the model "openai\/gpt-4o-mni"\. Nearest known: openai\/gpt-4o-mini/,
      ),
    ])
    const fine = await read(film)
    expect(fine.unknownModels(loadShippedCatalog({ owner: [], refreshed: [] }), Date.now())).toEqual([])
  })

  test.each([
    [
      film.replace('to: economy', 'to: ecnomy'),
      '~/purser.yaml:9:18: profiles.quality.step_down.to names "ecnomy", and there is no such profile (did you mean "economy"?).',
    ],
    [
      film.replace('profile: quality', 'profile: qualty'),
      '~/purser.yaml:10:1: profile names "qualty", and there is no such profile (did you mean "quality"?).',
    ],
    [film.replace('at: 80%', 'at: lots'), '~/purser.yaml:9:31: profiles.quality.step_down.at is "lots"; it must be a percent'],
    [
      film.replace('passes:', 'pases:'),
      '~/purser.yaml:8:5: "profiles.quality.pases" is not a key that purser knows. Did you mean "passes"?',
    ],
    [film.replace('default: openai/gpt-4o-mini', 'default: 5'), '~/purser.yaml:3:5: profiles.economy.default is 5; it must be a model'],
    [
      film.replace('    default: openai/gpt-4o-mini', '    default: openai/gpt-4o-mini\n    step_down: { to: quality, at: 50% }'),
      'goes in a circle: economy → quality → economy.',
    ],
    ['profiles: [users/*/profile.json]\n', '~/purser.yaml:1:11: profiles must be a mapping of names of profiles to keys and values.'],
  ])('that are wrong are refused at their place: %#', async (yaml, message) => {
    await expect(read(yaml)).rejects.toMatchObject({ code: 'PURSER_BAD_CONFIG', message: expect.stringContaining(message) as string })
  })
})
