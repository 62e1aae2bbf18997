import type { z } from 'zod'
import type { Catalog } from '../pricing/catalog.ts'
import { type ModelChoice, type Profile, rankOf } from '../runs/profiles/profile.ts'
import { resolveModel } from '../runs/profiles/resolve-model.ts'
import type { profileListShape } from './profile-shapes.ts'

export type ProfileJson = z.infer<typeof profileListShape>['profiles'][number]

/** A profile with what the catalog makes of its models, as JSON. */
export function profileJson(profile: Profile, catalog: Catalog, at: number): ProfileJson {
  const warnings = new Set<string>()
  const choices = profile.choices.toSorted(mostSpecificFirst).map((choice) => {
    const found = resolveModel(catalog, choice.model, at)
    if (found.kind === 'unknown') warnings.add(found.message)
    return { ...choice, resolved: found.kind === 'known' ? `${found.provider}/${found.model}` : null }
  })
  return { name: profile.name, choices, stepDown: profile.stepDown, warnings: [...warnings] }
}

function mostSpecificFirst(a: ModelChoice, b: ModelChoice): number {
  const places = [a, b].map(({ stage, role, pass }) => JSON.stringify([stage, role, pass]))
  return rankOf(b) - rankOf(a) || ((places[0] ?? '') < (places[1] ?? '') ? -1 : 1)
}
