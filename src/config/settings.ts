import { PurserError } from '../errors.ts'
import { isPostgresUrl, wrongPlace } from '../ledger/ledger-place.ts'
import { parseYesNo } from '../text/yes-no.ts'
import type { EnvLine } from './env-file.ts'
import { type Environment, resolvePath } from './locations.ts'
import { asSentence } from '../text/sentence.ts'

/** Variables of cost tracking, and what they mean. */
export const settingMeanings = {
  COST_TRACKING_ENABLED: 'whether calls are booked and held, true unless said otherwise; where it is false, budgets limit nothing',
  MONTHLY_BUDGET_USD: 'dollars that each user may spend in a month: makes the budget `user.monthly`; `user_profiles` override it',
  COST_ALERT_THRESHOLD: 'percent of a user’s month that is warned about, from 1 to 100; 80 unless said otherwise',
  COST_STORAGE_PATH: 'the folder of the ledger, where neither `--db` nor `PURSER_DB` names one; in it, purser.db',
  BLOCK_AT_BUDGET_LIMIT: 'whether a user’s month is a strict budget; else it is soft, and only warns',
  ENABLE_COST_OPTIMIZATION: 'whether savings are recommended, true unless said otherwise; read and shown, not in force in this version',
} as const

export type SettingName = keyof typeof settingMeanings
export const settingNames = Object.keys(settingMeanings) as SettingName[]

/** A variable in effect. */
export interface Setting {
  readonly name: SettingName
  readonly value: string
  /** `path:line:column` in the file that sets it; undefined where the environment does. */
  readonly place: string | undefined
  /** Paths in it are relative to this. */
  readonly folder: string
}

export type Settings = Readonly<Partial<Record<SettingName, Setting>>>

/** The variables of cost tracking: those of the environment, and under them those of a file. An empty one is not set. */
export function readSettings(
  env: Environment,
  cwd: string,
  file: { readonly lines: ReadonlyMap<string, EnvLine>; readonly folder: string } | undefined,
): Settings {
  const settings: Partial<Record<SettingName, Setting>> = {}
  for (const name of settingNames) {
    const [own, line] = [env[name]?.trim() ?? '', file?.lines.get(name)]
    if (own !== '') settings[name] = { name, value: own, place: undefined, folder: cwd }
    else if (file !== undefined && line !== undefined && line.value !== '') settings[name] = { name, ...line, folder: file.folder }
  }
  return settings
}

/** Where `COST_STORAGE_PATH` puts the ledger. @throws PURSER_BAD_CONFIG */
export function storagePath(setting: Setting, env: Environment): string {
  const { value, folder } = setting
  const wrong = isPostgresUrl(value) ? 'is the URL of a database; it must be a folder, and PURSER_DB names a database' : wrongPlace(value)
  if (wrong !== undefined) return refuseSetting(setting, wrong)
  return resolvePath(`${value}/purser.db`, folder, env)
}

/** The file that a setting comes from, or its name where that is the environment. */
export function settingSource({ name, place }: Setting): string {
  return place === undefined ? name : place.replace(/:\d+:\d+$/, '')
}

/** @throws PURSER_BAD_CONFIG naming the variable */
export function isOn(setting: Setting): boolean {
  return parseYesNo(setting.value) ?? refuseSetting(setting, `is "${setting.value}"; it must be true or false`)
}

/** A percent from 1 to 100. @throws PURSER_BAD_CONFIG naming the variable */
export function percentOf(setting: Setting): number {
  const percent = /^\d{1,3}$/.test(setting.value) ? Number(setting.value) : 0
  return percent >= 1 && percent <= 100
    ? percent
    : refuseSetting(setting, `is "${setting.value}"; it must be a whole percent from 1 to 100, like 80`)
}

export function refuseSetting({ name, place }: Setting, predicate: string): never {
  throw new PurserError('PURSER_BAD_CONFIG', asSentence(`${place === undefined ? '' : `${place}: `}${name} ${predicate}`))
}
