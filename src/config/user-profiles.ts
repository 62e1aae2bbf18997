import { globSync } from 'node:fs'
import { resolve } from 'node:path'
import { isMap, isScalar, type Node, type Pair } from 'yaml'
import type { InputPath } from '../budgets/input-place.ts'
import { PurserError } from '../errors.ts'
import { checkShape, type Refuse } from './check-shape.ts'
import type { ConfigFile } from './config-file.ts'
import { type Environment, resolvePath } from './locations.ts'
import { keepNumbersExact, parsePositioned, readText } from './positioned-document.ts'
import type { Shape } from './shape.ts'

/** What a user's profile says about spending; amounts are text, as they stand in the file. */
export interface UserProfile {
  /** The value of the label `user`. */
  readonly user: string
  readonly path: string
  readonly budget: {
    readonly monthly_limit_usd?: string
    readonly alert_threshold_percent?: string
    readonly block_at_limit?: boolean
    readonly notification_email?: string
  }
  readonly preferences: CostPreferences
  readonly placeOf: (path: InputPath) => string
}

/** What a user wants to see. */
export interface CostPreferences {
  readonly show_estimates?: boolean
  readonly show_realtime_costs?: boolean
  readonly optimization_recommendations?: boolean
}

const yesNo = { shape: { kind: 'yes-no' }, meaning: '' } as const
const budgetShape: Shape = {
  kind: 'map',
  keys: {
    monthly_limit_usd: { shape: { kind: 'amount', unit: 'an amount in dollars, like 50.00' }, meaning: '' },
    alert_threshold_percent: { shape: { kind: 'amount', unit: 'a percent, like 80' }, meaning: '' },
    block_at_limit: yesNo,
    notification_email: { shape: { kind: 'text' }, meaning: '' },
  },
}
const preferencesShape: Shape = {
  kind: 'map',
  keys: { show_estimates: yesNo, show_realtime_costs: yesNo, optimization_recommendations: yesNo },
}

/**
 * The profiles that a purser.yaml names, in order of their paths. Of each, only who it is and what concerns spending is kept.
 * @throws PURSER_BAD_CONFIG where one cannot be read, or two are of the same user
 */
export function readUserProfiles(file: ConfigFile, folder: string, env: Environment): { profiles: UserProfile[]; warnings: string[] } {
  const [profiles, warnings]: [UserProfile[], string[]] = [[], []]
  const paths = new Set<string>()
  for (const [index, pattern] of (file.written.user_profiles ?? []).entries()) {
    const found = globSync(resolvePath(pattern, folder, env)).toSorted()
    if (found.length === 0) warnings.push(`${file.placeOf(['user_profiles', index])}: no file is named like ${pattern}.`)
    for (const path of found) paths.add(resolve(path))
  }
  for (const path of paths) {
    const profile = readProfile(path)
    if (profile === undefined) continue
    const before = profiles.find(({ user }) => user === profile.user)
    if (before !== undefined) {
      throw new PurserError('PURSER_BAD_CONFIG', `${path}: user_id is ${profile.user}, and so it is in ${before.path}.`)
    }
    profiles.push(profile)
  }
  return { profiles, warnings }
}

/** Undefined for a profile that says nothing about spending. */
function readProfile(path: string): UserProfile | undefined {
  const { document, placeOf, placeOfNode } = parsePositioned(path, withoutComments(readText(path)), 'json')
  const refuse: Refuse = (node: Node | Pair | null | undefined, message) => {
    throw new PurserError('PURSER_BAD_CONFIG', `${placeOfNode(node)}: ${message}`)
  }
  const root = document.contents
  if (!isMap(root)) return refuse(root, 'A profile must be an object with a user_id and a budget.')
  const valueOf = (key: string): unknown => root.get(key, true)
  const [user, budget, preferences] = [valueOf('user_id'), valueOf('budget'), valueOf('cost_preferences')]
  if (budget === undefined && preferences === undefined) return undefined
  if (!isScalar(user) || !['number', 'string'].includes(typeof user.value) || user.value === '') {
    return refuse(isScalar(user) ? user : root, 'user_id must be a number or text.')
  }
  keepNumbersExact(user)
  if (budget !== undefined) checkShape(budget, budgetShape, 'budget', refuse)
  if (preferences !== undefined) checkShape(preferences, preferencesShape, 'cost_preferences', refuse)
  keepNumbersExact(budget)
  const values = document.toJS() as { budget?: UserProfile['budget']; cost_preferences?: CostPreferences }
  return { user: String(user.value), path, budget: values.budget ?? {}, preferences: values.cost_preferences ?? {}, placeOf }
}

/** JSON without its comments, each replaced by as many spaces, so that places stay what they are. */
function withoutComments(text: string): string {
  return text.replace(/"(?:[^"\\\n]|\\.)*"|\/\/[^\n]*|\/\*[\s\S]*?\*\//g, (part) =>
    part.startsWith('"') ? part : part.replace(/[^\n]/g, ' '),
  )
}
