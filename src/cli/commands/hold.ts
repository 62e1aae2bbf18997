import { grantJson } from '../../json/denial-json.ts'
import { iso } from '../../json/iso.ts'
import { holdJson } from '../../json/hold-json.ts'
import { randomUUID } from 'node:crypto'
import { Command } from 'commander'
import type { Denial, Grant } from '../../budgets/denial.ts'
import { PurserError } from '../../errors.ts'
import type { Unavailable } from '../../facade/unavailable.ts'
import type { Purser } from '../../purser.ts'
import { formatDuration } from '../../text/duration.ts'
import { printable } from '../../text/display-width.ts'
import { formatCount } from '../../text/numbers.ts'
import { applyBudgets } from '../apply-budgets.ts'
import { labelsOf, required } from '../call-options.ts'
import { answerDenial, tellUnlimited, tellWarnings } from '../denial-view.ts'
import { describeOption } from '../describe-option.ts'
import { addAskedOptions, addLifeOptions, type HoldOptions, holdRequest, ttlOption } from '../gate-options.ts'
import { holdVariable, reserveWithin, surroundingHold, surroundingLabels } from '../hold-environment.ts'
import { holdLines, moneyText } from '../hold-view.ts'
import { answerOrSay, writeJson, writeLines } from '../output.ts'
import { type Session, withSession } from '../session.ts'
import { isTracking } from '../tracking-off.ts'
import { defineHoldEnd } from './hold-end.ts'
import { defineHoldResolve, defineHoldSettle, doTo } from './hold-settle.ts'

const examples = `
Examples:
  purser hold reserve --amount 0.10 --label project=atlas --ttl 60s --id call-1
  purser hold settle call-1 --provider openai --model gpt-4o --usage inputTokens=1000,outputTokens=200
  purser hold reserve --provider openai --api chat --request request.json --shrink     what it can cost at most, by itself
  purser hold reserve --amount 2 --label run=42 --wait 5s --id run-42
  purser hold split run-42 --amount 0.02 --label stage=draft --id draft-1
  purser hold settle draft-1 --cost 0.015 --provider acme --model upscaler
  purser hold extend run-42 --ttl 10m
  purser hold end run-42 --status 503       what a call's ending asks for; here it stays held, for it may have been made
  purser hold list
  purser hold release run-42

A hold is granted by every budget that applies, or by none; a refusal explains itself, and the exit code is 4. One that runs
out, or whose call was cut or has no price, is presumed spent until \`purser hold resolve\` says what became of it.`

export function defineHold(): Command {
  const command = new Command('hold').description('Money set aside before calls, so that hard budgets are never overdrawn.')
  command.addHelpText('after', examples)
  for (const child of [
    defineReserve(),
    defineSplit(),
    defineHoldSettle(),
    defineRelease(),
    defineHoldEnd(),
    defineExtend(),
    defineHoldResolve(),
    defineList(),
  ]) {
    command.addCommand(child)
  }
  return command
}

function defineReserve(): Command {
  const command = new Command('reserve').description('Asks every budget that applies to set money aside for a call.')
  return addLifeOptions(addShrink(addAskedOptions(command))).action(async (options: HoldOptions, self: Command) =>
    withSession(self, (session) => reserve(session, options)),
  )
}

function addShrink(command: Command): Command {
  return command.option('--shrink', 'with --request: shorten its longest answer until it fits, and say to how many tokens')
}

function defineSplit(): Command {
  const command = new Command('split')
    .description('Makes part of an open hold a hold of its own, whose rest goes back to it.')
    .argument('[hold]', `the hold that it is of; the one of ${holdVariable} unless given`)
  addLifeOptions(addShrink(addAskedOptions(command)))
  describeOption(command, '--label', 'a label beside those of the hold, which it has already; give it once for each')
  return command.action(async (hold: string | undefined, options: HoldOptions, self: Command) =>
    withSession(self, (session) => split(session, hold, options)),
  )
}

function defineRelease(): Command {
  const command = new Command('release').description(
    'Gives back what is left of a hold: its call was not made, or the provider refused it.',
  )
  return command
    .argument('<hold>', 'its id')
    .action(async (id: string, _: unknown, self: Command) =>
      withSession(self, (session) => doTo(session, id, (purser) => purser.holds.release(id))),
    )
}

function defineExtend(): Command {
  const command = new Command('extend').description('Keeps an open hold alive.')
  return command
    .argument('<hold>', 'its id')
    .option('--ttl <time>', 'how long from now on, like 60s or 10m; never shortens')
    .action(async (id: string, { ttl }: { ttl?: string }, self: Command) =>
      withSession(self, (session) => {
        const ttlMs = ttlOption(required(ttl, '--ttl', '60s'))
        return doTo(session, id, (purser) => purser.holds.extend(id, ttlMs))
      }),
    )
}

function defineList(): Command {
  const command = new Command('list').description(
    'Holds that are open, and those that are presumed spent: they ran out, were cut, or have no price.',
  )
  return command
    .option('--budget <name>', 'only those that this budget counts')
    .action(async ({ budget }: { budget?: string }, self: Command) => withSession(self, (session) => list(session, budget)))
}

async function reserve(session: Session, options: HoldOptions): Promise<void> {
  const request = holdRequest(options, { ...surroundingLabels(session.env), ...labelsOf(options) })
  if (!(await isTracking(session))) return answerUntracked(session, request.id, request.ttlMs)
  const purser = await session.open({ create: true, announce: true, prices: request.request !== undefined })
  await applyBudgets(session, purser, 'refuse')
  await answerGrant(session, purser, await reserveWithin(purser, request, surroundingHold(session.env)))
}

async function split(session: Session, hold: string | undefined, options: HoldOptions): Promise<void> {
  const request = holdRequest(options, labelsOf(options))
  const from = hold ?? surroundingHold(session.env)
  if (from === undefined) {
    throw new PurserError(
      'PURSER_BAD_ARGUMENT',
      `Say which hold to split, as in \`purser hold split run-42 --amount 0.02\`; inside \`purser guard\` it is the one of ${holdVariable}.`,
    )
  }
  if (!(await isTracking(session))) return answerUntracked(session, request.id, request.ttlMs)
  const purser = await session.open({ create: false, prices: request.request !== undefined })
  await applyBudgets(session, purser, 'refuse')
  const asked = hold === undefined ? reserveWithin(purser, request, from) : purser.holds.split(from, request)
  await answerGrant(session, purser, await asked)
}

async function answerGrant(session: Session, purser: Purser, answer: Grant | Denial | Unavailable): Promise<void> {
  const hint = '`purser why` with the same options shows who holds what.'
  if (!answer.granted) return answerDenial(answer, session.json, ...(answer.budget === null ? [] : [hint]))
  await answerOrSay(`The hold ${answer.id} is granted.`, async () => {
    if (session.json) return writeJson(grantJson(answer))
    const held = moneyText((await purser.holds.get(answer.id)).asked)
    const until = `until ${iso(answer.expiresAt)}, for ${formatDuration(answer.expiresAt - Date.now() + 999)}`
    await writeLines([`${printable(answer.id)}  ${held === '' ? 'granted' : `${held} held`} ${until}`, ...longestAnswer(answer)])
    tellWarnings(answer.warnings)
  })
  await tellUnlimited(purser, answer.id, 'call')
}

function longestAnswer({ maxOutputTokens }: Grant): string[] {
  return maxOutputTokens === undefined ? [] : [`  for an answer of at most ${formatCount(maxOutputTokens)} tokens`]
}

const tenMinutesMs = 10 * 60 * 1000

/** Where nothing is tracked every call is granted, and nothing is held. */
async function answerUntracked({ json }: Session, id: string | undefined, ttlMs = tenMinutesMs): Promise<void> {
  const grant = { granted: true, id: id ?? randomUUID(), expiresAt: iso(Date.now() + ttlMs), warnings: [], tracking: false }
  if (json) return writeJson(grant)
  await writeLines([`${printable(grant.id)}  granted, and nothing is held: COST_TRACKING_ENABLED is false`])
}

async function list(session: Session, budget: string | undefined): Promise<void> {
  const purser = await session.open({ create: false, prices: false })
  const holds = await purser.holds.list(budget)
  if (session.json) return writeJson({ holds: holds.map(holdJson) })
  await writeLines(holds.length === 0 ? ['No holds are open or presumed.'] : holdLines(holds, Date.now()))
}
