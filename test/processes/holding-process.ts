import { stdin, stdout } from 'node:process'
import type { Store } from '../../src/stores/store.ts'
import { askUntilTold, type HeldReply, type HeldRequest, holdNanos, type Line, partNanos } from './held-request.ts'
import { openPlace, type Place } from './place.ts'

/** Holds, splits and settles until it is killed. It writes down each request before it asks, and each answer once it has it. */
const [place, name = ''] = JSON.parse(process.argv[2] ?? '[]') as [Place, string]
const lanes = 8
/** Whom the lanes work for in turn: half of them for one whose tokens or calls are counted as well. */
const teams = ['money', 'tokens', 'money', 'calls']
let requests = 0

function write(line: Line): void {
  stdout.write(`${JSON.stringify(line)}\n`)
}

async function ask(store: Store, request: HeldRequest): Promise<HeldReply> {
  const number = `${name}-${(requests += 1)}`
  write({ number, asks: request, at: Date.now() })
  const told = await askUntilTold(store, request)
  write({ number, told })
  return told
}

async function lane(store: Store, number: number): Promise<void> {
  for (let n = 0; ; n += 1) {
    const id = `${name}-${number}-${n}`
    const team = teams[number % teams.length]
    const labels = {
      project: `p${(number + n) % 3}`,
      run: `${name}-${number}-${Math.floor(n / 20)}`,
      ...(n % 8 === 7 ? { stage: `kept ${team}` } : { team: String(team) }),
    }
    // Two where a part is settled, or a hold twice.
    const calls = [2, 3, 6].includes(n % 8) ? 2 : 1
    const { granted } = await ask(store, { kind: 'reserve', id, labels, calls })
    if (granted === true) await go(store, id, n, labels)
    else await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** What becomes of a hold. */
async function go(store: Store, id: string, n: number, labels: Readonly<Record<string, string>>): Promise<void> {
  const settle = (of: string, cost: bigint, settling: 'final' | 'partial' = 'final'): Promise<HeldReply> =>
    ask(store, { kind: 'settle', id: of, charge: `${settling} ${of}`, cost: String(cost), settling })
  const cost = (holdNanos * BigInt(1 + (n % 5))) / 10n
  switch (n % 8) {
    case 0:
    case 1:
      return void (await settle(id, cost))
    case 2: {
      await settle(id, cost / 2n, 'partial')
      await ask(store, { kind: 'extend', id })
      return void (await settle(id, cost / 2n))
    }
    case 3: {
      const part = `${id}-part`
      const { granted } = await ask(store, { kind: 'split', id: part, from: id, labels })
      if (granted === true) await settle(part, cost / 2n)
      return void (await settle(id, cost / 2n))
    }
    case 4:
      return void (await ask(store, { kind: 'release', id }))
    case 5:
      // It is left to run out, and then presumed.
      return
    case 6: {
      const part = `${id}-part`
      await ask(store, { kind: 'split', id: part, from: id, labels })
      // The part costs all that it may, and what is left of the hold runs out.
      return void (await settle(part, partNanos))
    }
    default:
      // Nothing of it is ever given back.
      await settle(id, holdNanos)
  }
}

const store = await openPlace(place, false)
stdout.write('ready\n')
stdin.once('data', () => {
  for (let number = 0; number < lanes; number += 1) void lane(store, number)
})
