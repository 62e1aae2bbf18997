import { iso } from '../json/iso.ts'
import { formatAmount } from '../budgets/amount-text.ts'
import type { HoldView } from '../budgets/hold-view.ts'
import { PurserError } from '../errors.ts'
import type { Purser } from '../purser.ts'
import { counted } from '../text/counted.ts'
import { shellWord } from '../text/shell-word.ts'
import type { CommandEnd } from './guarded-command.ts'
import { note, warn } from './output.ts'
import { presumedText } from './presumption-view.ts'
import { type Recorded, recordedUnder } from './recorded-under.ts'

/**
 * Ends the hold of a command and says what became of its money: what was recorded, what is free again, and what nobody
 * knows. After a command that was killed the rest stays held.
 */
export async function endGuard(purser: Purser, id: string, { killedBy }: CommandEnd): Promise<void> {
  try {
    const hold = await purser.holds.get(id)
    const parts = (await purser.holds.list()).filter(({ parent }) => parent === id)
    const spent = recordedText(hold, await recordedUnder(purser, hold))
    const isOpen = hold.state === 'open' || hold.state === 'presumed'
    if (isOpen && killedBy !== null) warn(killedText(hold, killedBy, spent))
    else {
      if (isOpen) await purser.holds.release(id)
      const after = await purser.holds.get(id)
      note(`guard: ${spent}${isOpen ? freedText(hold, after, await originOf(purser, hold)) : `; its hold is ${hold.state} already.`}`)
      tellPresumed([after, ...parts.filter(({ state }) => state === 'presumed')])
    }
    tellOpenParts(parts)
  } catch (error) {
    if (!(error instanceof PurserError)) throw error
    warn(`The hold "${id}" of the command could not be ended, and runs out by itself. ${error.message}`)
  }
}

function usd(amount: bigint): string {
  return formatAmount('cost', amount)
}

function recordedText({ asked }: HoldView, { nanos, unpriced }: Recorded): string {
  const held = asked.cost ?? 0n
  const figures =
    nanos > held
      ? `${usd(nanos)} was recorded, ${usd(nanos - held)} more than the ${usd(held)} that was held`
      : `${usd(nanos)} of ${usd(held)} was recorded`
  return unpriced === 0 ? figures : `${figures}, and ${counted(unpriced, 'call')} without a price`
}

async function originOf(purser: Purser, { parent }: HoldView): Promise<HoldView | undefined> {
  return parent === null ? undefined : purser.holds.get(parent)
}

/** What went back: to the hold that it came from where that is open, else to the budgets. */
function freedText({ left }: HoldView, after: HoldView, origin: HoldView | undefined): string {
  const freed = (left.cost ?? 0n) - (after.presumed.cost ?? 0n)
  if (freed <= 0n) return '; nothing of it is left.'
  const amount = usd(freed)
  return origin?.state === 'open' ? `; ${amount} goes back to the hold ${origin.id}.` : `; ${amount} is free again.`
}

function killedText({ id, left, expiresAt }: HoldView, killedBy: string, spent: string): string {
  if ((left.cost ?? 0n) === 0n) return `The command was ended by ${killedBy}. ${spent}; nothing of it is left.`
  const rest = usd(left.cost ?? 0n)
  return `The command was ended by ${killedBy}. ${spent}; ${rest} more may have been spent without a record, and stays held until ${iso(expiresAt)}, then presumed. If nothing was: purser hold release ${shellWord(id)}`
}

function tellPresumed(holds: readonly HoldView[]): void {
  for (const hold of holds) {
    const text = presumedText(hold)
    if (text !== undefined) warn(text)
  }
}

function tellOpenParts(parts: readonly HoldView[]): void {
  const open = parts.filter(({ state }) => state === 'open').map(({ id }) => id)
  if (open.length === 0) return
  const [which, they] =
    open.length === 1 ? ['A part of the hold is', 'it is'] : [`${counted(open.length, 'part')} of the hold are`, 'they are']
  warn(`${which} still open: ${open.join(', ')}; ${they} presumed spent on running out, unless settled or released before.`)
}
