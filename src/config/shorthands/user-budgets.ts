import type { InputPath } from '../../budgets/input-place.ts'
import { PurserError } from '../../errors.ts'
import type { UserProfile } from '../user-profiles.ts'
import { isOn, percentOf, type Settings } from '../settings.ts'
import type { BudgetDraft, Written } from './budget-draft.ts'
import { budgetName } from './budget-name.ts'

const defaultAlertPercent = 80

/**
 * The months of users: `MONTHLY_BUDGET_USD` for each, with overrides by their profiles; without it, a budget for each
 * profile that has a limit. Soft unless it is said that they block. Warned about at the alert's percent and at the limit.
 */
export function userDrafts(settings: Settings, profiles: readonly UserProfile[]): BudgetDraft[] {
  const { MONTHLY_BUDGET_USD: monthly, COST_ALERT_THRESHOLD: alert, BLOCK_AT_BUDGET_LIMIT: block } = settings
  const percent = alert === undefined ? defaultAlertPercent : percentOf(alert)
  const blocks = block !== undefined && isOn(block)
  const saying = profiles.filter(({ budget }) => saysTerms(budget))
  const month = { window: 'month', mode: modeOf(blocks), thresholds: thresholdsAt(percent) }
  if (monthly === undefined) {
    for (const { budget, placeOf } of saying) {
      if (budget.monthly_limit_usd === undefined) {
        const message = `${placeOf(['budget'])}: budget has no monthly_limit_usd, and MONTHLY_BUDGET_USD is not set.`
        throw new PurserError('PURSER_BAD_CONFIG', message)
      }
    }
    return saying.map((profile) => ({
      name: budgetName('user.monthly:', profile.user, ''),
      input: { ...month, ...termsOf(profile) },
      where: [{ field: 'user', op: 'equals', values: [profile.user] }],
      written: (path) => writtenInProfile(profile, path),
    }))
  }
  const overrides = saying.map((profile) => ({ match: { user: profile.user }, ...termsOf(profile) }))
  return [
    {
      name: 'user.monthly',
      input: { ...month, limit: monthly.value, each: ['user'], ...(overrides.length > 0 && { overrides }) },
      written: ([first, index, ...deeper]) => {
        const profile = first === 'overrides' && typeof index === 'number' ? saying[index] : undefined
        if (profile !== undefined) return writtenInProfile(profile, deeper)
        const { name, place } = first === 'thresholds' && alert !== undefined ? alert : monthly
        return { name, place }
      },
    },
  ]
}

function saysTerms({ monthly_limit_usd: limit, alert_threshold_percent: percent, block_at_limit: blocks }: UserProfile['budget']): boolean {
  return limit !== undefined || percent !== undefined || blocks !== undefined
}

function termsOf(profile: UserProfile): object {
  const { monthly_limit_usd: limit, alert_threshold_percent: percent, block_at_limit: blocks } = profile.budget
  return {
    ...(limit !== undefined && { limit }),
    ...(percent !== undefined && { thresholds: thresholdsAt(profilePercent(profile, percent)) }),
    ...(blocks !== undefined && { mode: modeOf(blocks) }),
  }
}

function profilePercent({ placeOf }: UserProfile, text: string): number {
  const percent = /^\d{1,3}(?:\.\d{1,2})?$/.test(text) ? Number(text) : 0
  if (percent >= 1 && percent <= 100) return percent
  const key = 'alert_threshold_percent'
  throw new PurserError(
    'PURSER_BAD_CONFIG',
    `${placeOf(['budget', key])}: budget.${key} is ${text}; it must be a percent from 1 to 100, like 80.`,
  )
}

function thresholdsAt(percent: number): object[] {
  const full = { percent: 100, level: 'critical' }
  return percent === 100 ? [full] : [{ percent, level: 'warning' }, full]
}

function modeOf(blocks: boolean): string {
  return blocks ? 'strict' : 'soft'
}

const profileKeys: Readonly<Record<string, string>> = {
  limit: 'monthly_limit_usd',
  thresholds: 'alert_threshold_percent',
  mode: 'block_at_limit',
}

function writtenInProfile({ placeOf }: UserProfile, [field]: InputPath): Written {
  if (field === 'match') return { place: placeOf(['user_id']), name: 'user_id' }
  const key = profileKeys[field ?? '']
  const path = key === undefined ? ['budget'] : ['budget', key]
  return { place: placeOf(path), name: path.join('.') }
}
