import { type InputPlace, shown } from '../../budgets/input-place.ts'
import { parsePercent } from '../../budgets/parse-thresholds.ts'
import { isMapping, readFields } from '../../budgets/read-fields.ts'
import { closest } from '../../text/closest.ts'
import type { ModelChoice, Profile, StepDown } from './profile.ts'

/** A model, or one for each pass, with `default` for the others. */
export type PassModels = string | Readonly<Record<string, string>>

/** A profile as it is written in purser.yaml and in code. */
export interface ProfileInput {
  /** `provider/model`, or a model that the catalog knows by name. */
  readonly default?: string
  readonly passes?: Readonly<Record<string, string>>
  readonly roles?: Readonly<Record<string, PassModels>>
  /** By stage: a model, or models by pass, with `default` for the others and `roles` for those of the stage. */
  readonly stages?: Readonly<Record<string, string | Readonly<Record<string, string | Readonly<Record<string, PassModels>>>>>>
  /** `at`: a percent of the budget's limit, like `80%`; `budget`: its name, and each that applies where it is left out. */
  readonly stepDown?: { readonly to: string; readonly at: string | number; readonly budget?: string }
}

export type ProfilesInput = Readonly<Record<string, ProfileInput>>

const keys = ['default', 'passes', 'roles', 'stages', 'step_down'] as const
const stepKeys = ['to', 'at', 'budget'] as const
const namePattern = /^[\p{L}\p{N}][\p{L}\p{N}_.-]{0,63}$/u

/** Reads profiles by name. `placeOf` is where each of them stands, so that one file may have some and another the rest. */
export function parseProfiles(input: Readonly<Record<string, unknown>>, placeOf: (name: string) => InputPlace): Map<string, Profile> {
  const profiles = new Map(Object.entries(input).map(([name, written]) => [name, parseProfile(name, written, placeOf(name))]))
  for (const profile of profiles.values()) checkSteps(profiles, profile, placeOf(profile.name).in('step_down', 'to'))
  return profiles
}

/** The profile of a name, where one is expected. */
export function profileNamed(profiles: ReadonlyMap<string, Profile>, name: unknown, place: InputPlace): Profile {
  const found = typeof name === 'string' ? profiles.get(name) : undefined
  if (found !== undefined) return found
  if (typeof name !== 'string') return place.refuse(`is ${shown(name)}; it must be the name of a profile`)
  return place.refuse(`names ${shown(name)}, and there is no such profile (${knownProfiles(profiles, name)})`)
}

/** What to say beside the name of a profile that does not exist. */
export function knownProfiles(profiles: ReadonlyMap<string, Profile>, name: string): string {
  const nearest = closest(name, profiles.keys())
  if (nearest !== undefined) return `did you mean "${nearest}"?`
  return profiles.size === 0 ? 'none is defined' : `known: ${[...profiles.keys()].join(', ')}`
}

function parseProfile(name: string, written: unknown, place: InputPlace): Profile {
  if (!namePattern.test(name)) return place.refuse('is no name of a profile; it has up to 64 letters, digits, "_", "." and "-"')
  const fields = readFields(written, keys, place, 'a mapping with a model as default, and others by passes, roles and stages')
  const any = { stage: null, role: null, pass: null }
  const choices: ModelChoice[] = []
  if (fields.has('default')) choices.push({ ...any, model: parseModel(fields.value('default'), fields.place('default')) })
  for (const [pass, model, at] of entries(fields.value('passes'), fields.place('passes')))
    choices.push({ ...any, pass, model: parseModel(model, at) })
  for (const [role, models, at] of entries(fields.value('roles'), fields.place('roles')))
    choices.push(...passModels(models, { ...any, role }, at))
  for (const [stage, models, at] of entries(fields.value('stages'), fields.place('stages')))
    choices.push(...stageModels(models, { ...any, stage }, at))
  if (choices.length === 0) return place.refuse('names no model; give it a default, like default: openai/gpt-4o-mini')
  const stepDown = fields.has('step_down') ? parseStepDown(fields.value('step_down'), fields.place('step_down')) : null
  return { name, choices, stepDown }
}

type For = Omit<ModelChoice, 'model'>

function stageModels(written: unknown, of: For, place: InputPlace): ModelChoice[] {
  if (!isMapping(written)) return passModels(written, of, place)
  const { roles, ...passes } = written
  const ofRoles = entries(roles, place.in('roles')).flatMap(([role, models, at]) => passModels(models, { ...of, role }, at))
  return [...(Object.keys(passes).length > 0 ? passModels(passes, of, place) : []), ...ofRoles]
}

function passModels(written: unknown, of: For, place: InputPlace): ModelChoice[] {
  if (!isMapping(written)) return [{ ...of, model: parseModel(written, place) }]
  const found = entries(written, place).map(([pass, model, at]) => ({
    ...of,
    pass: pass === 'default' ? null : pass,
    model: parseModel(model, at),
  }))
  return found.length > 0 ? found : place.refuse('names no model')
}

function entries(written: unknown, place: InputPlace): [string, unknown, InputPlace][] {
  if (written === undefined || written === null) return []
  if (!isMapping(written)) return place.refuse(`is ${shown(written)}; it must be a mapping of names to models`)
  return Object.entries(written).map(([name, value]) => [name, value, place.in(name)])
}

function parseModel(written: unknown, place: InputPlace): string {
  if (typeof written === 'string' && /^[^\s/](?:\S*[^\s/])?$/.test(written)) return written
  return place.refuse(`is ${shown(written)}; it must be a model, like openai/gpt-4o-mini`)
}

function parseStepDown(written: unknown, place: InputPlace): StepDown {
  const fields = readFields(written, stepKeys, place, 'a mapping like { to: economy, at: 80%, budget: daily }')
  const [to, at, budget] = [fields.value('to'), fields.value('at'), fields.value('budget')]
  if (typeof to !== 'string') return place.refuse('must say which profile it steps down to, like to: economy')
  if (at === undefined) return place.refuse('must say from which percent of the budget on, like at: 80%')
  if (budget !== undefined && (typeof budget !== 'string' || budget === '')) {
    return fields.place('budget').refuse(`is ${shown(budget)}; it must be the name of a budget`)
  }
  const atPercent = parsePercent(at, fields.place('at'))
  if (atPercent < 1) return fields.place('at').refuse(`is ${shown(at)}, which is less than a percent; write four fifths as 80%`)
  return { to, atPercent, budget: budget ?? null }
}

/** A way down ends: none of its profiles comes a second time. */
function checkSteps(profiles: ReadonlyMap<string, Profile>, first: Profile, place: InputPlace): void {
  const way = [first.name]
  let current = first
  while (current.stepDown !== null) {
    const next = profileNamed(profiles, current.stepDown.to, place)
    if (way.includes(next.name)) return place.refuse(`goes in a circle: ${[...way, next.name].join(' → ')}`)
    way.push(next.name)
    current = next
  }
}
