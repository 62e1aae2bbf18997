import { randomUUID } from 'node:crypto'
import { Command } from 'commander'
import type { Denial, Grant } from '../../budgets/denial.ts'
import type { Purser } from '../../purser.ts'
import { formatDuration } from '../../text/duration.ts'
import { printable } from '../../text/display-width.ts'
import { formatCount } from '../../text/numbers.ts'
import { applyBudgets } from '../apply-budgets.ts'
import { collect, labelsOf, required } from '../call-options.ts'
import { answerDenial, grantJson, tellWarnings } from '../denial-view.ts'
import { addAskedOptions, addLifeOptions, durationOption, type HoldOptions, holdRequest } from '../gate-options.ts'
import { holdVariable, surroundingHold, surroundingLabels } from '../hold-environment.ts'
import { holdJson, holdLines, iso, moneyText } from '../hold-view.ts'
import { answerOrSay, warn, writeJson, writeLines } from '../output.ts'
import { type Session, withSession } from '../session.ts'
import { isTracking } from '../tracking-off.ts'
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
  purser hold list
  purser hold release run-42

A hold is granted by every budget that applies, or by none; a refusal explains itself, and the exit code is 4. A hold that
runs out is presumed spent until it is settled late, or until \`purser hold resolve\` says what became of it.`

export function defineHold(): Command {
  const command = new Command('hold').description('Money set aside before calls, so that hard budgets are never overdrawn.')
  command.addHelpText('after', examples)
  for (const child of [
    defineReserve(),
    defineSplit(),
    defineHoldSettle(),
    defineRelease(),
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
  const asking = addAskedOptions(command).option(
    '--shrink',
    'with --request: shorten its longest answer until it fits, and say to how many tokens',
  )
  return addLifeOptions(asking).action(async (options: HoldOptions, self: Command) =>
    withSession(self, (session) => reserve(session, options)),
  )
}

function defineSplit(): Command {
  const command = new Command('split')
    .description('Makes part of an open hold a hold of its own, whose rest goes back to it.')
    .argument('[hold]', `the hold that it is of; the one of ${holdVariable} unless given`)
    .option('--amount <usd>', 'the most that the part can cost, in dollars')
    .option('--tokens <number>', 'the most tokens that it can use')
    .option('--label <key=value>', 'a label beside those of the hold; give it once for each', collect)
  return addLifeOptions(command).action(async (hold: string | undefined, options: HoldOptions, self: Command) =>
    withSession(self, (session) => split(session, hold, options)),
  )
}

function defineRelease(): Command {
  const command = new Command('release').description('Gives a hold back: the call was not made, or the provider refused it.')
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
        const ttlMs = durationOption('--ttl', required(ttl, '--ttl', '60s'))
        return doTo(session, id, (purser) => purser.holds.extend(id, ttlMs))
      }),
    )
}

function defineList(): Command {
  const command = new Command('list').description('Holds that are open, and those that ran out and are presumed spent.')
  return command
    .option('--budget <name>', 'only those that this budget counts')
    .action(async ({ budget }: { budget?: string }, self: Command) => withSession(self, (session) => list(session, budget)))
}

async function reserve(session: Session, options: HoldOptions): Promise<void> {
  const request = holdRequest(options, { ...surroundingLabels(session.env), ...labelsOf(options) })
  if (!(await isTracking(session))) return answerUntracked(session, request.id, request.ttlMs)
  const purser = await session.open({ create: true, prices: request.request !== undefined })
  await applyBudgets(session, purser, 'refuse')
  const parent = surroundingHold(session.env)
  // Inside `purser guard` money comes out of what the guard holds.
  const answer = parent === undefined ? await purser.holds.reserve(request) : await purser.holds.split(parent, request)
  await answerGrant(session, purser, answer)
}

async function split(session: Session, hold: string | undefined, options: HoldOptions): Promise<void> {
  const request = holdRequest(options, labelsOf(options))
  const from = required(hold ?? surroundingHold(session.env), 'The hold to split', 'run-42')
  if (!(await isTracking(session))) return answerUntracked(session, request.id, request.ttlMs)
  const purser = await session.open({ create: false, prices: false })
  await applyBudgets(session, purser, 'refuse')
  await answerGrant(session, purser, await purser.holds.split(from, request))
}

async function answerGrant(session: Session, purser: Purser, answer: Grant | Denial): Promise<void> {
  if (!answer.granted) return answerDenial(answer, session.json, '`purser why` with the same options shows who holds what.')
  await answerOrSay(`The hold ${answer.id} is granted.`, async () => {
    if (session.json) return writeJson(grantJson(answer))
    const held = moneyText((await purser.holds.get(answer.id)).asked)
    const until = `until ${iso(answer.expiresAt)}, for ${formatDuration(answer.expiresAt - Date.now() + 999)}`
    await writeLines([`${printable(answer.id)}  ${held === '' ? 'granted' : `${held} held`} ${until}`, ...longestAnswer(answer)])
    tellWarnings(answer.warnings)
  })
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
  if (budget !== undefined && !(await purser.budgets.list()).some((record) => record.budget.name === budget)) {
    warn(`there is no budget "${budget}"; \`purser budgets list\` shows those in force.`)
  }
  const holds = await purser.holds.list(budget)
  if (session.json) return writeJson({ holds: holds.map(holdJson) })
  await writeLines(holds.length === 0 ? ['No holds are open or presumed.'] : holdLines(holds, Date.now()))
}
