import { isLoopback } from '../config/server-settings.ts'
import type { PurserConfig } from '../config/load-config.ts'
import { iso } from '../json/iso.ts'
import { staleOwnerPrices } from '../pricing/owner-cards.ts'
import type { Purser } from '../purser.ts'
import { counted } from '../text/counted.ts'
import { formatDuration } from '../text/duration.ts'
import { slotMs } from '../time/calendar.ts'
import { type Checkup, found } from './checkup.ts'
import { moneyText } from './hold-view.ts'

const [minuteMs, dayMs] = [60_000, 86_400_000]
const aheadMs = 5 * minuteMs
const [recentDays, oldPriceDays] = [30, 90]

/** Whether this machine's clock agrees with what is booked: a charge of the future counts in no window of now. */
export async function checkClock(purser: Purser, nowMs: number): Promise<Checkup> {
  const { ok, warn } = found('clock')
  for await (const { at, id } of purser.charges({ sinceMs: nowMs + aheadMs })) {
    const message = `The charge ${id} is of ${iso(at)}, ${formatDuration(at - nowMs)} after what this machine's clock says (${iso(nowMs)}).`
    return warn(message, 'Set the clock by the network (timedatectl), or correct the clock of whoever booked it.')
  }
  return ok('No charge is of the future.')
}

/** Holds of calls that nobody knows the end of. */
export async function checkHolds(purser: Purser): Promise<Checkup> {
  const { ok, warn } = found('holds')
  const presumed = (await purser.holds.list()).filter(({ state }) => state === 'presumed')
  if (presumed.length === 0) return ok('No hold is presumed spent.')
  const [first] = presumed
  const example = first === undefined ? '' : `, the oldest ${first.id} of ${moneyText(first.left)}`
  return warn(
    `${counted(presumed.length, 'hold')} ${presumed.length === 1 ? 'is' : 'are'} presumed spent${example}.`,
    '`purser hold list` shows them; `purser hold resolve` says what each came to.',
  )
}

/** Calls of late that nobody has a price for. */
export async function checkUnpriced(purser: Purser, nowMs: number): Promise<Checkup> {
  const { ok, warn } = found('unpriced')
  const { rows } = await purser.costs({
    groupBy: ['provider', 'model'],
    sinceMs: Math.floor((nowMs - recentDays * dayMs) / slotMs) * slotMs,
  })
  const unpriced = rows.filter(({ unpricedCalls, partialCalls }) => unpricedCalls + partialCalls > 0)
  if (unpriced.length === 0) return ok(`Every call of the last ${recentDays} days has a price.`)
  const names = unpriced.map(
    ({ key, unpricedCalls, partialCalls }) => `${key.join('/')} (${counted(unpricedCalls + partialCalls, 'call')})`,
  )
  return warn(
    `Of the last ${recentDays} days, calls without a price, or with a part that has none: ${names.join(', ')}.`,
    'Give them one under `pricing` of purser.yaml, or `purser catalog update`; then `purser reprice --apply`.',
  )
}

/** Prices that were looked up long ago. */
export async function checkPrices(config: PurserConfig, purser: Purser, nowMs: number): Promise<Checkup[]> {
  const { ok, warn } = found('prices')
  const { cards } = await config.ownerCards()
  const checks = staleOwnerPrices(cards, nowMs).map((message) => warn(message, 'Compare them, and set pricing.last_updated.'))
  const others = [...purser.catalog.cards('refreshed'), ...purser.catalog.cards('shipped')]
  const newest =
    others
      .map(({ checkedAt }) => checkedAt)
      .toSorted()
      .at(-1) ?? ''
  const ageDays = Math.floor((nowMs - Date.parse(newest)) / dayMs)
  if (ageDays > oldPriceDays) {
    checks.push(
      warn(
        `The newest price of the catalog is of ${newest}, ${ageDays} days ago.`,
        '`purser catalog update` brings newer ones, or a newer purser.',
      ),
    )
  }
  return checks.length === 0 ? [ok(`The catalog was last checked on ${newest}.`)] : checks
}

/** Who may reach the ledger over a network. */
export async function checkAccess(config: PurserConfig, purser: Purser): Promise<Checkup[]> {
  const { ok, warn, fail } = found('access')
  const { host } = config.server()
  const keys = (await purser.access.keys.list()).filter(({ revokedAt }) => revokedAt === null)
  const members = new Set((await purser.access.members.list()).map(({ id }) => id))
  const checks: Checkup[] = []
  if (keys.length === 0 && !isLoopback(host)) {
    const message = `\`purser serve\` would listen on ${host}, where others reach it, and there is no key: it does not start.`
    checks.push(fail(message, '`purser keys create --name admin --role admin`, or leave the host at 127.0.0.1.'))
  }
  const lost = keys.filter(({ member }) => member !== null && !members.has(member))
  if (lost.length > 0) {
    const names = lost.map(({ name, id }) => `${name} (${id})`).join(', ')
    checks.push(warn(`Keys of members that are gone, which open nothing: ${names}.`, '`purser keys revoke ID` ends this warning.'))
  }
  if (keys.length > 0 && !keys.some(({ role, labels }) => role === 'admin' && Object.keys(labels).length === 0)) {
    checks.push(warn('No key may manage budgets, members and keys over the network.', '`purser keys create --name admin --role admin`'))
  }
  const usual =
    keys.length === 0
      ? 'No keys: a server is for this machine alone.'
      : `${counted(keys.length, 'key')} in force; a server would listen on ${host}.`
  return checks.length === 0 ? [ok(usual)] : checks
}
