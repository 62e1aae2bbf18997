import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { boundRequest } from '../../src/pricing/bound-request.ts'
import { loadShippedCatalog } from '../../src/pricing/load-shipped.ts'
import { priceUsage } from '../../src/pricing/price-usage.ts'
import { type Meter, meters } from '../../src/usage/meters.ts'
import { readRequest } from '../../src/usage/requests/read-request.ts'
import { readUsage } from '../../src/usage/read-usage.ts'
import { quantities } from '../../src/usage/usage.ts'

const file = resolve(import.meta.dirname, '../../../shared/data/provider-responses.jsonl')
const at = Date.parse('2026-09-23')

interface RealResponse {
  readonly provider: string
  readonly api: string
  readonly body: unknown
}

test.skipIf(!existsSync(file))(
  'no real response costs more than the bound of a request that allows exactly it (needs ../shared/data)',
  () => {
    const catalog = loadShippedCatalog()
    let compared = 0
    for (const line of readFileSync(file, 'utf8').split('\n').filter(Boolean)) {
      const { provider, api, body } = JSON.parse(line) as RealResponse
      const { model, usage, ...reading } = readUsage({ provider, api, body })
      const priced = priceUsage(catalog, { provider, model: model ?? '', at, usage, ...reading })
      const used = quantities(usage).filter(([meter]) => meter !== 'reasoningTokens')
      const sum = (belongs: (meter: Meter) => boolean) =>
        used.reduce((total, [meter, quantity]) => (belongs(meter) ? total + quantity : total), 0)
      const isText = (meter: Meter) => /^(?:input|cache)/.test(meter) && meters[meter].prompt
      const rest = used.filter(([meter]) => !isText(meter) && meter !== 'outputTokens')
      const request = readRequest({
        provider,
        api: 'plain',
        body: {
          model,
          inputTokens: sum(isText),
          maxOutputTokens: sum((meter) => meter === 'outputTokens'),
          quantities: Object.fromEntries(rest),
          ...(usage.attributes === undefined ? {} : { attributes: usage.attributes }),
          ...Object.fromEntries(
            (['serviceTier', 'speed', 'region'] as const).flatMap((level) =>
              reading[level] === undefined ? [] : [[level, reading[level]]],
            ),
          ),
        },
      })
      const bound = boundRequest(catalog, request, { at })
      if (priced.status !== 'priced' || bound.kind !== 'bounded') continue
      compared += 1
      if (priced.costNanos > bound.cost.worst)
        expect.fail(`${provider}/${model}: ${priced.costNanos} > ${bound.cost.worst}: ${JSON.stringify(usage)}`)
    }
    expect(compared).toBeGreaterThan(400)
  },
)
